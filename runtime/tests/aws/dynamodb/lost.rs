//! Answers that are lost after the write was done: the SDK asks again, and it is done once.

use futures_util::FutureExt;
use mcp_lambda_runtime::port::{Registrations, SessionKey, SessionRecord, Sessions, StoreError};

use super::world::{Fate, World};
use super::{NOW, id, one};
use std::time::Duration;

const KEY: SessionKey = SessionKey([7; 16]);

/// The first transaction from now on loses its answer.
fn lose(world: &World) {
    world.decide(|operation, before| match (operation, before) {
        ("TransactWriteItems", 0) => Fate::Lose(async {}.boxed()),
        _ => Fate::Pass,
    });
}

/// The same transaction was sent twice.
fn check(world: &World) {
    let bodies = world.bodies("TransactWriteItems");
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1], "with the same token");
    assert!(bodies[0]["ClientRequestToken"].as_str().is_some_and(|token| token.len() == 32));
}

#[tokio::test]
async fn registrations() {
    let world = World::start().await;
    let store = world.registrations();
    lose(&world);
    let created = store.create(one("tool-a"), NOW).await.expect("its own row is not in the way");
    assert_eq!(created[0].revision, 1);
    check(&world);

    lose(&world);
    let replaced = store.replace(&id("tool-a"), "[]".to_owned(), Some(1), NOW).await;
    let replaced = replaced.expect("its own revision is not in the way");
    assert_eq!(replaced.revision, 2);
    check(&world);
    assert_eq!(store.load(&id("tool-a")).await, Ok(Some(replaced)));

    lose(&world);
    assert_eq!(store.remove(&id("tool-a"), Some(2)).await, Ok(()), "it was there");
    check(&world);
    assert_eq!(world.registrations().version().await, Ok(3), "each is one write");
}

#[tokio::test]
async fn sessions() {
    let world = World::start().await;
    let store = world.sessions();
    let expiry = NOW.after(Duration::from_secs(60));
    lose(&world);
    assert_eq!(store.save(KEY, "one".to_owned(), None, expiry, NOW).await, Ok(1));
    check(&world);
    lose(&world);
    assert_eq!(store.save(KEY, "two".to_owned(), Some(1), expiry, NOW).await, Ok(2));
    check(&world);
    lose(&world);
    assert_eq!(store.end(KEY, expiry, NOW).await, Ok(()));
    check(&world);
    let ended = SessionRecord { state: "{}".to_owned(), revision: 3, ended: true };
    assert_eq!(Sessions::load(&store, KEY, NOW).await, Ok(Some(ended)));
    lose(&world);
    assert_eq!(store.sealing_keys([1; 32]).await, Ok(vec![[1; 32]]));
    check(&world);
}

/// Who writes next does not make an earlier write look as if it had failed.
#[tokio::test]
async fn somebody_else_writes_before_the_repetition() {
    let world = World::start().await;
    let store = world.sessions();
    let expiry = NOW.after(Duration::from_secs(60));
    for (expected, next) in [(None, 1), (Some(2), 3)] {
        let other = world.sessions();
        let mut other = Some(async move {
            let saved = other.save(KEY, "other".to_owned(), Some(next), expiry, NOW).await;
            assert_eq!(saved, Ok(next + 1));
        });
        world.decide(move |operation, before| match (operation, before) {
            ("TransactWriteItems", 0) => Fate::Lose(other.take().expect("the first").boxed()),
            _ => Fate::Pass,
        });
        let saved = store.save(KEY, "mine".to_owned(), expected, expiry, NOW).await;
        assert_eq!(saved, Ok(next), "it was written");
        assert_eq!(world.count("TransactWriteItems"), 3);
    }
    let record = Sessions::load(&store, KEY, NOW).await.expect("it can be read");
    assert_eq!(record.map(|record| (record.state, record.revision)), Some(("other".to_owned(), 4)));
    let stale = store.save(KEY, "mine".to_owned(), Some(3), expiry, NOW).await;
    assert_eq!(stale, Err(StoreError::Stale { current: 4 }));
}
