//! The machine's clock and randomness.

use std::sync::{Mutex, PoisonError};
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

/// Bytes of a name.
const NAME: usize = 16;
/// Names that are made at once: asking the operating system costs more than a short request.
const NAMES: usize = 32;

/// The operating system's random numbers.
#[derive(Debug)]
pub struct SystemIds {
    random: SystemRandom,
    names: Mutex<Names>,
}

/// Names that were made, and how many were given. Never keys or nonces: those are asked for one
/// by one.
#[derive(Debug)]
struct Names {
    bytes: [u8; NAME * NAMES],
    given: usize,
}

impl Default for SystemIds {
    fn default() -> Self {
        let names = Names { bytes: [0; NAME * NAMES], given: NAMES };
        Self { random: SystemRandom::new(), names: Mutex::new(names) }
    }
}

impl Ids for SystemIds {
    fn fill(&self, bytes: &mut [u8]) {
        self.random.fill(bytes).expect("the operating system always has random numbers");
    }

    fn name(&self) -> [u8; NAME] {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.given == NAMES {
            self.fill(&mut names.bytes);
            names.given = 0;
        }
        let mut name = [0; NAME];
        name.copy_from_slice(&names.bytes[names.given * NAME..][..NAME]);
        names.given += 1;
        name
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_is_another() {
        let ids = SystemIds::default();
        let names: HashSet<_> = (0..=2 * NAMES).map(|_| ids.name()).collect();
        assert_eq!(names.len(), 2 * NAMES + 1);
        assert!(!names.contains(&[0; NAME]));
    }
}
