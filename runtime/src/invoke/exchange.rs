//! What a running call says to its client before the answer.

use tokio::sync::mpsc;

/// Messages that may wait for a slow client; the call itself waits when there are more.
const QUEUE: usize = 64;

/// The way to the client of one request. Without a stream, what is sent is dropped: notifications
/// may be, and requests are not sent then.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    sender: Option<mpsc::Sender<String>>,
    /// Whether the client hears it before the answer.
    before: bool,
}

impl Outgoing {
    /// A way that leads somewhere, and where it leads.
    pub fn open() -> (Self, mpsc::Receiver<String>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self { sender: Some(sender), before: true }, receiver)
    }

    /// A way on which everything is held back until the answer is there: what is sent arrives, but
    /// the client cannot be asked anything.
    pub fn afterwards() -> (Self, mpsc::Receiver<String>) {
        let (open, receiver) = Self::open();
        (Self { before: false, ..open }, receiver)
    }

    /// A way that leads nowhere.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether the client can be reached before the answer.
    pub fn is_open(&self) -> bool {
        self.before && self.sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// Sends one JSON-RPC message.
    pub async fn send(&self, message: String) {
        if let Some(sender) = &self.sender {
            // A client that went away is noticed where its stream is held.
            let _ = sender.send(message).await;
        }
    }
}
