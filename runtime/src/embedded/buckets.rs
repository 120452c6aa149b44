//! Token buckets in the process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::port::buckets::{BucketKey, Buckets, Decision, FullAt, Rate, Taken, decide};
use crate::port::{StoreError, Timestamp};

/// Buckets that are gone with the process. Those that are full again are forgotten, so that there
/// are about as many as were taken from within one period.
#[derive(Debug, Default)]
pub struct MemoryBuckets {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    buckets: HashMap<BucketKey, FullAt>,
    /// With how many the full ones are forgotten.
    forget_at: usize,
}

/// Below this nothing is forgotten.
const FEW: usize = 1_024;

#[async_trait]
impl Buckets for MemoryBuckets {
    async fn take(
        &self,
        key: &BucketKey,
        rate: Rate,
        count: u32,
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match decide(kept.buckets.get(key).copied(), rate, count, now) {
            Decision::Refuse { retry_after } => Ok(Taken::Empty { retry_after }),
            Decision::Grant { tokens, full_at } => {
                kept.buckets.insert(*key, full_at);
                if kept.buckets.len() > kept.forget_at.max(FEW) {
                    let full = FullAt::full(now);
                    kept.buckets.retain(|_, full_at| *full_at > full);
                    kept.forget_at = kept.buckets.len() * 2;
                }
                Ok(Taken::Granted { tokens })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::buckets::Scope;

    #[tokio::test]
    async fn full_buckets_are_forgotten() {
        let buckets = MemoryBuckets::default();
        let rate: Rate = "1/1s".parse().expect("a rate");
        let take = async |number: usize, now: u64| {
            let key = BucketKey::new(Scope::Principal, &number.to_string(), rate);
            buckets.take(&key, rate, 1, Timestamp(now)).await.expect("memory never fails")
        };
        for number in 0..FEW {
            assert_eq!(take(number, 0).await, Taken::Granted { tokens: 1 });
        }
        let kept = || buckets.kept.lock().expect("no panic").buckets.len();
        assert_eq!(kept(), FEW);
        take(FEW, 999).await;
        assert_eq!(kept(), FEW + 1, "none is full yet");
        for number in 0..=FEW + 1 {
            take(FEW * 2 + number, 1_000).await;
        }
        assert_eq!(kept(), FEW + 3, "those of the first moment are gone");
    }
}
