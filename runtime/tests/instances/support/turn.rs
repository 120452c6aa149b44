//! Keeps tests that look at the clock from being slowed down by others.

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

static TURNS: RwLock<()> = RwLock::const_new(());

/// Leave to run, given back when it is dropped.
pub(crate) enum Turn {
    /// Beside others.
    Shared { _guard: RwLockReadGuard<'static, ()> },
    /// Alone.
    Alone { _guard: RwLockWriteGuard<'static, ()> },
}

impl Turn {
    /// Waits for leave. Whoever has it has deadlines.
    pub(crate) async fn take(alone: bool) -> Self {
        match alone {
            true => Self::Alone { _guard: TURNS.write().await },
            false => Self::Shared { _guard: TURNS.read().await },
        }
    }
}
