//! Pages that DynamoDB cuts, and rows that somebody damaged or wrote by hand.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use mcp_lambda_runtime::catalog::Catalog;
use mcp_lambda_runtime::port::row::Rows;
use mcp_lambda_runtime::port::{Registrations, StoreError, Stored, Timestamp};
use mcp_lambda_runtime::registration::Kind;

use super::world::{Fate, World};
use super::{NOW, id, one};

/// DynamoDB answers a query with at most a megabyte at a time.
#[tokio::test]
async fn more_than_a_megabyte() {
    let world = World::start().await;
    let store = world.registrations();
    let mut written = Vec::new();
    for number in 10..22 {
        let row = (id(&format!("tool-{number}")), "x".repeat(250_000));
        written.extend(store.create(vec![row], NOW).await.expect("created"));
    }
    let tools = Rows::Registrations(Some(Kind::Tool));
    for (which, after, limit, expected) in [
        (Rows::All, None, 500, &written[..]),
        (Rows::Registrations(None), None, 500, &written[..]),
        (tools, None, 12, &written[..]),
        (tools, None, 11, &written[..11]),
        (tools, Some("tool-12"), 7, &written[3..10]),
        (Rows::All, Some("tool-12"), 7, &written[3..10]),
        (Rows::All, None, 0, &[]),
        (Rows::Registrations(Some(Kind::Resource)), None, 500, &[]),
        (Rows::Policies, None, 500, &[]),
        (Rows::Servers, None, 500, &[]),
    ] {
        world.decide(|_, _| Fate::Pass);
        let page = store.page(which, after, limit).await.expect("a page");
        assert!(page == expected, "{which:?} after {after:?}, at most {limit}");
        let queries = world.count("Query");
        assert!(queries >= expected.len() * 250_000 / (1 << 20), "{queries} queries");
    }
}

/// Rows that are written by hand, by what their attributes are besides the key.
async fn write(world: &World, partition: &str, id: &str, attributes: &[(&str, AttributeValue)]) {
    let mut request = world
        .client
        .put_item()
        .table_name(world.tables.registrations.as_str())
        .item("pk", AttributeValue::S(partition.to_owned()))
        .item("id", AttributeValue::S(id.to_owned()));
    for (name, value) in attributes {
        request = request.item(*name, value.clone());
    }
    request.send().await.expect("written");
}

fn n(text: &str) -> AttributeValue {
    AttributeValue::N(text.to_owned())
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn stored(id: &str, document: &str, revision: u64, created_at: u64) -> Stored {
    let (id, document) = (id.to_owned(), document.to_owned());
    Stored { id, document, revision, created_at: Timestamp(created_at), updated_at: Timestamp(0) }
}

#[tokio::test]
async fn rows_written_by_hand_are_listed_and_can_be_repaired() {
    let world = World::start().await;
    let store = world.registrations();
    store.create(one("tool-good"), NOW).await.expect("created");
    let bytes = AttributeValue::B(Blob::new(b"{\"\xff"));
    let list = AttributeValue::L(Vec::new());
    write(&world, "registration", "tool-bare", &[]).await;
    write(&world, "registration", "tool-bytes", &[("document", bytes), ("revision", n("7"))]).await;
    let fractions = [("document", list), ("revision", n("1.5")), ("created_at", n("12"))];
    write(&world, "registration", "tool-fraction", &fractions).await;
    let texts = [("document", s("no JSON")), ("revision", s("3")), ("updated_at", n("-1"))];
    write(&world, "registration", "tool-no id!", &texts).await;
    write(&world, "registration", "tool-texts", &texts).await;
    write(&world, "another", "tool-elsewhere", &[]).await;

    let rows = store.page(Rows::Registrations(Some(Kind::Tool)), None, 100).await.expect("a page");
    let good = store.load(&id("tool-good")).await.expect("it can be read").expect("it is there");
    let expected = [
        stored("tool-bare", "", 0, 0),
        stored("tool-bytes", "{\"\u{fffd}", 7, 0),
        stored("tool-fraction", "", 0, 12),
        good,
        stored("tool-no id!", "no JSON", 0, 0),
        stored("tool-texts", "no JSON", 0, 0),
    ];
    assert_eq!(rows, expected);
    let problems = Catalog::compile(1, rows).problems;
    // The good one is "{}", which is no registration either, but all are told by their ids.
    assert_eq!(problems.len(), expected.len(), "{problems:?}");

    for name in ["tool-bare", "tool-fraction", "tool-texts"] {
        let row = id(name);
        let stale = StoreError::Stale { current: 0 };
        assert_eq!(store.remove(&row, Some(3)).await, Err(stale), "{name}");
        let repaired = store.replace(&row, "{}".to_owned(), Some(0), NOW).await;
        assert_eq!(repaired.map(|row| row.revision), Ok(1), "{name}");
        assert_eq!(store.remove(&row, Some(1)).await, Ok(()), "{name}");
    }
    write(&world, "registration", "tool-bare", &[]).await;
    let exists = StoreError::Exists("tool-bare".to_owned());
    assert_eq!(store.create(one("tool-bare"), NOW).await, Err(exists));
    assert_eq!(store.remove(&id("tool-bare"), Some(0)).await, Ok(()));
    assert_eq!(store.remove(&id("tool-bytes"), None).await, Ok(()));
}

#[tokio::test]
async fn revisions_do_not_overflow() {
    let world = World::start().await;
    let store = world.registrations();
    let most = u64::MAX.to_string();
    write(&world, "registration", "tool-a", &[("document", s("{}")), ("revision", n(&most))]).await;
    let replaced = store.replace(&id("tool-a"), "{}".to_owned(), None, NOW).await;
    assert_eq!(replaced.map(|row| row.revision), Ok(u64::MAX));
}

#[tokio::test]
async fn cursors_that_are_no_ids() {
    let world = World::start().await;
    let store = world.registrations();
    store.create(one("tool-a"), NOW).await.expect("created");
    for length in [1_022, 1_023, 1_024, 1_025, 9_000] {
        for (cursor, expected) in [("a", 1), ("tool-0", 1), ("z", 0), ("é", 0)] {
            let cursor = cursor.repeat(length / cursor.len() + 1);
            for which in [Rows::All, Rows::Registrations(Some(Kind::Tool))] {
                let page = store.page(which, Some(&cursor), 10).await;
                let found = page.map(|rows| rows.len());
                assert_eq!(found, Ok(expected), "{which:?}, {length} bytes of {}", &cursor[..2]);
            }
        }
    }
}
