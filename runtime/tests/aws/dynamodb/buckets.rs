//! Token buckets in the table of sessions.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use mcp_lambda_runtime::embedded::system::SystemIds;
use mcp_lambda_runtime::port::buckets::{BucketKey, Buckets, Rate, Scope, Taken};
use mcp_lambda_runtime::port::contract::buckets;
use mcp_lambda_runtime::port::{StoreError, Timestamp};

use super::NOW;
use super::world::{Fate, World, refusal};

const ONE: Taken = Taken::Granted { tokens: 1 };

fn rate(text: &str) -> Rate {
    text.parse().expect("a rate")
}

fn key() -> BucketKey {
    BucketKey::new(Scope::Registration, "tool-a", rate("1/1s"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn buckets_keep_their_contract() {
    let world = World::start().await;
    buckets::all(Arc::new(world.buckets()), &SystemIds::default()).await;
    assert_eq!(world.actions(), BTreeSet::from(["dynamodb:UpdateItem".to_owned()]));
}

#[tokio::test]
async fn a_bucket_is_an_item_that_expires() {
    let world = World::start().await;
    let (store, rate) = (world.buckets(), rate("4/1m"));
    let items = async || {
        let table = world.tables.sessions.as_str();
        let scan = world.client.scan().table_name(table).consistent_read(true).send().await;
        scan.expect("a scan").items.unwrap_or_default()
    };
    let number = |number: u64| AttributeValue::N(number.to_string());
    let expected = |full_at: u64, expires_at: u64| {
        let id = AttributeValue::S(format!("bucket#{}", key()));
        [("session_id", id), ("full_at_us", number(full_at)), ("expires_at", number(expires_at))]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    };
    let seconds = NOW.0 / 1_000;
    // Full, and taken from for the first time: one write.
    assert_eq!(store.take(&key(), rate, 1, NOW).await, Ok(ONE));
    assert_eq!(world.count("UpdateItem"), 1);
    assert_eq!(items().await, [expected((NOW.0 + 15_000) * 1_000, seconds + 120)]);
    // Taken from again: one that finds out, and one that takes.
    let later = NOW.after(Duration::from_secs(5));
    assert_eq!(store.take(&key(), rate, 2, later).await, Ok(Taken::Granted { tokens: 2 }));
    assert_eq!(world.count("UpdateItem"), 3);
    assert_eq!(items().await, [expected((NOW.0 + 45_000) * 1_000, seconds + 125)]);
    // An item that DynamoDB has not yet removed is a full bucket.
    let after = NOW.after(Duration::from_secs(1_000));
    assert_eq!(store.take(&key(), rate, 9, after).await, Ok(Taken::Granted { tokens: 4 }));
    assert_eq!(world.count("UpdateItem"), 4);
}

#[tokio::test]
async fn damaged_items_are_full_buckets() {
    let world = World::start().await;
    let store = world.buckets();
    let id = AttributeValue::S(format!("bucket#{}", key()));
    for damaged in [AttributeValue::S("soon".to_owned()), AttributeValue::Null(true)] {
        let put = world.client.put_item().table_name(world.tables.sessions.as_str());
        let put = put.item("session_id", id.clone()).item("full_at_us", damaged);
        put.send().await.expect("written");
        assert_eq!(store.take(&key(), rate("1/1m"), 1, NOW).await, Ok(ONE));
        let taken = store.take(&key(), rate("1/1m"), 1, NOW).await;
        assert_eq!(taken, Ok(Taken::Empty { retry_after: Duration::from_secs(60) }));
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_less_and_never_more() {
    let world = World::start().await;
    let store = world.buckets();
    world.decide(|_, before| match before {
        0 => Fate::Lose(Box::pin(std::future::ready(()))),
        _ => Fate::Pass,
    });
    assert_eq!(store.take(&key(), rate("3/24h"), 1, NOW).await, Ok(ONE));
    assert_eq!(store.take(&key(), rate("3/24h"), 3, NOW).await, Ok(ONE), "two are gone");
}

#[tokio::test]
async fn a_store_that_refuses_is_unavailable() {
    let world = World::start().await;
    let store = world.buckets();
    world.decide(|_, _| Fate::Refuse(refusal(400, "AccessDeniedException", "no")));
    let taken = store.take(&key(), rate("3/24h"), 1, NOW).await;
    assert!(matches!(taken, Err(StoreError::Unavailable(_))), "{taken:?}");
    assert_eq!(world.count("UpdateItem"), 1, "it is not asked again");
}

/// Somebody always empties the bucket just before, and time always fills it again.
#[tokio::test]
async fn tries_are_bounded() {
    let world = World::start().await;
    let store = world.buckets();
    world.decide(|_, before| {
        let full_at = if before % 2 == 0 { NOW.0 * 1_000 + 1 } else { 1 };
        let body = serde_json::json!({
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "Message": "The conditional request failed",
            "Item": { "full_at_us": { "N": full_at.to_string() } },
        });
        Fate::Refuse(super::world::answer(400, &body))
    });
    let taken = store.take(&key(), rate("3/24h"), 1, Timestamp(NOW.0)).await;
    assert!(matches!(taken, Err(StoreError::Unavailable(_))), "{taken:?}");
    assert_eq!(world.count("UpdateItem"), 8);
}
