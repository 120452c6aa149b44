//! What every store of intents must do.

use std::slice;
use std::sync::Arc;

use crate::port::Timestamp;
use crate::port::contract::race;
use crate::port::permissions::{Grant, Intent, Intents, OperationId};
use crate::registration::RegistrationId;
use crate::registration::arn::FunctionArn;
use crate::registration::limits;

/// Holds a store to everything below.
///
/// The store must be empty and nobody else may use it meanwhile; it is empty again afterwards.
pub async fn all(store: Arc<dyn Intents>) {
    what_is_recorded_is_there_until_it_is_forgotten(&*store).await;
    the_oldest_come_first(&*store).await;
    the_largest_fits(&*store).await;
    nobody_loses_what_others_record(&store).await;
}

/// Recording and forgetting may be repeated.
pub async fn what_is_recorded_is_there_until_it_is_forgotten(store: &dyn Intents) {
    start(store).await;
    let first = intent(7, 1_000, &["tool-a", "prompt-b.c"]);
    assert_eq!(store.forget(&first).await, Ok(()), "there is nothing to forget");
    for _ in 0..2 {
        assert_eq!(store.record(&first).await, Ok(()));
        assert_eq!(found(store, u64::MAX, 9).await, slice::from_ref(&first));
    }
    let other_grants = intent(7, 1_000, &[]);
    store.record(&other_grants).await.expect("recorded");
    assert_eq!(found(store, u64::MAX, 9).await, [other_grants], "the last one counts");
    let later = intent(7, 2_000, &["tool-a"]);
    store.record(&later).await.expect("recorded");
    assert_eq!(found(store, u64::MAX, 9).await.len(), 2, "another moment is another intent");
    for _ in 0..2 {
        assert_eq!(store.forget(&first).await, Ok(()), "whatever its grants are");
        assert_eq!(found(store, u64::MAX, 9).await, slice::from_ref(&later));
    }
    store.forget(&later).await.expect("forgotten");
    start(store).await;
}

/// Up to a moment, that one included, and no more than asked for.
pub async fn the_oldest_come_first(store: &dyn Intents) {
    start(store).await;
    let all: Vec<Intent> =
        [(3, 0), (u128::MAX, 9), (1, 10), (2, 10), (1, 11), (0, 1_767_225_600_000)]
            .map(|(id, at)| intent(id, at, &["tool-a"]))
            .into();
    for intent in all.iter().rev() {
        store.record(intent).await.expect("recorded");
    }
    for (moment, count) in [(0, 1), (8, 1), (9, 2), (10, 4), (11, 5), (12, 5), (u64::MAX, 6)] {
        assert_eq!(found(store, moment, 99).await, all[..count], "until {moment}");
        for limit in [0, 1, 3] {
            let expected = &all[..count.min(limit)];
            assert_eq!(found(store, moment, limit).await, expected, "{limit} until {moment}");
        }
    }
    for intent in &all {
        store.forget(intent).await.expect("forgotten");
    }
    start(store).await;
}

/// An intent has as many grants as the largest import, with the longest names.
pub async fn the_largest_fits(store: &dyn Intents) {
    start(store).await;
    let ids: Vec<String> = (0..limits::MAX_IMPORT).map(|n| format!("resource-{n:.>64}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let large = intent(1, 1, &ids);
    store.record(&large).await.expect("recorded");
    assert_eq!(found(store, 1, 1).await, slice::from_ref(&large));
    store.forget(&large).await.expect("forgotten");
}

/// Those of many who record at the same moment are all there.
pub async fn nobody_loses_what_others_record(store: &Arc<dyn Intents>) {
    const RUNNERS: usize = 8;
    start(&**store).await;
    let of = |number: usize| intent(number as u128, 5, &["tool-a"]);
    race(RUNNERS, |number| {
        let store = store.clone();
        async move { store.record(&of(number)).await.expect("recorded") }
    })
    .await;
    let expected: Vec<Intent> = (0..RUNNERS).map(of).collect();
    assert_eq!(found(&**store, 5, 99).await, expected);
    race(RUNNERS, |number| {
        let store = store.clone();
        async move { store.forget(&of(number)).await.expect("forgotten") }
    })
    .await;
    start(&**store).await;
}

async fn start(store: &dyn Intents) {
    assert_eq!(found(store, u64::MAX, 9).await, [], "the suite needs an empty store");
}

async fn found(store: &dyn Intents, moment: u64, limit: usize) -> Vec<Intent> {
    store.until(Timestamp(moment), limit).await.expect("it can be read")
}

fn intent(id: u128, at: u64, registrations: &[&str]) -> Intent {
    let function = format!("arn:aws:lambda:us-east-1:123456789012:function:{}", "f".repeat(64));
    let function = FunctionArn::parse(&function).expect("an ARN");
    let grant = |id: &&str| Grant {
        registration: RegistrationId::parse(id).expect("an id"),
        function: function.clone(),
    };
    Intent {
        id: OperationId(id),
        at: Timestamp(at),
        grants: registrations.iter().map(grant).collect(),
    }
}
