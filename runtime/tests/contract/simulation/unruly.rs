//! Mailboxes that keep no order and bring again what they have brought.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use mcp_lambda_runtime::port::{Delivery, MailboxError, MailboxId, Mailboxes};

use crate::faults::world::Random;

/// Deliveries of one mailbox that may come again.
const REMEMBERED: usize = 8;
/// In how many of a hundred deliveries something comes again, and in how many it is out of order.
const ODDS: usize = 25;

/// SQS promises neither exactly one delivery nor order once a visibility has passed; this promises
/// less.
pub(crate) struct Unruly {
    inner: Arc<dyn Mailboxes>,
    random: Random,
    seen: Mutex<HashMap<MailboxId, Vec<Delivery>>>,
}

impl Unruly {
    pub(crate) fn new(inner: Arc<dyn Mailboxes>, seed: u64) -> Self {
        Self { inner, random: Random::new(seed), seen: Mutex::default() }
    }

    fn disturb(&self, id: &MailboxId, deliveries: &mut Vec<Delivery>) {
        let mut all = self.seen.lock().expect("no panic");
        let seen = all.entry(id.clone()).or_default();
        let old: Vec<Delivery> =
            seen.iter().filter(|_| self.random.below(100) < ODDS).cloned().collect();
        seen.extend(deliveries.iter().cloned());
        seen.drain(..seen.len().saturating_sub(REMEMBERED));
        for delivery in old {
            deliveries.insert(self.random.below(deliveries.len() + 1), delivery);
        }
        if self.random.below(100) < ODDS {
            deliveries.reverse();
        }
    }
}

#[async_trait]
impl Mailboxes for Unruly {
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
        let mut deliveries = self.inner.receive(id, wait).await?;
        self.disturb(id, &mut deliveries);
        Ok(deliveries)
    }

    async fn acknowledge(&self, id: &MailboxId, receipt: &str) -> Result<(), MailboxError> {
        self.inner.acknowledge(id, receipt).await
    }

    async fn close(&self, id: &MailboxId) -> Result<(), MailboxError> {
        self.seen.lock().expect("no panic").remove(id);
        self.inner.close(id).await
    }
}
