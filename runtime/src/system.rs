//! The machine's clock and randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use ring::rand::{SecureRandom, SystemRandom};

use crate::port::{Clock, Ids, Timestamp};

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the port's adapter")]
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The operating system's random numbers.
#[derive(Clone, Debug)]
pub struct SystemIds(SystemRandom);

impl Default for SystemIds {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Ids for SystemIds {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes).expect("the operating system always has random numbers");
    }
}
