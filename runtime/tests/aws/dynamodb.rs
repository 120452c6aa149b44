//! Registrations and sessions in DynamoDB, held to their contracts, and what is DynamoDB's own.

mod buckets;
mod failures;
mod intents;
mod layout;
mod lost;
mod pages;
mod tables;
mod versions;
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use mcp_lambda_runtime::deployment::actions;
use mcp_lambda_runtime::embedded::system::SystemIds;
use mcp_lambda_runtime::port::contract::{registrations, session_data, sessions};
use mcp_lambda_runtime::port::row::{RowId, Rows};
use mcp_lambda_runtime::port::{Registrations, Timestamp};
use mcp_lambda_runtime::registration::Kind;

use world::World;

const NOW: Timestamp = Timestamp(1_767_225_600_000);

fn id(text: &str) -> RowId {
    RowId::parse(text).expect("an id")
}

fn one(text: &str) -> Vec<(RowId, String)> {
    vec![(id(text), "{}".to_owned())]
}

fn set(actions: &[&[&str]]) -> BTreeSet<String> {
    actions.iter().copied().flatten().map(|action| (*action).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn registrations_keep_their_contract() {
    let world = World::start().await;
    registrations::all(Arc::new(world.registrations())).await;
    let all = set(&[actions::REGISTRATIONS_READ, actions::REGISTRATIONS_WRITE]);
    assert_eq!(world.actions(), all, "the actions that the stack's policies allow");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_keep_their_contract() {
    let world = World::start().await;
    sessions::all(Arc::new(world.sessions()), &SystemIds::default()).await;
    assert_eq!(world.actions(), set(&[actions::SESSIONS]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn session_data_keeps_its_contract() {
    let world = World::start().await;
    session_data::all(Arc::new(world.sessions()), &SystemIds::default()).await;
    assert_eq!(world.actions(), set(&[actions::SESSIONS]));
}

#[tokio::test]
async fn readers_need_the_actions_of_readers() {
    let world = World::start().await;
    let (writer, reader) = (world.registrations(), world.registrations());
    writer.create(one("tool-a"), NOW).await.expect("created");
    world.decide(|_, _| world::Fate::Pass);
    assert_eq!(reader.version().await, Ok(1));
    assert!(reader.load(&id("tool-a")).await.expect("it can be read").is_some());
    assert_eq!(
        reader.page(Rows::Registrations(Some(Kind::Tool)), None, 10).await.expect("a page").len(),
        1
    );
    assert_eq!(world.actions(), set(&[actions::REGISTRATIONS_READ]));
}
