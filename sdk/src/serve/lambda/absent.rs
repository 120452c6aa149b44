//! A deployment without a table, or without queues.

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use mcp_lambda_runtime::port::{
    Delivery, MailboxError, MailboxId, Mailboxes, SessionKey, SessionRecord, Sessions, StoreError,
    Timestamp,
};

/// No sessions; what must be sealed is sealed by a key of this instance's.
#[derive(Default)]
pub(super) struct NoSessions(OnceLock<[u8; 32]>);

fn no_table<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("this deployment has no table of sessions".to_owned()))
}

#[async_trait]
impl Sessions for NoSessions {
    async fn load(&self, _: SessionKey, _: Timestamp) -> Result<Option<SessionRecord>, StoreError> {
        Ok(None)
    }

    async fn save(
        &self,
        _: SessionKey,
        _: String,
        _: Option<u64>,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<u64, StoreError> {
        no_table()
    }

    async fn end(&self, _: SessionKey, _: Timestamp, _: Timestamp) -> Result<(), StoreError> {
        no_table()
    }

    async fn sealing_keys(&self, candidate: [u8; 32]) -> Result<Vec<[u8; 32]>, StoreError> {
        Ok(vec![*self.0.get_or_init(|| candidate)])
    }
}

/// No queues: no client can be asked while its call runs.
pub(super) struct NoMailboxes;

fn no_queues<T>() -> Result<T, MailboxError> {
    Err(MailboxError::Unavailable("this deployment has no queues".to_owned()))
}

#[async_trait]
impl Mailboxes for NoMailboxes {
    async fn open(&self, _: &MailboxId) -> Result<(), MailboxError> {
        no_queues()
    }

    async fn send(&self, _: &MailboxId, _: &str, _: Bytes) -> Result<(), MailboxError> {
        Err(MailboxError::Gone)
    }

    async fn receive(&self, _: &MailboxId, _: Duration) -> Result<Vec<Delivery>, MailboxError> {
        Err(MailboxError::Gone)
    }

    async fn acknowledge(&self, _: &MailboxId, _: &str) -> Result<(), MailboxError> {
        no_queues()
    }

    async fn close(&self, _: &MailboxId) -> Result<(), MailboxError> {
        Ok(())
    }
}
