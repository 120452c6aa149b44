//! What every store of token buckets must do.

use std::sync::Arc;
use std::time::Duration;

use crate::port::buckets::{BucketKey, Buckets, Rate, Scope, Taken};
use crate::port::contract::{race, random};
use crate::port::{Ids, Timestamp};

/// Holds a store to everything below. Keys come from `ids`, so that the store may have been used.
pub async fn all(store: Arc<dyn Buckets>, ids: &dyn Ids) {
    a_bucket_is_full_and_becomes_empty(&*store, ids).await;
    it_fills_up_with_time_and_not_further(&*store, ids).await;
    what_is_left_is_granted(&*store, ids).await;
    buckets_are_kept_apart(&*store, ids).await;
    clocks_may_differ(&*store, ids).await;
    many_never_get_more_than_the_rate_allows(&store, ids).await;
    many_that_want_more_than_one(&store, ids).await;
}

/// The whole count can be taken at once, and then nothing more.
pub async fn a_bucket_is_full_and_becomes_empty(store: &dyn Buckets, ids: &dyn Ids) {
    let (rate, key) = (rate("5/1m"), key(ids));
    for number in 0..5 {
        assert_eq!(take(store, &key, rate, 1, NOW).await, granted(1), "token {number}");
    }
    for _ in 0..2 {
        let empty = Taken::Empty { retry_after: Duration::from_secs(12) };
        assert_eq!(take(store, &key, rate, 1, NOW).await, empty, "refusing takes nothing");
    }
}

/// Each token comes back after its part of the period, and never more than all of them.
pub async fn it_fills_up_with_time_and_not_further(store: &dyn Buckets, ids: &dyn Ids) {
    let (rate, key) = (rate("5/1m"), key(ids));
    assert_eq!(take(store, &key, rate, 5, NOW).await, granted(5));
    let one = NOW.after(Duration::from_secs(12));
    let left = Taken::Empty { retry_after: Duration::from_millis(1) };
    assert_eq!(take(store, &key, rate, 1, before(one)).await, left);
    assert_eq!(take(store, &key, rate, 1, one).await, granted(1));
    assert!(matches!(take(store, &key, rate, 1, one).await, Taken::Empty { .. }));

    let later = NOW.after(Duration::from_secs(3_600));
    assert_eq!(take(store, &key, rate, 100, later).await, granted(5), "no more than the count");
    assert!(matches!(take(store, &key, rate, 1, later).await, Taken::Empty { .. }));
}

/// Who wants more than there is gets what there is.
pub async fn what_is_left_is_granted(store: &dyn Buckets, ids: &dyn Ids) {
    let (rate, key) = (rate("10/1m"), key(ids));
    assert_eq!(take(store, &key, rate, 4, NOW).await, granted(4));
    assert_eq!(take(store, &key, rate, 4, NOW).await, granted(4));
    assert_eq!(take(store, &key, rate, 4, NOW).await, granted(2));
    assert!(matches!(take(store, &key, rate, 4, NOW).await, Taken::Empty { .. }));
}

/// What is taken from one bucket is in all others.
pub async fn buckets_are_kept_apart(store: &dyn Buckets, ids: &dyn Ids) {
    let (rate, a, b) = (rate("1/1m"), key(ids), key(ids));
    assert_eq!(take(store, &a, rate, 1, NOW).await, granted(1));
    assert_eq!(take(store, &b, rate, 1, NOW).await, granted(1));
    assert!(matches!(take(store, &a, rate, 1, NOW).await, Taken::Empty { .. }));
}

/// A clock that is behind neither gives tokens back nor makes anyone wait for more than a period.
pub async fn clocks_may_differ(store: &dyn Buckets, ids: &dyn Ids) {
    let (rate, key) = (rate("2/1s"), key(ids));
    assert_eq!(take(store, &key, rate, 2, NOW).await, granted(2));
    let behind = Timestamp(NOW.0 - 60_000);
    let longest = Taken::Empty { retry_after: rate.refill_time() };
    assert_eq!(take(store, &key, rate, 1, behind).await, longest);
    assert!(matches!(take(store, &key, rate, 1, NOW).await, Taken::Empty { .. }));
}

/// Of many at the same moment exactly as many get a token as there are tokens, or fewer where
/// the store gave up on a bucket that too many wanted.
pub async fn many_never_get_more_than_the_rate_allows(store: &Arc<dyn Buckets>, ids: &dyn Ids) {
    const EACH: usize = 5;
    let (rate, key) = (rate("20/24h"), key(ids));
    let results = race(RUNNERS, |_| {
        let store = store.clone();
        async move {
            let mut all = 0;
            for _ in 0..EACH {
                all += tokens(store.take(&key, rate, 1, NOW).await);
            }
            all
        }
    })
    .await;
    let all: u32 = results.into_iter().sum();
    assert!(all <= 20, "{all} of 20 tokens were granted");
    let left = drain(&**store, &key, rate).await;
    assert_eq!(all + left, 20, "no token is lost while every answer arrives");
}

/// The same with several tokens at a time.
pub async fn many_that_want_more_than_one(store: &Arc<dyn Buckets>, ids: &dyn Ids) {
    let (rate, key) = (rate("50/24h"), key(ids));
    let results = race(RUNNERS, |number| {
        let (store, wanted) = (store.clone(), u32::try_from(number).expect("few") + 1);
        async move {
            let mut all = 0;
            for _ in 0..4 {
                all += tokens(store.take(&key, rate, wanted, NOW).await);
            }
            all
        }
    })
    .await;
    let all: u32 = results.into_iter().sum();
    assert!(all <= 50, "{all} of 50 tokens were granted");
    assert_eq!(all + drain(&**store, &key, rate).await, 50);
}

/// How many do the same at the same moment.
const RUNNERS: usize = 8;
/// In the year 2100: a store that clears up by its own clock leaves these buckets alone.
const NOW: Timestamp = Timestamp(4_102_444_800_000);

fn before(moment: Timestamp) -> Timestamp {
    Timestamp(moment.0 - 1)
}

fn rate(text: &str) -> Rate {
    text.parse().expect("a rate")
}

fn key(ids: &dyn Ids) -> BucketKey {
    let name: [u8; 16] = random(ids);
    BucketKey::new(Scope::Principal, &format!("{name:?}"), rate("1/1s"))
}

fn granted(tokens: u32) -> Taken {
    Taken::Granted { tokens }
}

fn tokens(taken: Result<Taken, crate::port::StoreError>) -> u32 {
    match taken {
        Ok(Taken::Granted { tokens }) => tokens,
        // A store may give up on a bucket that too many want; it has taken nothing then.
        Ok(Taken::Empty { .. }) | Err(_) => 0,
    }
}

async fn take(
    store: &dyn Buckets,
    key: &BucketKey,
    rate: Rate,
    count: u32,
    now: Timestamp,
) -> Taken {
    store.take(key, rate, count, now).await.expect("it can be taken from")
}

/// Takes all that is left.
async fn drain(store: &dyn Buckets, key: &BucketKey, rate: Rate) -> u32 {
    let mut all = 0;
    loop {
        match take(store, key, rate, 1, NOW).await {
            Taken::Granted { tokens } => all += tokens,
            Taken::Empty { .. } => return all,
        }
    }
}
