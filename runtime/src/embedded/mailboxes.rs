//! Mailboxes in the process, with the manners of SQS FIFO queues: in order, deduplicated, and what
//! is not acknowledged comes again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;

use crate::port::{Delivery, MailboxError, MailboxId, Mailboxes};

/// Mailboxes that may be open at the same time.
const MAX_MAILBOXES: usize = 10_000;
/// Unread messages in one mailbox.
const MAX_MESSAGES: usize = 1_000;
/// Bytes of unread messages in one mailbox.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Messages in one delivery (SQS: 10).
const MAX_DELIVERY: usize = 10;
/// How long a delivered message stays hidden from others.
const VISIBILITY: Duration = Duration::from_secs(30);
/// How long a deduplication id is remembered (SQS: 5 minutes).
const DEDUPLICATION: Duration = Duration::from_secs(300);
/// How long a mailbox is kept that nobody reads, when there is no room for others. Whoever holds a
/// stream polls far more often, but is too busy to while tools run for a quarter of an hour.
const ORPHANED: Duration = Duration::from_secs(60 * 60);

/// Mailboxes of one process.
#[derive(Debug, Default)]
pub struct MemoryMailboxes(Mutex<HashMap<MailboxId, Queue>>);

#[derive(Debug)]
struct Queue {
    messages: VecDeque<Entry>,
    seen: HashSet<String>,
    /// The same, oldest first, to be forgotten in time.
    seen_at: VecDeque<(Instant, String)>,
    /// Told of whatever may end somebody's waiting.
    changed: Arc<Notify>,
    receipts: u64,
    read_at: Instant,
}

#[derive(Debug)]
struct Entry {
    deduplication: String,
    body: Bytes,
    delivered: Option<Delivered>,
}

#[derive(Debug)]
struct Delivered {
    receipt: String,
    hidden_until: Instant,
}

impl MemoryMailboxes {
    /// How many mailboxes are open.
    pub fn open_count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MailboxId, Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What can be delivered now, or what to wait for.
    fn take(&self, id: &MailboxId) -> Result<Result<Vec<Delivery>, Waiting>, MailboxError> {
        let mut mailboxes = self.lock();
        let queue = mailboxes.get_mut(id).ok_or(MailboxError::Gone)?;
        Ok(queue.take(Instant::now()))
    }
}

struct Waiting {
    /// Made under the lock, so that no change after it is missed.
    changed: Pin<Box<OwnedNotified>>,
    /// When a message shows again that is hidden now.
    until: Option<Instant>,
}

impl Queue {
    fn new(now: Instant) -> Self {
        Self {
            messages: VecDeque::new(),
            seen: HashSet::new(),
            seen_at: VecDeque::new(),
            changed: Arc::default(),
            receipts: 0,
            read_at: now,
        }
    }

    /// Forgets deduplication ids whose time is over.
    fn forget(&mut self, now: Instant) {
        while let Some((at, _)) = self.seen_at.front()
            && now.duration_since(*at) >= DEDUPLICATION
        {
            if let Some((_, id)) = self.seen_at.pop_front() {
                self.seen.remove(&id);
            }
        }
    }

    /// While one message is with a reader the later ones wait, or they could overtake it.
    fn take(&mut self, now: Instant) -> Result<Vec<Delivery>, Waiting> {
        self.read_at = now;
        let hidden = self.messages.iter().filter_map(|entry| entry.delivered.as_ref());
        let until = hidden.map(|delivered| delivered.hidden_until).max();
        if self.messages.is_empty() || until.is_some_and(|until| until > now) {
            let changed = Box::pin(self.changed.clone().notified_owned());
            return Err(Waiting { changed, until });
        }
        let receipts = &mut self.receipts;
        let deliver = |entry: &mut Entry| {
            *receipts += 1;
            let (receipt, hidden_until) = (receipts.to_string(), now + VISIBILITY);
            entry.delivered = Some(Delivered { receipt: receipt.clone(), hidden_until });
            let deduplication = entry.deduplication.clone();
            Delivery { receipt, deduplication, body: entry.body.clone() }
        };
        Ok(self.messages.iter_mut().take(MAX_DELIVERY).map(deliver).collect())
    }
}

#[async_trait]
impl Mailboxes for MemoryMailboxes {
    async fn open(&self, id: &MailboxId) -> Result<(), MailboxError> {
        let mut mailboxes = self.lock();
        let now = Instant::now();
        if mailboxes.len() >= MAX_MAILBOXES {
            mailboxes.retain(|_, queue| now.duration_since(queue.read_at) < ORPHANED);
        }
        if mailboxes.len() >= MAX_MAILBOXES && !mailboxes.contains_key(id) {
            let cause = format!("{MAX_MAILBOXES} mailboxes are open already");
            return Err(MailboxError::Unavailable(cause));
        }
        mailboxes.entry(id.clone()).or_insert_with(|| Queue::new(now));
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
        queue.forget(now);
        if queue.seen.contains(deduplication) {
            return Ok(());
        }
        let bytes: usize = queue.messages.iter().map(|entry| entry.body.len()).sum();
        if queue.messages.len() >= MAX_MESSAGES || bytes + body.len() > MAX_BYTES {
            return Err(MailboxError::Full);
        }
        queue.seen.insert(deduplication.to_owned());
        queue.seen_at.push_back((now, deduplication.to_owned()));
        queue.messages.push_back(Entry {
            deduplication: deduplication.to_owned(),
            body,
            delivered: None,
        });
        queue.changed.notify_waiters();
        Ok(())
    }

    async fn receive(&self, id: &MailboxId, wait: Duration) -> Result<Vec<Delivery>, MailboxError> {
        let end = Instant::now() + wait;
        loop {
            let waiting = match self.take(id)? {
                Ok(deliveries) => return Ok(deliveries),
                Err(_) if Instant::now() >= end => return Ok(Vec::new()),
                Err(waiting) => waiting,
            };
            let until = waiting.until.map_or(end, |until| until.min(end));
            // Whether something changed or the time is over is seen by looking again.
            let _ = tokio::time::timeout_at(until, waiting.changed).await;
        }
    }

    async fn acknowledge(&self, id: &MailboxId, receipt: &str) -> Result<(), MailboxError> {
        let mut mailboxes = self.lock();
        let queue = mailboxes.get_mut(id).ok_or(MailboxError::Gone)?;
        let is_it = |entry: &Entry| entry.delivered.as_ref().is_some_and(|d| d.receipt == receipt);
        queue.messages.retain(|entry| !is_it(entry));
        // Later messages may have waited for this one.
        queue.changed.notify_waiters();
        Ok(())
    }

    async fn close(&self, id: &MailboxId) -> Result<(), MailboxError> {
        if let Some(queue) = self.lock().remove(id) {
            queue.changed.notify_waiters();
        }
        Ok(())
    }
}
