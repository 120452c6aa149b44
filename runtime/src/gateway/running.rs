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
struct Entered<'a> {
    running: &'a Running,
    key: Key,
    cancelled: Arc<Notify>,
}

impl Running {
    /// Registers a request when it is first waited for, and waits until its client cancels it.
    pub(super) async fn cancelled(&self, session: SessionKey, id: &RequestId) {
        let key = (session, id.clone());
        let cancelled = Arc::new(Notify::new());
        self.lock().insert(key.clone(), cancelled.clone());
        let entered = Entered { running: self, key, cancelled };
        entered.cancelled.notified().await;
    }

    /// Cancels a request if it runs here.
    pub(super) fn cancel(&self, session: SessionKey, id: &RequestId) {
        if let Some(cancelled) = self.lock().get(&(session, id.clone())) {
            cancelled.notify_one();
        }
    }

    /// Cancels everything that runs here for a session.
    pub(super) fn cancel_all(&self, session: SessionKey) {
        for ((key, _), cancelled) in self.lock().iter() {
            if *key == session {
                cancelled.notify_one();
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let mut running = self.running.lock();
        // Another request may have taken the same id since.
        if running.get(&self.key).is_some_and(|other| Arc::ptr_eq(other, &self.cancelled)) {
            running.remove(&self.key);
        }
    }
}
