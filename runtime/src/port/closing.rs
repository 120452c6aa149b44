//! Mailboxes that are closed when whoever reads them is gone.

use std::sync::Arc;

use crate::port::{MailboxId, Mailboxes};

/// Closes a mailbox when it is dropped, however its reader ends.
pub struct Closing {
    mailboxes: Arc<dyn Mailboxes>,
    mailbox: MailboxId,
    closed: bool,
}

impl Closing {
    /// Watches over an open mailbox.
    pub fn new(mailboxes: &Arc<dyn Mailboxes>, mailbox: MailboxId) -> Self {
        Self { mailboxes: mailboxes.clone(), mailbox, closed: false }
    }

    /// The mailbox.
    pub fn mailbox(&self) -> &MailboxId {
        &self.mailbox
    }

    /// Closes the mailbox now.
    pub async fn close(mut self) {
        // What cannot be closed is an orphan and is swept.
        let _ = self.mailboxes.close(&self.mailbox).await;
        self.closed = true;
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        let (mailboxes, mailbox) = (self.mailboxes.clone(), self.mailbox.clone());
        // What was dropped has no one left to wait for this. If the runtime ends before it is
        // done, the mailbox is an orphan and is swept.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = mailboxes.close(&mailbox).await;
            });
        }
    }
}
