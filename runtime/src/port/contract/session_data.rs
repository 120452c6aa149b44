//! What every store of what tools keep in sessions must do.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::port::contract::{race, random};
use crate::port::session_data::{Kept, MAX_DATA_BYTES, SessionData};
use crate::port::{Ids, SessionKey, Sessions, StoreError, Timestamp};

/// Holds a store to everything below. Keys come from `ids`, so that the store may have been used.
pub async fn all<S: SessionData + Sessions + 'static>(store: Arc<S>, ids: &dyn Ids) {
    what_is_written_can_be_read(&*store, ids).await;
    writing_wants_the_stored_revision(&*store, ids).await;
    data_past_its_expiry_is_not_there(&*store, ids).await;
    an_ended_session_has_none(&*store, ids).await;
    the_gateways_state_stands_beside_it(&*store, ids).await;
    no_update_is_lost(&store, ids).await;
}

/// Every kind of JSON comes back, up to the largest.
pub async fn what_is_written_can_be_read(store: &dyn SessionData, ids: &dyn Ids) {
    let (a, b) = (key(ids), key(ids));
    assert_eq!(store.read(a, NOW).await, Ok(None));
    let members = object(json!({
        "null": null, "yes": true, "whole": -7, "large": u64::MAX, "part": 0.1,
        "text": "é \u{1f600}\n", "empty": "", "list": [1, "two", [], {}], "nested": {"a": {"b": []}}
    }));
    assert_eq!(write(store, a, members.clone(), None).await, Ok(1), "revisions count from 1");
    assert_eq!(store.read(a, NOW).await, Ok(Some(Kept { members, revision: 1 })));
    assert_eq!(store.read(b, NOW).await, Ok(None), "keys are kept apart");

    let large = object(json!({ "t": "x".repeat(MAX_DATA_BYTES - 8) }));
    assert_eq!(write(store, a, large.clone(), Some(1)).await, Ok(2));
    assert_eq!(store.read(a, NOW).await, Ok(Some(Kept { members: large, revision: 2 })));
}

/// A write that expects another revision than the stored one changes nothing.
pub async fn writing_wants_the_stored_revision(store: &dyn SessionData, ids: &dyn Ids) {
    let a = key(ids);
    let refused = write(store, a, number(0), Some(1)).await;
    assert_eq!(refused, Err(StoreError::NotFound));
    assert_eq!(store.read(a, NOW).await, Ok(None), "what is refused is not written");
    assert_eq!(write(store, a, number(1), None).await, Ok(1));
    assert_eq!(write(store, a, number(2), Some(1)).await, Ok(2));
    for wrong in [None, Some(0), Some(1), Some(3)] {
        let stale = Err(StoreError::Stale { current: 2 });
        assert_eq!(write(store, a, number(0), wrong).await, stale, "expected {wrong:?}");
    }
    assert_eq!(store.read(a, NOW).await, Ok(Some(Kept { members: number(2), revision: 2 })));
}

/// From the moment of its expiry on it is as if it had never been.
pub async fn data_past_its_expiry_is_not_there(store: &dyn SessionData, ids: &dyn Ids) {
    let a = key(ids);
    let soon = NOW.after(MINUTE);
    assert_eq!(store.write(a, number(1), None, soon, NOW).await, Ok(1));
    assert!(store.read(a, Timestamp(soon.0 - 1)).await.is_ok_and(|kept| kept.is_some()));
    assert_eq!(store.read(a, soon).await, Ok(None), "it expires with the moment");
    let late = store.write(a, number(2), Some(1), EXPIRY, soon).await;
    assert_eq!(late, Err(StoreError::NotFound), "what expired has no revision");
    assert_eq!(store.write(a, number(2), None, EXPIRY, soon).await, Ok(1), "nor is it in the way");
}

/// An ended session has no data and takes none.
pub async fn an_ended_session_has_none<S: SessionData + Sessions>(store: &S, ids: &dyn Ids) {
    let (a, b) = (key(ids), key(ids));
    assert_eq!(write(store, a, number(1), None).await, Ok(1));
    for key in [a, b] {
        assert_eq!(store.end(key, EXPIRY, NOW).await, Ok(()));
        assert_eq!(store.read(key, NOW).await, Ok(None));
        for expected in [None, Some(1)] {
            let refused = write(store, key, number(2), expected).await;
            assert_eq!(refused, Err(StoreError::NotFound), "expected {expected:?}");
        }
    }
}

/// Neither write is in the other's way.
pub async fn the_gateways_state_stands_beside_it<S: SessionData + Sessions>(
    store: &S,
    ids: &dyn Ids,
) {
    let a = key(ids);
    assert_eq!(write(store, a, number(1), None).await, Ok(1));
    assert_eq!(store.load(a, NOW).await, Ok(None), "it is no record of the gateway's");
    assert_eq!(store.save(a, "state".to_owned(), None, EXPIRY, NOW).await, Ok(1));
    assert_eq!(write(store, a, number(2), Some(1)).await, Ok(2));
    assert_eq!(store.save(a, "later".to_owned(), Some(1), EXPIRY, NOW).await, Ok(2));
    let record = store.load(a, NOW).await.expect("it can be read").expect("a record");
    assert_eq!((record.state.as_str(), record.revision), ("later", 2));
    assert_eq!(store.read(a, NOW).await, Ok(Some(Kept { members: number(2), revision: 2 })));
}

/// Compare-and-swap by revision: every increment of a counter counts.
pub async fn no_update_is_lost<S: SessionData + 'static>(store: &Arc<S>, ids: &dyn Ids) {
    const EACH: u64 = 5;
    const RUNNERS: usize = 6;
    let a = key(ids);
    race(RUNNERS, |_| {
        let store = store.clone();
        async move {
            let mut done = 0;
            while done < EACH {
                let old = store.read(a, NOW).await.expect("it can be read");
                let count = old.as_ref().map_or(0, |old| old.members["n"].as_u64().expect("one"));
                let expected = old.map(|old| old.revision);
                match write(&*store, a, number(count + 1), expected).await {
                    Ok(_) => done += 1,
                    Err(StoreError::Stale { .. }) => {}
                    Err(error) => panic!("a counter was not saved: {error}"),
                }
            }
        }
    })
    .await;
    let all = EACH * RUNNERS as u64;
    let kept = store.read(a, NOW).await.expect("it can be read");
    assert_eq!(kept, Some(Kept { members: number(all), revision: all }));
}

const MINUTE: Duration = Duration::from_secs(60);
/// In the year 2100: a store that clears up by its own clock leaves this alone.
const NOW: Timestamp = Timestamp(4_102_444_800_000);
const EXPIRY: Timestamp = Timestamp(NOW.0 + 86_400_000);

fn key(ids: &dyn Ids) -> SessionKey {
    SessionKey(random(ids))
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn number(n: u64) -> Map<String, Value> {
    object(json!({ "n": n }))
}

async fn write(
    store: &dyn SessionData,
    key: SessionKey,
    members: Map<String, Value>,
    expected: Option<u64>,
) -> Result<u64, StoreError> {
    store.write(key, members, expected, EXPIRY, NOW).await
}
