//! What a running call says to its client before the answer.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::mpsc;

/// Messages that may wait for a slow client; the call itself waits when there are more.
const QUEUE: usize = 64;

/// The way to the client of one request. Without a stream, what is sent is dropped: notifications
/// may be, and requests are not sent then.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    way: Option<Arc<Way>>,
    /// Whether the client hears it before the answer.
    before: bool,
}

/// Most calls say nothing before their answer, so the queue is made for the first message.
#[derive(Debug, Default)]
struct Way {
    sender: OnceLock<mpsc::Sender<String>>,
    /// The other end of the queue, until its reader takes it.
    receiver: Mutex<Option<mpsc::Receiver<String>>>,
    /// Nobody reads any more.
    closed: AtomicBool,
}

impl Way {
    fn sender(&self) -> &mpsc::Sender<String> {
        self.sender.get_or_init(|| {
            let (sender, receiver) = mpsc::channel(QUEUE);
            *self.receiver.lock().unwrap_or_else(PoisonError::into_inner) = Some(receiver);
            sender
        })
    }
}

/// Where what is said arrives.
///
/// It must be polled by the task that drives whoever sends, after each of its steps: a reader of
/// a queue that does not exist yet is not woken by its making.
#[derive(Debug)]
pub struct Messages {
    way: Arc<Way>,
    receiver: Option<mpsc::Receiver<String>>,
}

impl Messages {
    fn receiver(&mut self) -> Option<&mut mpsc::Receiver<String>> {
        if self.receiver.is_none() && self.way.sender.get().is_some() {
            let mut made = self.way.receiver.lock().unwrap_or_else(PoisonError::into_inner);
            self.receiver = made.take();
        }
        self.receiver.as_mut()
    }

    /// The next message, once there is one; never `None`, as the way itself never ends.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<String>> {
        match self.receiver() {
            Some(receiver) => receiver.poll_recv(context),
            None => Poll::Pending,
        }
    }

    /// The next message.
    pub async fn next(&mut self) -> Option<String> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// What has arrived already.
    pub fn take(&mut self) -> Option<String> {
        self.receiver()?.try_recv().ok()
    }

    /// Whether nothing has arrived.
    pub fn is_empty(&mut self) -> bool {
        self.receiver().is_none_or(|receiver| receiver.is_empty())
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        self.way.closed.store(true, Ordering::Release);
    }
}

impl Outgoing {
    /// A way that leads somewhere, and where it leads.
    pub fn open() -> (Self, Messages) {
        let way = Arc::new(Way::default());
        let messages = Messages { way: way.clone(), receiver: None };
        (Self { way: Some(way), before: true }, messages)
    }

    /// A way on which everything is held back until the answer is there: what is sent arrives, but
    /// the client cannot be asked anything.
    pub fn afterwards() -> (Self, Messages) {
        let (open, messages) = Self::open();
        (Self { before: false, ..open }, messages)
    }

    /// A way that leads nowhere.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether the client can be reached before the answer.
    pub fn is_open(&self) -> bool {
        self.before && self.way.as_ref().is_some_and(|way| !way.closed.load(Ordering::Acquire))
    }

    /// Sends one JSON-RPC message.
    pub async fn send(&self, message: String) {
        let Some(way) = &self.way else { return };
        if !way.closed.load(Ordering::Acquire) {
            // A client that went away is noticed where its stream is held.
            let _ = way.sender().send(message).await;
        }
    }
}
