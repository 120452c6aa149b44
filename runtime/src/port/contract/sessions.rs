//! What every store of sessions must do.

use std::sync::Arc;
use std::time::Duration;

use crate::port::contract::{race, random};
use crate::port::{Ids, SessionKey, SessionRecord, Sessions, StoreError, Timestamp};

/// Holds a store to everything below. Keys come from `ids`, so that the store may have been used.
pub async fn all(store: Arc<dyn Sessions>, ids: &dyn Ids) {
    what_is_saved_can_be_loaded(&*store, ids).await;
    saving_wants_the_stored_revision(&*store, ids).await;
    records_past_their_expiry_are_not_there(&*store, ids).await;
    ended_sessions_stay_ended(&*store, ids).await;
    tombstones_expire(&*store, ids).await;
    one_of_many_first_savers_wins(&store, ids).await;
    no_update_is_lost(&store, ids).await;
    an_end_beats_every_save(&store, ids).await;
    all_get_the_same_sealing_keys(&store, ids).await;
}

/// State comes back as it was written, byte for byte, up to the largest.
pub async fn what_is_saved_can_be_loaded(store: &dyn Sessions, ids: &dyn Ids) {
    let (a, b) = (key(ids), key(ids));
    assert_eq!(load(store, a, NOW).await, None);

    let text = "{ \"é\":\"\\\" \u{1f600}\n\" }";
    assert_eq!(save(store, a, text, None).await, Ok(1), "revisions count from 1");
    assert_eq!(load(store, a, NOW).await, Some(record(text, 1)));
    assert_eq!(load(store, b, NOW).await, None, "keys are kept apart");

    // A hundred subscriptions with URIs of the longest kind.
    let large = format!("\"{}\"", "u".repeat(205_000));
    assert_eq!(save(store, a, &large, Some(1)).await, Ok(2));
    assert_eq!(load(store, a, NOW).await, Some(record(&large, 2)));
    assert_eq!(save(store, b, "{}", None).await, Ok(1));
    assert_eq!(load(store, a, NOW).await, Some(record(&large, 2)));
}

/// A save that expects another revision than the stored one changes nothing.
pub async fn saving_wants_the_stored_revision(store: &dyn Sessions, ids: &dyn Ids) {
    let a = key(ids);
    assert_eq!(save(store, a, "no", Some(1)).await, Err(StoreError::NotFound));
    assert_eq!(load(store, a, NOW).await, None, "what is refused is not written");

    assert_eq!(save(store, a, "one", None).await, Ok(1));
    assert_eq!(save(store, a, "two", Some(1)).await, Ok(2));
    for wrong in [None, Some(0), Some(1), Some(3)] {
        let stale = Err(StoreError::Stale { current: 2 });
        assert_eq!(save(store, a, "no", wrong).await, stale, "expected {wrong:?}");
    }
    assert_eq!(load(store, a, NOW).await, Some(record("two", 2)));
}

/// From the moment of its expiry on a record is as if it had never been.
pub async fn records_past_their_expiry_are_not_there(store: &dyn Sessions, ids: &dyn Ids) {
    let a = key(ids);
    let (soon, later) = (NOW.after(MINUTE), NOW.after(2 * MINUTE));
    let one = store.save(a, "one".to_owned(), None, soon, NOW).await;
    assert_eq!(one, Ok(1));
    assert_eq!(load(store, a, before(soon)).await, Some(record("one", 1)));
    assert_eq!(load(store, a, soon).await, None, "it expires with the moment");

    // Each save sets the expiry anew.
    let two = store.save(a, "two".to_owned(), Some(1), later, before(soon)).await;
    assert_eq!(two, Ok(2));
    assert_eq!(load(store, a, soon).await, Some(record("two", 2)));
    assert_eq!(load(store, a, later).await, None);

    let three = store.save(a, "three".to_owned(), Some(2), later.after(MINUTE), later).await;
    assert_eq!(three, Err(StoreError::NotFound), "an expired record has no revision");
    let anew = store.save(a, "anew".to_owned(), None, later.after(MINUTE), later).await;
    assert_eq!(anew, Ok(1), "nor is it in the way");
    assert_eq!(load(store, a, later).await, Some(record("anew", 1)));
}

/// An ended session refuses every save, and ending it again is no error.
pub async fn ended_sessions_stay_ended(store: &dyn Sessions, ids: &dyn Ids) {
    for saves in 0..3 {
        let a = key(ids);
        for number in 0..saves {
            save(store, a, "state", (number > 0).then_some(number)).await.expect("saved");
        }
        assert_eq!(store.end(a, EXPIRY, NOW).await, Ok(()));
        let ended = load(store, a, NOW).await.expect("a tombstone");
        assert!(ended.ended, "after {saves} saves");
        assert_eq!(ended.revision, saves + 1, "an end is a write");

        for expected in [None, Some(saves), Some(saves + 1), Some(saves + 2)] {
            let refused = save(store, a, "again", expected).await;
            assert_eq!(refused, Err(StoreError::NotFound), "expected {expected:?}");
        }
        assert_eq!(store.end(a, EXPIRY, NOW).await, Ok(()), "ending twice");
        assert!(load(store, a, before(EXPIRY)).await.is_some_and(|record| record.ended));
    }
}

/// The tombstone of a session is kept until the expiry that came with its end, and not longer.
pub async fn tombstones_expire(store: &dyn Sessions, ids: &dyn Ids) {
    let a = key(ids);
    let (soon, later) = (NOW.after(MINUTE), NOW.after(2 * MINUTE));
    store.save(a, "state".to_owned(), None, soon, NOW).await.expect("saved");
    store.end(a, later, NOW).await.expect("ended");
    assert!(load(store, a, soon).await.is_some_and(|record| record.ended), "the later expiry");
    assert_eq!(load(store, a, later).await, None);
}

/// Of many that save first one wins.
pub async fn one_of_many_first_savers_wins(store: &Arc<dyn Sessions>, ids: &dyn Ids) {
    let a = key(ids);
    let results = race(RUNNERS, |number| {
        let (store, state) = (store.clone(), number.to_string());
        async move { (state.clone(), store.save(a, state, None, EXPIRY, NOW).await) }
    })
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(|(_, saved)| saved.is_ok());
    assert_eq!(won.len(), 1, "exactly one wins");
    let (state, saved) = &won[0];
    assert_eq!(*saved, Ok(1));
    for (_, saved) in lost {
        assert_eq!(saved, Err(StoreError::Stale { current: 1 }));
    }
    assert_eq!(load(&**store, a, NOW).await, Some(record(state, 1)));
}

/// Compare-and-swap by revision: every increment of a counter counts.
pub async fn no_update_is_lost(store: &Arc<dyn Sessions>, ids: &dyn Ids) {
    const EACH: u64 = 10;
    let a = key(ids);
    race(RUNNERS, |_| {
        let store = store.clone();
        async move {
            for _ in 0..EACH {
                assert!(increment(&*store, a).await, "nobody ends this session");
            }
        }
    })
    .await;
    let all = EACH * RUNNERS as u64;
    assert_eq!(load(&**store, a, NOW).await, Some(record(&all.to_string(), all)));
}

/// However saves and an end meet, the session is ended from then on.
pub async fn an_end_beats_every_save(store: &Arc<dyn Sessions>, ids: &dyn Ids) {
    for _ in 0..10 {
        let a = key(ids);
        race(RUNNERS, |number| {
            let store = store.clone();
            async move {
                if number == 0 {
                    assert!(increment(&*store, a).await, "nobody else ends this session");
                    store.end(a, EXPIRY, NOW).await.expect("ended");
                } else {
                    while increment(&*store, a).await {}
                }
                assert!(load(&*store, a, NOW).await.is_some_and(|record| record.ended));
            }
        })
        .await;
        assert!(load(&**store, a, NOW).await.is_some_and(|record| record.ended));
    }
}

/// Counts one further; `false` when the session is ended.
async fn increment(store: &dyn Sessions, key: SessionKey) -> bool {
    loop {
        let old = load(store, key, NOW).await;
        if old.as_ref().is_some_and(|old| old.ended) {
            return false;
        }
        let count: u64 = old.as_ref().map_or(0, |old| old.state.parse().expect("a number"));
        let expected = old.map(|old| old.revision);
        match save(store, key, &(count + 1).to_string(), expected).await {
            Ok(revision) => {
                assert_eq!(revision, expected.unwrap_or(0) + 1);
                return true;
            }
            Err(StoreError::Stale { current }) => assert!(current > expected.unwrap_or(0)),
            Err(StoreError::NotFound) => return false,
            Err(error) => panic!("a counter was not saved: {error}"),
        }
    }
}

/// All who bring a candidate get the same keys; one of the candidates where there were none.
pub async fn all_get_the_same_sealing_keys(store: &Arc<dyn Sessions>, ids: &dyn Ids) {
    let candidates: Vec<[u8; 32]> = (0..RUNNERS).map(|_| random(ids)).collect();
    let results = race(RUNNERS, |number| {
        let (store, candidate) = (store.clone(), candidates[number]);
        async move { store.sealing_keys(candidate).await.expect("keys") }
    })
    .await;
    let keys = &results[0];
    assert!(results.iter().all(|other| other == keys), "all get the same");
    let taken = keys.iter().filter(|key| candidates.contains(key)).count();
    match keys.len() {
        0 => panic!("there is at least one key"),
        1 => assert!(taken <= 1),
        _ => assert_eq!(taken, 0, "a candidate is taken only where there is no key"),
    }
    let later = store.sealing_keys(random(ids)).await.expect("keys");
    assert_eq!(later, *keys, "and they stay");
}

/// How many do the same at the same moment.
const RUNNERS: usize = 8;
const MINUTE: Duration = Duration::from_secs(60);
/// In the year 2100: a store that clears up by its own clock leaves these records alone.
const NOW: Timestamp = Timestamp(4_102_444_800_000);
const EXPIRY: Timestamp = Timestamp(NOW.0 + 86_400_000);

fn before(moment: Timestamp) -> Timestamp {
    Timestamp(moment.0 - 1)
}

fn key(ids: &dyn Ids) -> SessionKey {
    SessionKey(random(ids))
}

fn record(state: &str, revision: u64) -> SessionRecord {
    SessionRecord { state: state.to_owned(), revision, ended: false }
}

async fn load(store: &dyn Sessions, key: SessionKey, now: Timestamp) -> Option<SessionRecord> {
    store.load(key, now).await.expect("it can be read")
}

async fn save(
    store: &dyn Sessions,
    key: SessionKey,
    state: &str,
    expected: Option<u64>,
) -> Result<u64, StoreError> {
    store.save(key, state.to_owned(), expected, EXPIRY, NOW).await
}
