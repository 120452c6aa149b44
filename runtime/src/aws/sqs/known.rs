//! What this process knows of its queues, so that it need not ask for their URLs each time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::name::QueueName;

/// Queues that are remembered; the oldest is forgotten first, and asked for again if needed. An
/// instance in Lambda serves one request at a time, each with a mailbox or two.
pub(super) const MAX_KNOWN: usize = 1_024;

/// The queues that were opened, used or closed here last.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    queues: HashMap<QueueName, Queue>,
    /// The same, oldest first.
    order: VecDeque<QueueName>,
}

/// What is known of a queue.
#[derive(Clone, Debug)]
pub(super) enum Queue {
    /// It can be used.
    Open {
        /// What SQS calls it by.
        url: String,
        /// Since when it is known.
        since: Instant,
    },
    /// It was closed here. SQS may still answer for up to a minute as if it were open.
    Closed,
}

impl Known {
    /// What is known of a queue.
    pub(super) fn find(&self, name: &QueueName) -> Option<Queue> {
        self.lock().queues.get(name).cloned()
    }

    /// Remembers where a queue is, and since when if that is new.
    pub(super) fn open(&self, name: &QueueName, url: &str) {
        let mut state = self.lock();
        if !matches!(state.queues.get(name), Some(Queue::Open { url: known, .. }) if known == url) {
            let queue = Queue::Open { url: url.to_owned(), since: Instant::now() };
            state.insert(name, queue);
        }
    }

    /// Remembers that a queue was closed.
    pub(super) fn close(&self, name: &QueueName) {
        self.lock().insert(name, Queue::Closed);
    }

    /// Forgets where a queue is that is not there any more.
    pub(super) fn forget(&self, name: &QueueName) {
        let mut state = self.lock();
        if matches!(state.queues.get(name), Some(Queue::Open { .. })) {
            state.queues.remove(name);
            state.order.retain(|other| other != name);
        }
    }

    /// How long a queue that seems not to be there may still appear: SQS needs a moment after it
    /// was created, here or elsewhere.
    pub(super) fn settling(&self, name: &QueueName, settling: Duration) -> Duration {
        match self.find(name) {
            Some(Queue::Open { since, .. }) => settling.saturating_sub(since.elapsed()),
            Some(Queue::Closed) => Duration::ZERO,
            None => settling,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn insert(&mut self, name: &QueueName, queue: Queue) {
        if self.queues.insert(name.clone(), queue).is_some() {
            return;
        }
        self.order.push_back(name.clone());
        if self.order.len() > MAX_KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.queues.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::sqs::name::StackIdentifier;
    use crate::port::{MailboxId, SessionKey};

    fn name(number: usize) -> QueueName {
        let number = u128::try_from(number).expect("small").to_be_bytes();
        let stack = StackIdentifier::parse("s").expect("an identifier");
        QueueName::new(&stack, &MailboxId::session(SessionKey(number)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_are_remembered() {
        let known = Known::default();
        for number in 0..MAX_KNOWN {
            known.open(&name(number), "url");
            known.open(&name(number), "url");
        }
        assert!(known.find(&name(0)).is_some());
        known.close(&name(MAX_KNOWN));
        assert!(known.find(&name(0)).is_none(), "the oldest makes room");
        assert!(matches!(known.find(&name(1)), Some(Queue::Open { .. })));
        assert!(matches!(known.find(&name(MAX_KNOWN)), Some(Queue::Closed)));
        known.forget(&name(1));
        known.open(&name(0), "url");
        assert!(known.find(&name(2)).is_some(), "what was forgotten needs no room");
        let state = known.lock();
        assert_eq!((state.queues.len(), state.order.len()), (MAX_KNOWN, MAX_KNOWN));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_closed_stays_closed() {
        let (known, settling) = (Known::default(), Duration::from_secs(1));
        assert_eq!(known.settling(&name(0), settling), settling, "of what is not known");
        known.open(&name(0), "url");
        tokio::time::advance(Duration::from_millis(400)).await;
        known.open(&name(0), "url");
        assert_eq!(known.settling(&name(0), settling), Duration::from_millis(600));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(known.settling(&name(0), settling), Duration::ZERO);
        known.close(&name(0));
        known.forget(&name(0));
        assert!(matches!(known.find(&name(0)), Some(Queue::Closed)));
        assert_eq!(known.settling(&name(0), settling), Duration::ZERO);
    }
}
