//! What tools keep in a session, beside what the gateway remembers of it.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::port::{SessionKey, StoreError, Timestamp};

/// Bytes of a session's data as JSON. A DynamoDB item holds 400 KB, of which the gateway's own
/// part may take half.
pub const MAX_DATA_BYTES: usize = 128 * 1024;
/// How long data is kept after it was last written: no session lives longer without being used.
pub const DATA_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// What tools keep in a session, as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// A JSON object.
    pub members: Map<String, Value>,
    /// Counts the writes, from 1.
    pub revision: u64,
}

/// Stores what tools keep in sessions. What is past its expiry is as if it were not there.
#[async_trait]
pub trait SessionData: Send + Sync {
    /// Reads a session's data; that of an ended session is not there.
    async fn read(&self, key: SessionKey, now: Timestamp) -> Result<Option<Kept>, StoreError>;

    /// Writes it if it is still in the expected revision (`None`: is not there), and returns the
    /// revision that it is in now. In an ended session this is [`StoreError::NotFound`].
    async fn write(
        &self,
        key: SessionKey,
        members: Map<String, Value>,
        expected: Option<u64>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError>;
}
