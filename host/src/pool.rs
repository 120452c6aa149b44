//! Which instances of a function can take work, and how many there may be.
//!
//! Decides only; instances start, run and die elsewhere.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::job::Assignment;

/// The instances of one function.
///
/// Invariants: at most `capacity` slots are out at any time; an instance is listed only while it
/// has no work, and whoever takes it off the list is the only one to give it work.
pub(crate) struct Pool {
    capacity: usize,
    state: Mutex<State>,
}

impl Pool {
    pub(crate) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self { capacity, state: Mutex::default() })
    }

    /// Takes the instance that was used last, else the right to start one; nothing if all are
    /// busy.
    pub(crate) fn acquire(self: &Arc<Self>) -> Option<Lease> {
        let mut state = self.lock();
        if let Some(entry) = state.free.pop() {
            return Some(Lease::Warm(entry));
        }
        if state.live >= self.capacity {
            return None;
        }
        state.live += 1;
        Some(Lease::Cold(Slot(Arc::clone(self))))
    }

    /// Lists an instance as free.
    pub(crate) fn offer(&self, entry: Entry) {
        self.lock().free.push(entry);
    }

    /// Takes an instance off the list; false if somebody was faster and is about to give it work.
    pub(crate) fn withdraw(&self, instance: u64) -> bool {
        let mut state = self.lock();
        let before = state.free.len();
        state.free.retain(|entry| entry.instance != instance);
        state.free.len() < before
    }

    /// How many instances live.
    pub(crate) fn live(&self) -> usize {
        self.lock().live
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics under this lock, and every state in it is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct State {
    live: usize,
    free: Vec<Entry>,
}

/// A free instance.
pub(crate) struct Entry {
    pub(crate) instance: u64,
    pub(crate) work: mpsc::Sender<Assignment>,
}

/// What a pool grants.
pub(crate) enum Lease {
    /// An instance that runs already.
    Warm(Entry),
    /// The right to start one.
    Cold(Slot),
}

/// The right of one instance to live; given back when dropped.
pub(crate) struct Slot(Arc<Pool>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.lock().live -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(instance: u64) -> Entry {
        Entry { instance, work: mpsc::channel(1).0 }
    }

    #[test]
    fn slots_are_counted_and_come_back() {
        let pool = Pool::new(2);
        let first = pool.acquire();
        let second = pool.acquire();
        assert!(matches!(first, Some(Lease::Cold(_))));
        assert!(matches!(second, Some(Lease::Cold(_))));
        assert!(pool.acquire().is_none());
        assert_eq!(pool.live(), 2);
        drop(first);
        assert_eq!(pool.live(), 1);
        assert!(matches!(pool.acquire(), Some(Lease::Cold(_))));
    }

    #[test]
    fn the_instance_used_last_comes_first() {
        let pool = Pool::new(2);
        pool.offer(entry(1));
        pool.offer(entry(2));
        for expected in [2, 1] {
            let Some(Lease::Warm(entry)) = pool.acquire() else { panic!("a warm instance") };
            assert_eq!(entry.instance, expected);
        }
    }

    #[test]
    fn an_instance_is_taken_once() {
        let pool = Pool::new(1);
        pool.offer(entry(7));
        assert!(pool.withdraw(7));
        assert!(!pool.withdraw(7));
        pool.offer(entry(7));
        assert!(matches!(pool.acquire(), Some(Lease::Warm(_))));
        assert!(!pool.withdraw(7));
    }
}
