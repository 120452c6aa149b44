//! What the gateway needs from outside: storage, queues, invocation, clock, ids and keys.
//!
//! Each port has an adapter for one machine and one for AWS, held to one contract suite.

pub mod buckets;
pub mod closing;
#[cfg(feature = "test-support")]
pub mod contract;
pub mod doors;
#[cfg(feature = "test-support")]
pub mod faulty;
pub mod permissions;
pub mod row;
pub mod session_data;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::port::row::{RowId, Rows};
use crate::registration::arn::FunctionArn;

/// Milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// A later moment.
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// RFC 3339 in UTC with milliseconds.
    pub fn to_rfc3339(self) -> String {
        let time = std::time::UNIX_EPOCH + Duration::from_millis(self.0.min(LAST_FORMATTED_MS));
        humantime::format_rfc3339_millis(time).to_string()
    }
}

/// 9999-12-31T23:59:59.999Z: years of five digits have no RFC 3339 form.
const LAST_FORMATTED_MS: u64 = 253_402_300_799_999;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Makes what nobody can guess.
pub trait Ids: Send + Sync {
    /// Fills a buffer with random bytes.
    fn fill(&self, bytes: &mut [u8]);

    /// A random name that was never given before: unique, and good for nothing else. An adapter
    /// may have made it some time ago.
    fn name(&self) -> [u8; 16] {
        let mut name = [0; 16];
        self.fill(&mut name);
        name
    }
}

/// Why a store did not do what it was asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// It is there already.
    #[error("{0} exists already")]
    Exists(String),
    /// It is not there.
    #[error("not found")]
    NotFound,
    /// It is there, but not in the expected revision.
    #[error("changed in the meantime: the revision is now {current}")]
    Stale {
        /// The revision that is stored.
        current: u64,
    },
    /// The store could not be asked.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}

/// A registration, a policy or a virtual server as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stored {
    /// The id, which a poisoned row may have in a form that does not parse.
    pub id: String,
    /// The document's JSON, which a poisoned row may have in a form that does not parse.
    pub document: String,
    /// Counts the writes of this row, from 1.
    pub revision: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

/// Registrations, policies and virtual servers, with a version of the whole that every write
/// changes in the same transaction.
#[async_trait]
pub trait Registrations: Send + Sync {
    /// Creates all or, when one exists already, none ([`StoreError::Exists`] names it).
    async fn create(
        &self,
        new: Vec<(RowId, String)>,
        now: Timestamp,
    ) -> Result<Vec<Stored>, StoreError>;

    /// Reads one.
    async fn load(&self, id: &RowId) -> Result<Option<Stored>, StoreError>;

    /// Replaces a document, if the revision is the expected one where one is given.
    async fn replace(
        &self,
        id: &RowId,
        document: String,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<Stored, StoreError>;

    /// Removes one, if the revision is the expected one where one is given.
    async fn remove(&self, id: &RowId, expected: Option<u64>) -> Result<(), StoreError>;

    /// Reads in the order of the bytes of ids, beginning after one.
    async fn page(
        &self,
        rows: Rows,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError>;

    /// The version of the whole: changes with every write.
    async fn version(&self) -> Result<u64, StoreError>;
}

/// The key of a session's stored state and of its mailbox.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SessionKey(pub [u8; 16]);

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 32];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = b"0123456789abcdef"[usize::from(byte >> 4)];
            pair[1] = b"0123456789abcdef"[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&text).expect("hexadecimal digits are ASCII"))
    }
}

/// A session's stored state. Most sessions have none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionRecord {
    /// JSON of [`crate::session::state::SessionState`].
    pub state: String,
    /// Counts the writes, from 1.
    pub revision: u64,
    /// Whether the session was ended.
    pub ended: bool,
}

/// Session state and tombstones. Records past their expiry are as if they were not there.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Reads a session's record.
    async fn load(
        &self,
        key: SessionKey,
        now: Timestamp,
    ) -> Result<Option<SessionRecord>, StoreError>;

    /// Writes state if the record is still in the expected revision (`None`: is not there).
    /// An ended session is [`StoreError::NotFound`].
    async fn save(
        &self,
        key: SessionKey,
        state: String,
        expected: Option<u64>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Ends a session for good. Ending twice is no error.
    async fn end(
        &self,
        key: SessionKey,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The keys by which ids are sealed, newest last. Where there is none yet, the candidate is
    /// stored, by exactly one of all who try.
    async fn sealing_keys(&self, candidate: [u8; 32]) -> Result<Vec<[u8; 32]>, StoreError>;
}

/// The name of a mailbox.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct MailboxId(String);

impl MailboxId {
    /// The mailbox of a session: messages of an HTTP+SSE client.
    pub fn session(key: SessionKey) -> Self {
        Self(key.to_string())
    }

    /// The mailbox of one exchange: answers to what the client was asked while a call runs.
    pub fn exchange(key: SessionKey, exchange: &str) -> Self {
        Self(format!("{key}-{exchange}"))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a mailbox did not do what it was asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MailboxError {
    /// It was closed, or never opened: whoever read it is gone.
    #[error("the mailbox is gone")]
    Gone,
    /// It holds as many unread messages as it may.
    #[error("the mailbox is full")]
    Full,
    /// The queue could not be asked.
    #[error("the mailbox is unavailable: {0}")]
    Unavailable(String),
}

/// A message with what acknowledges it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivery {
    /// Given back to [`Mailboxes::acknowledge`].
    pub receipt: String,
    /// The id with which it was sent: by it a message that comes again is known again.
    pub deduplication: String,
    /// The message.
    pub body: Bytes,
}

/// Ordered queues between instances.
#[async_trait]
pub trait Mailboxes: Send + Sync {
    /// Opens a mailbox; opening an open one changes nothing.
    async fn open(&self, id: &MailboxId) -> Result<(), MailboxError>;

    /// Sends a message; the same `deduplication` within five minutes is delivered once.
    async fn send(
        &self,
        id: &MailboxId,
        deduplication: &str,
        body: Bytes,
    ) -> Result<(), MailboxError>;

    /// Waits for messages, oldest first; none after the wait is no error. A message that is not
    /// acknowledged may come again.
    async fn receive(&self, id: &MailboxId, wait: Duration) -> Result<Vec<Delivery>, MailboxError>;

    /// Forgets a delivered message.
    async fn acknowledge(&self, id: &MailboxId, receipt: &str) -> Result<(), MailboxError>;

    /// Closes a mailbox with everything in it; closing twice is no error.
    async fn close(&self, id: &MailboxId) -> Result<(), MailboxError>;
}

/// One call of a function.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The function.
    pub function: FunctionArn,
    /// The event.
    pub payload: Bytes,
    /// The client context as JSON.
    pub client_context: Option<String>,
    /// The trace to continue (`X-Amzn-Trace-Id`).
    pub trace: Option<String>,
    /// How long the caller will wait.
    pub timeout: Duration,
}

/// A buffered answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// What the function returned, or its error object.
    pub payload: Bytes,
    /// Whether the function failed.
    pub failed: bool,
}

/// An answer as it comes.
#[async_trait]
pub trait AnswerStream: Send {
    /// The next piece; `None` at the end.
    async fn next(&mut self) -> Option<Bytes>;

    /// After the end: the error object if the function failed.
    fn failure(&self) -> Option<Bytes>;
}

/// Why a function could not be called.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvokeError {
    /// There is no such function.
    #[error("function {0} does not exist")]
    NotFound(String),
    /// The gateway may not call it.
    #[error("calling function {0} is not permitted")]
    Denied(String),
    /// It runs as often as it may.
    #[error("function {0} is throttled")]
    Throttled(String),
    /// The event is larger than Lambda takes.
    #[error("the event is too large")]
    TooLarge,
    /// It did not answer in time.
    #[error("function {0} did not answer in time")]
    TimedOut(String),
    /// Something else.
    #[error("the function could not be called: {0}")]
    Unavailable(String),
}

/// Calls functions.
#[async_trait]
pub trait Invoker: Send + Sync {
    /// Calls and waits for the whole answer.
    async fn invoke(&self, invocation: Invocation) -> Result<Answer, InvokeError>;

    /// Calls and hands on the answer as it comes.
    async fn invoke_streaming(
        &self,
        invocation: Invocation,
    ) -> Result<Box<dyn AnswerStream>, InvokeError>;

    /// Finds out whether a call would be possible, without one.
    async fn probe(&self, function: &FunctionArn) -> Result<(), InvokeError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(Timestamp(0).to_rfc3339(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp(951_782_400_001).to_rfc3339(), "2000-02-29T00:00:00.001Z");
        assert_eq!(Timestamp(u64::MAX).to_rfc3339(), "9999-12-31T23:59:59.999Z");
    }
}
