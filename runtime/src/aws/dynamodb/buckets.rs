//! Token buckets in the table of sessions.
//!
//! An item holds one number, and taking is one conditional update of it: one that expects the
//! bucket to be full, and where it is not, one that expects it not to be. Both say how far the
//! number may be, not which it is, so that those who take at the same time are seldom in each
//! other's way. An update whose answer was lost and that the SDK sends again takes twice, which
//! leaves less, never more.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use aws_types::SdkConfig;

use super::rows::{number, read_number, text};
use super::transaction::Item;
use super::{TableName, connect, fault};
use crate::deployment::tables::{SESSIONS_KEY, TTL_ATTRIBUTE};
use crate::port::buckets::{BucketKey, Buckets, Decision, FullAt, Rate, Taken, decide};
use crate::port::{StoreError, Timestamp};

/// What the keys of buckets begin with. No session's key does: those of ours are hexadecimal
/// digits, and those of awslabs' store are UUIDs.
const PREFIX: &str = "bucket#";
/// When the bucket will be full, in microseconds since 1970-01-01 UTC.
const FULL_AT: &str = "full_at_us";
/// How long after it is full an item is kept: longer than clocks differ.
const KEPT: Duration = Duration::from_secs(60);
/// How often taking is tried while others take.
const MAX_TRIES: usize = 8;
/// How long taking may last in all. Somebody waits, and is let through without an answer.
const DEADLINE: Duration = Duration::from_secs(1);

/// Buckets in a table of sessions.
pub struct DynamoBuckets {
    client: Client,
    table: TableName,
}

impl DynamoBuckets {
    /// A table, which must be there, with the credentials, HTTP client and endpoint of a
    /// configuration.
    pub fn new(shared: &SdkConfig, table: TableName) -> Self {
        Self { client: connect(shared), table }
    }

    async fn try_to_take(
        &self,
        key: &BucketKey,
        rate: Rate,
        count: u32,
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        let id = format!("{PREFIX}{key}");
        // Most buckets are full, or were a moment ago.
        let mut stored = None;
        for _ in 0..MAX_TRIES {
            let tokens = match decide(stored, rate, count, now) {
                Decision::Refuse { retry_after } => return Ok(Taken::Empty { retry_after }),
                Decision::Grant { tokens, .. } => tokens,
            };
            match self.update(&id, stored, tokens, rate, now).await? {
                Ok(()) => return Ok(Taken::Granted { tokens }),
                Err(item) => stored = read_number(&item, FULL_AT).map(FullAt),
            }
        }
        let text = "too many others take from the same bucket of DynamoDB";
        Err(StoreError::Unavailable(text.to_owned()))
    }

    /// Takes so many; the item as it is where that many cannot be taken as it was expected.
    async fn update(
        &self,
        id: &str,
        seen: Option<FullAt>,
        tokens: u32,
        rate: Rate,
        now: Timestamp,
    ) -> Result<Result<(), Item>, StoreError> {
        let full = FullAt::full(now);
        let request = self
            .client
            .update_item()
            .table_name(self.table.as_str())
            .key(SESSIONS_KEY.partition, text(id))
            .expression_attribute_names("#full", FULL_AT)
            .expression_attribute_names("#ttl", TTL_ATTRIBUTE)
            .expression_attribute_values(":now", number(full.0))
            // No number is further ahead than this, whoever has written it.
            .expression_attribute_values(":ttl", number(expiry(rate, now)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let request = match seen {
            Some(seen) if seen > full => request
                .update_expression("SET #full = #full + :taken, #ttl = :ttl")
                .condition_expression("#full > :now AND #full <= :latest")
                .expression_attribute_values(":taken", number(FullAt(0).taken(tokens, rate).0))
                .expression_attribute_values(
                    ":latest",
                    number(FullAt::latest(tokens, rate, now).0),
                ),
            // What is no number is as if it were not there.
            Some(_) | None => request
                .update_expression("SET #full = :then, #ttl = :ttl")
                .condition_expression(
                    "attribute_not_exists(#full) OR #full <= :now OR NOT attribute_type(#full, :n)",
                )
                .expression_attribute_values(":n", text("N"))
                .expression_attribute_values(":then", number(full.taken(tokens, rate).0)),
        };
        match request.send().await {
            Ok(_) => Ok(Ok(())),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(Err(failed.item().cloned().unwrap_or_default()))
                }
                _ => Err(fault::unavailable(&error)),
            },
        }
    }
}

/// Seconds since 1970-01-01 UTC after which DynamoDB may remove the item.
fn expiry(rate: Rate, now: Timestamp) -> u64 {
    now.after(rate.refill_time()).after(KEPT).0.div_ceil(1_000)
}

#[async_trait]
impl Buckets for DynamoBuckets {
    async fn take(
        &self,
        key: &BucketKey,
        rate: Rate,
        count: u32,
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        // A boxed future keeps that of the port small.
        let taking = Box::pin(self.try_to_take(key, rate, count, now));
        match tokio::time::timeout(DEADLINE, taking).await {
            Ok(taken) => taken,
            Err(_) => Err(StoreError::Unavailable("DynamoDB took too long".to_owned())),
        }
    }
}
