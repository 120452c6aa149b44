//! Keeps tests that start many processes from starving each other.

use std::sync::{Condvar, Mutex, PoisonError};

/// How many may run at the same time.
const WIDTH: usize = 2;

static USED: Mutex<usize> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

/// Leave to run; given back when it is dropped.
pub(crate) struct Pass(usize);

/// Waits until fewer than two others run. All of them have deadlines of their own.
pub(crate) fn enter() -> Pass {
    take(1)
}

/// Waits until no other runs, for what measures time.
pub(crate) fn enter_alone() -> Pass {
    take(WIDTH)
}

fn take(share: usize) -> Pass {
    let used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = FREED.wait_while(used, |used| *used + share > WIDTH);
    *waited.unwrap_or_else(PoisonError::into_inner) += share;
    Pass(share)
}

impl Drop for Pass {
    fn drop(&mut self) {
        *USED.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
        FREED.notify_all();
    }
}
