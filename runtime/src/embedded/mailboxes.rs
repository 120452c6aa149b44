//! Mailboxes in the process, with the manners of SQS FIFO queues: in order, deduplicated, and what
//! is not acknowledged comes again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::port::{Delivery, MailboxError, MailboxId, Mailboxes};

/// Mailboxes that may be open at the same time.
const MAX_MAILBOXES: usize = 10_000;
/// Unread messages in one mailbox.
const MAX_MESSAGES: usize = 1_000;
/// Messages in one delivery (SQS: 10).
const MAX_DELIVERY: usize = 10;
/// How long a delivered message stays hidden from others.
const VISIBILITY: Duration = Duration::from_secs(30);
/// How long a deduplication id is remembered (SQS: 5 minutes).
const DEDUPLICATION: Duration = Duration::from_secs(300);

/// Mailboxes of one process.
#[derive(Debug, Default)]
pub struct MemoryMailboxes(Mutex<HashMap<MailboxId, Queue>>);

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Entry>,
    seen: HashMap<String, Instant>,
    arrived: Arc<Notify>,
    receipts: u64,
}

#[derive(Debug)]
struct Entry {
    receipt: String,
    body: Bytes,
    hidden_until: Option<Instant>,
}

impl MemoryMailboxes {
    fn lock(&self) -> MutexGuard<'_, HashMap<MailboxId, Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What can be delivered now, or what to wait for and until when at most.
    fn take(&self, id: &MailboxId) -> Result<Result<Vec<Delivery>, Waiting>, MailboxError> {
        let mut mailboxes = self.lock();
        let queue = mailboxes.get_mut(id).ok_or(MailboxError::Gone)?;
        Ok(queue.take(Instant::now()))
    }
}

struct Waiting {
    arrived: Arc<Notify>,
    until: Option<Instant>,
}

impl Queue {
    /// While one message is with a reader the later ones wait, or they could overtake it.
    fn take(&mut self, now: Instant) -> Result<Vec<Delivery>, Waiting> {
        let hidden = self.messages.iter().filter_map(|entry| entry.hidden_until).max();
        if self.messages.is_empty() || hidden.is_some_and(|until| until > now) {
            return Err(Waiting { arrived: self.arrived.clone(), until: hidden });
        }
        let receipts = &mut self.receipts;
        let deliver = |entry: &mut Entry| {
            *receipts += 1;
            entry.receipt = receipts.to_string();
            entry.hidden_until = Some(now + VISIBILITY);
            Delivery { receipt: entry.receipt.clone(), body: entry.body.clone() }
        };
        Ok(self.messages.iter_mut().take(MAX_DELIVERY).map(deliver).collect())
    }
}

#[async_trait]
impl Mailboxes for MemoryMailboxes {
    async fn open(&self, id: &MailboxId) -> Result<(), MailboxError> {
        let mut mailboxes = self.lock();
        if mailboxes.len() >= MAX_MAILBOXES && !mailboxes.contains_key(id) {
            let cause = format!("{MAX_MAILBOXES} mailboxes are open already");
            return Err(MailboxError::Unavailable(cause));
        }
        mailboxes.entry(id.clone()).or_default();
        Ok(())
    }

    async fn send(
        &self,
        id: &MailboxId,
        deduplication: &str,
        body: Bytes,
    ) -> Result<(), MailboxError> {
        let mut mailboxes = self.lock();
        let queue = mailboxes.get_mut(id).ok_or(MailboxError::Gone)?;
        let now = Instant::now();
        queue.seen.retain(|_, at| now.duration_since(*at) < DEDUPLICATION);
        if queue.seen.contains_key(deduplication) {
            return Ok(());
        }
        if queue.messages.len() >= MAX_MESSAGES {
            return Err(MailboxError::Full);
        }
        queue.seen.insert(deduplication.to_owned(), now);
        queue.messages.push_back(Entry { receipt: String::new(), body, hidden_until: None });
        queue.arrived.notify_waiters();
        Ok(())
    }

    async fn receive(&self, id: &MailboxId, wait: Duration) -> Result<Vec<Delivery>, MailboxError> {
        let end = Instant::now() + wait;
        loop {
            // Registered before looking, so that nothing that arrives in between is missed.
            let arrived = {
                let mailboxes = self.lock();
                mailboxes.get(id).ok_or(MailboxError::Gone)?.arrived.clone()
            };
            let notified = arrived.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            let waiting = match self.take(id)? {
                Ok(deliveries) => return Ok(deliveries),
                Err(waiting) => waiting,
            };
            debug_assert!(Arc::ptr_eq(&arrived, &waiting.arrived));
            let until = waiting.until.map_or(end, |until| until.min(end));
            if tokio::time::timeout_at(until, notified).await.is_err() && Instant::now() >= end {
                return self.take(id).map(Result::unwrap_or_default);
            }
        }
    }

    async fn acknowledge(&self, id: &MailboxId, receipt: &str) -> Result<(), MailboxError> {
        let mut mailboxes = self.lock();
        let queue = mailboxes.get_mut(id).ok_or(MailboxError::Gone)?;
        queue.messages.retain(|entry| entry.receipt != receipt);
        // Later messages may have waited for this one.
        queue.arrived.notify_waiters();
        Ok(())
    }

    async fn close(&self, id: &MailboxId) -> Result<(), MailboxError> {
        if let Some(queue) = self.lock().remove(id) {
            queue.arrived.notify_waiters();
        }
        Ok(())
    }
}
