//! Intents in DynamoDB: the contract, what they need, and what they leave alone.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use mcp_lambda_runtime::deployment::actions;
use mcp_lambda_runtime::port::contract::intents;
use mcp_lambda_runtime::port::permissions::{Intent, Intents, OperationId};
use mcp_lambda_runtime::port::row::Rows;
use mcp_lambda_runtime::port::{Registrations, StoreError, Timestamp};

use super::world::{Fate, World, refusal};
use super::{NOW, one, set};

fn intent() -> Intent {
    Intent { id: OperationId(1), at: NOW, grants: Vec::new() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn intents_keep_their_contract() {
    let world = World::start().await;
    intents::all(Arc::new(world.intents())).await;
    assert_eq!(world.actions(), set(&[actions::INTENTS]));
}

#[tokio::test]
async fn intents_and_registrations_do_not_meet() {
    let world = World::start().await;
    let (store, intents) = (world.registrations(), world.intents());
    store.create(one("tool-a"), NOW).await.expect("created");
    intents.record(&intent()).await.expect("recorded");
    assert_eq!(store.page(Rows::All, None, 9).await.expect("a page").len(), 1);
    assert_eq!(store.version().await, Ok(1), "an intent is no change of the registrations");
    assert_eq!(intents.until(NOW, 9).await, Ok(vec![intent()]));
}

/// What others have put among the intents is passed over.
#[tokio::test]
async fn damaged_intents_name_nothing() {
    let world = World::start().await;
    let put = async |id: &str, grants: &str| {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = world.client.put_item().table_name(world.tables.registrations.as_str());
        let put = put.item("pk", text("intent")).item("id", text(id)).item("grants", text(grants));
        put.send().await.expect("written");
    };
    put("00000000000000000001", "[]").await;
    put("00000000000000000001-x", "[]").await;
    put(&format!("00000000000000000002-{:032x}", 7), "{").await;
    let expected = Intent { id: OperationId(7), at: Timestamp(2), grants: Vec::new() };
    let intents = world.intents();
    assert_eq!(intents.until(NOW, 9).await, Ok(vec![expected.clone()]));
    assert_eq!(intents.forget(&expected).await, Ok(()));
    assert_eq!(intents.until(NOW, 9).await, Ok(Vec::new()));
}

#[tokio::test]
async fn failures_are_told() {
    let world = World::start().await;
    world.decide(|_, _| Fate::Refuse(refusal(400, "AccessDeniedException", "a secret")));
    let intents = world.intents();
    let said = |result: Result<(), StoreError>| match result {
        Err(StoreError::Unavailable(text)) => text,
        other => panic!("{other:?}"),
    };
    for text in [
        said(intents.record(&intent()).await),
        said(intents.forget(&intent()).await),
        said(intents.until(NOW, 9).await.map(drop)),
    ] {
        assert!(text.contains("AccessDeniedException") && !text.contains("secret"), "{text}");
    }
    world.decide(|_, before| match before {
        0 => Fate::Refuse(refusal(500, "InternalServerError", "said")),
        _ => Fate::Pass,
    });
    assert_eq!(intents.record(&intent()).await, Ok(()), "what may pass is tried again");
}
