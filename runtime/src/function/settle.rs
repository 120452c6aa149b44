//! Mailboxes that can be waited for: what a request closes as it ends should be closed before the
//! process is frozen.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use crate::port::{Delivery, MailboxError, MailboxId, Mailboxes};

/// Mailboxes that count what is being closed.
pub struct Settling {
    inner: Arc<dyn Mailboxes>,
    closing: watch::Sender<usize>,
}

impl Settling {
    /// Counts what is closed of other mailboxes.
    pub fn new(inner: Arc<dyn Mailboxes>) -> Self {
        Self { inner, closing: watch::Sender::new(0) }
    }

    /// Waits until nothing is being closed any more.
    pub async fn settled(&self) {
        // What was dropped with the answer has only just asked for its turn.
        tokio::task::yield_now().await;
        let mut closing = self.closing.subscribe();
        // The sender is ours.
        let _ = closing.wait_for(|closing| *closing == 0).await;
    }
}

/// Counts down even where closing is given up.
struct Counted<'a>(&'a watch::Sender<usize>);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|closing| *closing -= 1);
    }
}

#[async_trait]
impl Mailboxes for Settling {
    async fn open(&self, id: &MailboxId) -> Result<(), MailboxError> {
        self.inner.open(id).await
    }

    async fn send(
        &self,
        id: &MailboxId,
        deduplication: &str,
        body: Bytes,
    ) -> Result<(), MailboxError> {
        self.inner.send(id, deduplication, body).await
    }

    async fn receive(&self, id: &MailboxId, wait: Duration) -> Result<Vec<Delivery>, MailboxError> {
        self.inner.receive(id, wait).await
    }

    async fn acknowledge(&self, id: &MailboxId, receipt: &str) -> Result<(), MailboxError> {
        self.inner.acknowledge(id, receipt).await
    }

    async fn close(&self, id: &MailboxId) -> Result<(), MailboxError> {
        self.closing.send_modify(|closing| *closing += 1);
        let _counted = Counted(&self.closing);
        self.inner.close(id).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::SessionKey;
    use crate::port::closing::Closing;

    /// Mailboxes that take their time to close.
    struct Slow;

    #[async_trait]
    impl Mailboxes for Slow {
        async fn open(&self, _: &MailboxId) -> Result<(), MailboxError> {
            Ok(())
        }
        async fn send(&self, _: &MailboxId, _: &str, _: Bytes) -> Result<(), MailboxError> {
            Ok(())
        }
        async fn receive(&self, _: &MailboxId, _: Duration) -> Result<Vec<Delivery>, MailboxError> {
            Ok(Vec::new())
        }
        async fn acknowledge(&self, _: &MailboxId, _: &str) -> Result<(), MailboxError> {
            Ok(())
        }
        async fn close(&self, _: &MailboxId) -> Result<(), MailboxError> {
            tokio::time::sleep(Duration::from_secs(3)).await;
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_dropped_is_waited_for() {
        let settling = Arc::new(Settling::new(Arc::new(Slow)));
        let started = tokio::time::Instant::now();
        settling.settled().await;
        assert_eq!(started.elapsed(), Duration::ZERO);
        let mailboxes: Arc<dyn Mailboxes> = settling.clone();
        drop(Closing::new(&mailboxes, MailboxId::session(SessionKey([1; 16]))));
        settling.settled().await;
        assert_eq!(started.elapsed().as_secs(), 3);
    }
}
