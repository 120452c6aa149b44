//! Registrations, sessions and token buckets in DynamoDB.
//!
//! Every read is strongly consistent. Every write of a registration or a session is a transaction,
//! also where it changes one item: its token makes it happen once however often the SDK sends it
//! after a lost answer.

mod buckets;
mod fault;
mod intents;
mod registrations;
mod rows;
mod session_data;
mod sessions;
mod transaction;

use std::future::Future;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_types::SdkConfig;

use crate::port::StoreError;
pub use buckets::DynamoBuckets;
pub use intents::DynamoIntents;
pub use registrations::DynamoRegistrations;
pub use sessions::DynamoSessions;

/// The name of a table.
///
/// Invariants: 3 to 255 bytes, only ASCII letters, digits, `_`, `-`, `.`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TableName(Box<str>);

/// Not the name of a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a table's name is 3 to 255 letters, digits, '_', '-' and '.'")]
pub struct InvalidTableName;

impl TableName {
    /// Parses a name.
    pub fn parse(text: &str) -> Result<Self, InvalidTableName> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if (MIN_NAME_BYTES..=MAX_NAME_BYTES).contains(&text.len()) && text.chars().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidTableName)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const MIN_NAME_BYTES: usize = 3;
const MAX_NAME_BYTES: usize = 255;

/// A client that gives up soon: somebody waits for the answer.
fn connect(shared: &SdkConfig) -> Client {
    let retries = RetryConfig::standard()
        .with_max_attempts(MAX_ATTEMPTS)
        .with_initial_backoff(FIRST_BACKOFF)
        .with_max_backoff(LONGEST_BACKOFF);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let config = Builder::from(shared).retry_config(retries).timeout_config(timeouts);
    Client::from_conf(config.build())
}

/// One deadline for all that a call of a port needs.
async fn within<T>(
    work: impl Future<Output = Result<T, StoreError>> + Send,
) -> Result<T, StoreError> {
    // A boxed future keeps that of the port small.
    match tokio::time::timeout(DEADLINE, Box::pin(work)).await {
        Ok(done) => done,
        Err(_) => Err(StoreError::Unavailable("DynamoDB took too long".to_owned())),
    }
}

/// Attempts of one request; the SDK repeats throttled ones, failed ones and those without answer.
const MAX_ATTEMPTS: u32 = 3;
/// The longest wait before the second attempt of a request; it is random below this.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
/// The longest wait before any further one.
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);
/// How long a connection may take: some round trips within a region.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long one attempt may take. DynamoDB advises at least a second for transactions.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long all attempts of a request may take: a transaction whose first attempt was interrupted
/// is finished by one that comes five seconds later.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);
/// How long a call of a port may take, with all requests that it needs.
const DEADLINE: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tables() {
        for good in ["abc", "mcp-Stack_1.registrations", &"n".repeat(MAX_NAME_BYTES)] {
            assert_eq!(
                TableName::parse(good).map(|name| name.as_str().to_owned()),
                Ok(good.into())
            );
        }
        for bad in ["", "ab", "a b", "a/b/c", "é-table", &"n".repeat(MAX_NAME_BYTES + 1)] {
            assert_eq!(TableName::parse(bad), Err(InvalidTableName), "{bad}");
        }
    }
}
