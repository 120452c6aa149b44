//! Requests that run on this instance, so that their clients can cancel them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::port::SessionKey;
use crate::protocol::jsonrpc::RequestId;

type Key = (SessionKey, RequestId);

/// The running requests of sessions.
#[derive(Default)]
pub(super) struct Running(Mutex<HashMap<Key, Arc<Notify>>>);

/// One running request; leaves the register when it is dropped.
pub(super) struct Entered<'a> {
    running: &'a Running,
    key: Key,
    cancelled: Arc<Notify>,
}

impl Running {
    /// Registers a request.
    pub(super) fn enter(&self, session: SessionKey, id: &RequestId) -> Entered<'_> {
        let key = (session, id.clone());
        let cancelled = Arc::new(Notify::new());
        self.lock().insert(key.clone(), cancelled.clone());
        Entered { running: self, key, cancelled }
    }

    /// Cancels a request if it runs here.
    pub(super) fn cancel(&self, session: SessionKey, id: &RequestId) {
        if let Some(cancelled) = self.lock().get(&(session, id.clone())) {
            cancelled.notify_one();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entered<'_> {
    /// Waits until the client cancels.
    pub(super) async fn wait(&self) {
        self.cancelled.notified().await;
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.running.lock().remove(&self.key);
    }
}
