//! Token buckets that all instances share, kept as one number each.
//!
//! A bucket stores the moment at which it will be full again (the "theoretical arrival time" of
//! the generic cell rate algorithm), so that taking from it is one conditional write, and a bucket
//! that nobody uses needs none.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use ring::digest::{SHA256, digest};

use crate::port::{StoreError, Timestamp};

/// How often something may happen: so many times in a period, all at once if need be.
///
/// Invariants: 1 to [`MAX_COUNT`] times in [`MIN_PERIOD`] to [`MAX_PERIOD`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Rate {
    count: u32,
    period: Duration,
}

/// The most that a rate may allow in its period.
pub const MAX_COUNT: u32 = 100_000;
/// The shortest period of a rate.
pub const MIN_PERIOD: Duration = Duration::from_secs(1);
/// The longest period of a rate.
pub const MAX_PERIOD: Duration = Duration::from_secs(24 * 60 * 60);

/// Not a rate.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a rate is a number from 1 to 100000, a slash and a period from 1s to 24h, such as 100/1m")]
pub struct InvalidRate;

impl Rate {
    /// A rate within the bounds.
    pub fn new(count: u32, period: Duration) -> Result<Self, InvalidRate> {
        let fits = (1..=MAX_COUNT).contains(&count) && (MIN_PERIOD..=MAX_PERIOD).contains(&period);
        fits.then_some(Self { count, period }).ok_or(InvalidRate)
    }

    /// How many may happen in the period.
    pub fn count(self) -> u32 {
        self.count
    }

    /// The period.
    pub fn period(self) -> Duration {
        self.period
    }

    /// Microseconds after which one more may happen, rounded up so that there are never too many.
    fn interval(self) -> u64 {
        micros(self.period).div_ceil(u64::from(self.count))
    }

    /// Microseconds in which an empty bucket becomes full.
    fn refill(self) -> u64 {
        self.interval() * u64::from(self.count)
    }

    /// How long an empty bucket takes to become full: no stored number is further ahead.
    pub fn refill_time(self) -> Duration {
        Duration::from_micros(self.refill())
    }
}

impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let (count, period) = text.split_once('/').ok_or(InvalidRate)?;
        let period = parse_period(period).ok_or(InvalidRate)?;
        Self::new(number(count).ok_or(InvalidRate)?, period)
    }
}

/// Reads a time such as `90s`, `5m` or `24h`.
pub fn parse_period(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        _ => return None,
    };
    number(digits)?.checked_mul(seconds).map(|all| Duration::from_secs(u64::from(all)))
}

/// Digits alone: no sign, no spaces.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}s", self.count, self.period.as_secs())
    }
}

/// What a bucket is for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Scope {
    /// All requests of a principal.
    Principal,
    /// All calls of what is registered under one id.
    Registration,
    /// The sessions that a principal begins.
    Sessions,
}

/// The name of a bucket: a digest, so that the store learns no names and no name is too long.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct BucketKey([u8; 16]);

impl BucketKey {
    /// The bucket of somebody or something. A bucket belongs to its rate as well, so that one that
    /// was filled by another rate is not in the way.
    pub fn new(scope: Scope, name: &str, rate: Rate) -> Self {
        let scope = match scope {
            Scope::Principal => "principal",
            Scope::Registration => "registration",
            Scope::Sessions => "sessions",
        };
        let text = format!("{scope}\0{rate}\0{name}");
        let mut short = [0; 16];
        short.copy_from_slice(&digest(&SHA256, text.as_bytes()).as_ref()[..16]);
        Self(short)
    }
}

impl fmt::Display for BucketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What came of taking.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Taken {
    /// There were tokens, and they were taken.
    Granted {
        /// How many: 1 to as many as were asked for.
        tokens: u32,
    },
    /// There was none.
    Empty {
        /// When there will be one, if nobody else takes it. Never longer than the rate's
        /// [`Rate::refill_time`].
        retry_after: Duration,
    },
}

/// Buckets by their keys. One that was never taken from is full.
#[async_trait]
pub trait Buckets: Send + Sync {
    /// Takes up to `count` tokens, at least one where there is one. However many take at once,
    /// never more is granted than the rate allows; what is granted may be less.
    async fn take(
        &self,
        key: &BucketKey,
        rate: Rate,
        count: u32,
        now: Timestamp,
    ) -> Result<Taken, StoreError>;
}

/// The number of a bucket: when it will be full again, in microseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct FullAt(pub u64);

/// What an adapter does with the number that it has stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// Stores the new number.
    Grant {
        /// How many tokens that gives.
        tokens: u32,
        /// The number to store.
        full_at: FullAt,
    },
    /// Leaves it.
    Refuse {
        /// As in [`Taken::Empty`].
        retry_after: Duration,
    },
}

impl FullAt {
    /// The number of a bucket that is full.
    pub fn full(now: Timestamp) -> Self {
        Self(now.0.saturating_mul(MICROS_PER_MS))
    }

    /// The number when so many more tokens were taken.
    pub fn taken(self, tokens: u32, rate: Rate) -> Self {
        Self(self.0.saturating_add(u64::from(tokens).saturating_mul(rate.interval())))
    }

    /// The largest number from which so many tokens can be taken.
    pub fn latest(tokens: u32, rate: Rate, now: Timestamp) -> Self {
        let room = rate.refill().saturating_sub(u64::from(tokens).saturating_mul(rate.interval()));
        Self(Self::full(now).0.saturating_add(room))
    }
}

/// Decides by what is stored; `None` is a bucket that was never taken from.
pub fn decide(stored: Option<FullAt>, rate: Rate, count: u32, now: Timestamp) -> Decision {
    let full = FullAt::full(now);
    let stored = stored.map_or(full, |stored| stored.max(full));
    let debt = stored.0 - full.0;
    let free = rate.refill().saturating_sub(debt) / rate.interval();
    if free == 0 {
        let wait = (debt.saturating_add(rate.interval())).saturating_sub(rate.refill());
        // A clock that is behind the others makes nobody wait for longer than a period.
        return Decision::Refuse { retry_after: Duration::from_micros(wait.min(rate.refill())) };
    }
    let tokens = count.max(1).min(u32::try_from(free).unwrap_or(u32::MAX));
    Decision::Grant { tokens, full_at: stored.taken(tokens, rate) }
}

const MICROS_PER_MS: u64 = 1_000;

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_767_225_600_000);

    fn rate(text: &str) -> Rate {
        text.parse().expect("a rate")
    }

    #[test]
    fn rates() {
        for (text, shown) in [
            ("1/1s", "1/1s"),
            ("100/1m", "100/60s"),
            ("5/24h", "5/86400s"),
            ("100000/86400s", "100000/86400s"),
            ("7/1440m", "7/86400s"),
        ] {
            assert_eq!(rate(text).to_string(), shown);
            assert_eq!(rate(shown), rate(text));
        }
        for bad in [
            "",
            "10",
            "/1s",
            "10/",
            "10/s",
            "10/1",
            "10/1d",
            "10/1ms",
            "0/1s",
            "100001/1s",
            "1/0s",
            "1/86401s",
            "1/1441m",
            "1/25h",
            "-1/1s",
            "+1/1s",
            "1/+1s",
            "1 /1s",
            "1/1s ",
            "1/99999999999s",
            "99999999999/1s",
            "1/4294967295h",
            "1.5/1s",
            "1/1s/1s",
        ] {
            assert_eq!(bad.parse::<Rate>(), Err(InvalidRate), "{bad}");
        }
    }

    #[test]
    fn a_burst_and_then_one_by_one() {
        let rate = rate("3/1s");
        let mut stored = None;
        for _ in 0..3 {
            let decided = decide(stored, rate, 1, NOW);
            let Decision::Grant { tokens: 1, full_at } = decided else { panic!("{decided:?}") };
            stored = Some(full_at);
        }
        // A third of a second, rounded up to whole microseconds.
        let wait = Duration::from_micros(333_334);
        assert_eq!(decide(stored, rate, 1, NOW), Decision::Refuse { retry_after: wait });
        let almost = Timestamp(NOW.0 + 333);
        let left = Duration::from_micros(334);
        assert_eq!(decide(stored, rate, 1, almost), Decision::Refuse { retry_after: left });
        let then = Timestamp(NOW.0 + 334);
        assert!(matches!(decide(stored, rate, 3, then), Decision::Grant { tokens: 1, .. }));
        let full = Timestamp(NOW.0 + 1_001);
        assert!(matches!(decide(stored, rate, 9, full), Decision::Grant { tokens: 3, .. }));
    }

    #[test]
    fn nobody_waits_for_longer_than_a_period() {
        let rate = rate("10/1m");
        let ahead = FullAt(u64::MAX);
        let refused = Decision::Refuse { retry_after: rate.refill_time() };
        assert_eq!(decide(Some(ahead), rate, 1, NOW), refused);
        assert!(matches!(decide(Some(FullAt(0)), rate, 0, NOW), Decision::Grant { tokens: 1, .. }));
    }

    #[test]
    fn the_latest_number_is_the_last_that_grants() {
        for (text, count) in [("1/1s", 1), ("3/1s", 2), ("100/1m", 100), ("100000/1s", 7)] {
            let rate = rate(text);
            let latest = FullAt::latest(count, rate, NOW);
            let granted = decide(Some(latest), rate, count, NOW);
            assert_eq!(
                granted,
                Decision::Grant { tokens: count, full_at: latest.taken(count, rate) }
            );
            let beyond = decide(Some(FullAt(latest.0 + 1)), rate, count, NOW);
            assert!(!matches!(beyond, Decision::Grant { tokens, .. } if tokens == count), "{text}");
        }
    }

    #[test]
    fn keys_are_kept_apart() {
        let all = [
            BucketKey::new(Scope::Principal, "a", rate("1/1s")),
            BucketKey::new(Scope::Registration, "a", rate("1/1s")),
            BucketKey::new(Scope::Sessions, "a", rate("1/1s")),
            BucketKey::new(Scope::Principal, "b", rate("1/1s")),
            BucketKey::new(Scope::Principal, "a", rate("1/1m")),
        ];
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(all[0].to_string().len(), 32);
    }
}
