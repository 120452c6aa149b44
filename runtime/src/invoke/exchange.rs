//! What a running call says to its client before the answer.

use tokio::sync::mpsc;

/// Messages that may wait for a slow client; the call itself waits when there are more.
const QUEUE: usize = 64;

/// The way to the client of one request. Without a stream, what is sent is dropped: notifications
/// may be, and requests are not sent then.
#[derive(Clone, Debug, Default)]
pub struct Outgoing(Option<mpsc::Sender<String>>);

impl Outgoing {
    /// A way that leads somewhere, and where it leads.
    pub fn open() -> (Self, mpsc::Receiver<String>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(Some(sender)), receiver)
    }

    /// A way that leads nowhere.
    pub fn none() -> Self {
        Self(None)
    }

    /// Whether the client can be reached before the answer.
    pub fn is_open(&self) -> bool {
        self.0.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// Sends one JSON-RPC message.
    pub async fn send(&self, message: String) {
        if let Some(sender) = &self.0 {
            // A client that went away is noticed where its stream is held.
            let _ = sender.send(message).await;
        }
    }
}
