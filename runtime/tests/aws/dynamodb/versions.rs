//! Versions of the whole: those of several instances, and those that are not complete yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use mcp_lambda_runtime::port::row::Rows;
use mcp_lambda_runtime::port::{Registrations, StoreError};
use mcp_lambda_runtime::registration::limits;
use tokio::task::JoinSet;

use super::world::{Fate, World, cancelled};
use super::{NOW, id, one};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn instances_do_not_lose_each_others_writes() {
    const INSTANCES: usize = 6;
    let world = World::start().await;
    let mut tasks = JoinSet::new();
    for instance in 0..INSTANCES {
        let store = world.registrations();
        tasks.spawn(async move {
            for number in 0..3 {
                let row = one(&format!("tool-{instance}-{number}"));
                store.create(row, NOW).await.expect("nobody else creates it");
            }
            store
        });
    }
    for store in tasks.join_all().await {
        assert_eq!(store.version().await, Ok(3 * INSTANCES as u64));
        assert_eq!(store.page(Rows::All, None, 100).await.expect("a page").len(), 3 * INSTANCES);
    }
}

/// Single items may show a version before the rows of its write.
#[tokio::test]
async fn a_version_is_told_when_its_rows_are_there() {
    let world = World::start().await;
    let writer = world.registrations();
    writer.create(one("tool-a"), NOW).await.expect("created");
    let reader = world.registrations();
    let met = Arc::new(AtomicUsize::new(0));
    let meeting = met.clone();
    world.decide(move |operation, before| {
        if operation == "TransactGetItems" && before < 3 {
            meeting.fetch_add(1, Ordering::Relaxed);
            return Fate::Refuse(cancelled(&["None", "TransactionConflict"]));
        }
        Fate::Pass
    });
    assert_eq!(reader.version().await, Ok(1));
    assert_eq!(met.load(Ordering::Relaxed), 3);
    assert_eq!(world.count("TransactGetItems"), 4);
    let body = world.bodies("TransactGetItems").remove(0);
    let parts = body["TransactItems"].as_array().expect("parts").iter();
    let keys: Vec<_> = parts.map(|part| part["Get"]["Key"]["id"]["S"].clone()).collect();
    assert_eq!(keys, ["version", "tool-a"]);

    // From then on one small read tells that nothing has changed.
    world.decide(|_, _| Fate::Pass);
    for _ in 0..3 {
        assert_eq!(reader.version().await, Ok(1));
        assert_eq!(writer.version().await, Ok(1), "who wrote it knows it");
    }
    assert_eq!((world.count("GetItem"), world.count("TransactGetItems")), (6, 0));
}

/// A version that never becomes complete is not told, and nothing is written over it.
#[tokio::test(start_paused = true)]
async fn a_version_that_stays_incomplete() {
    let world = World::start().await;
    world.registrations().create(one("tool-a"), NOW).await.expect("created");
    let store = world.registrations();
    world.decide(|operation, _| match operation {
        "TransactGetItems" => Fate::Refuse(cancelled(&["TransactionConflict", "None"])),
        _ => Fate::Pass,
    });
    let error = store.version().await.expect_err("it is not complete");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    let error = store.remove(&id("tool-a"), None).await.expect_err("it is not complete");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert_eq!(world.count("TransactWriteItems"), 0);
}

#[tokio::test]
async fn the_largest_import_is_complete_for_others() {
    let world = World::start().await;
    let many = |count: usize| -> Vec<_> {
        (0..count).map(|n| (id(&format!("tool-{n}")), "{}".to_owned())).collect()
    };
    let store = world.registrations();
    let error = store.create(many(limits::MAX_IMPORT + 1), NOW).await.expect_err("too many");
    assert_eq!(
        error,
        StoreError::Unavailable("DynamoDB writes at most 99 rows at once".to_owned())
    );
    assert_eq!(store.version().await, Ok(0));
    store.create(many(limits::MAX_IMPORT), NOW).await.expect("as many as there may be");
    assert_eq!(world.registrations().version().await, Ok(1));
    assert_eq!(store.create(Vec::new(), NOW).await, Ok(Vec::new()));
    assert_eq!(world.registrations().version().await, Ok(2), "a write of nothing is a write");
}

#[tokio::test]
async fn a_damaged_version_is_not_guessed() {
    let world = World::start().await;
    let store = world.registrations();
    let table = world.tables.registrations.as_str();
    let put = world.client.put_item().table_name(table);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = put.item("pk", text("catalog")).item("id", text("version"));
    put.item("version", text("one")).send().await.expect("written");
    let expected = "the item catalog/version has no usable version".to_owned();
    assert_eq!(store.version().await, Err(StoreError::Unavailable(expected.clone())));
    let created = store.create(one("tool-a"), NOW).await;
    assert_eq!(created, Err(StoreError::Unavailable(expected)));
    assert_eq!(store.page(Rows::All, None, 10).await, Ok(Vec::new()), "rows can be read");

    let delete = world.client.delete_item().table_name(table);
    let delete = delete.key("pk", text("catalog")).key("id", text("version"));
    delete.send().await.expect("removed");
    store.create(one("tool-a"), NOW).await.expect("created");
    assert_eq!(store.version().await, Ok(1));
}
