//! Whether a request may go on: rates for each caller, each registration, and new sessions.
//!
//! The buckets are shared by all instances. In front of them each instance keeps small shares that
//! it has taken already, and remembers what is empty until when, so that the hot path seldom
//! asks. A store that cannot be asked lets everything through: a limit protects from cost, and is
//! no reason to be unavailable.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::gateway::{Answered, Gateway};
use crate::invoke::Subject;
use crate::port::Timestamp;
use crate::port::buckets::{BucketKey, Buckets, Rate, Scope, Taken};
use crate::principal::Principal;
use crate::protocol::error::{Code, RpcError};

/// How often what may happen. Nothing is limited by default.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RateLimits {
    /// Requests of one principal, of whatever kind.
    pub per_principal: Option<Rate>,
    /// Calls of the function of one tool, resource or prompt, by everybody.
    pub per_tool: Option<Rate>,
    /// Sessions that one principal may begin.
    pub sessions: Option<Rate>,
}

/// How many sessions a principal may begin in a session's lifetime, in a deployed gateway.
pub const DEFAULT_SESSIONS: &str = "10000/24h";

/// The part of a rate's count that an instance may hold for itself.
const SHARE: u32 = 10;
/// The most tokens that an instance holds of one bucket.
const MAX_SHARE: u32 = 100;
/// How long it may hold them: what it does not need is lost to the others.
const LEASE: Duration = Duration::from_secs(10);
/// Buckets of which an instance knows something.
const MAX_KNOWN: usize = 4_096;

/// What has to be waited for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limited {
    scope: Scope,
    retry_after: Duration,
}

impl Limited {
    /// Whole seconds until it is worth trying again, at least one.
    pub fn retry_after_seconds(&self) -> u64 {
        seconds(self.retry_after)
    }

    /// What to do, in a sentence.
    pub fn sentence(&self) -> String {
        let what = match self.scope {
            Scope::Principal => "too many requests of this caller",
            Scope::Registration => "too many calls of this tool, resource or prompt",
            Scope::Sessions => "too many sessions of this caller",
        };
        let seconds = self.retry_after_seconds();
        format!("{what}; try again in {seconds} s")
    }
}

fn seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX).max(1)
}

impl From<Limited> for Answered {
    fn from(limited: Limited) -> Self {
        let seconds = limited.retry_after_seconds();
        let error = RpcError::new(Code::RateLimited, limited.sentence())
            .with_data(format!(r#"{{"retryAfterSeconds":{seconds}}}"#));
        let mut answered = Self::from(error);
        answered.facts.retry_after_seconds = Some(seconds);
        answered
    }
}

/// Somebody may go on; where the store could not be asked, why not, for the log.
pub(super) type Admitted = Result<Option<String>, Limited>;

/// The limits, and what is known of the buckets.
pub(super) struct Admission {
    limits: RateLimits,
    buckets: Arc<dyn Buckets>,
    known: Mutex<HashMap<BucketKey, Known>>,
}

/// What an instance knows of a bucket.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Tokens that were taken and not yet used.
    left: u32,
    /// When they are given up.
    lapses: Timestamp,
    /// How many were asked for the last time.
    asked: u32,
    /// Until when there is nothing in the bucket.
    empty_until: Timestamp,
}

/// What is to be done about a bucket.
enum Next {
    Pass,
    Refuse(Duration),
    Ask(u32),
}

impl Known {
    fn next(&mut self, rate: Rate, now: Timestamp) -> Next {
        if now < self.empty_until {
            return Next::Refuse(Duration::from_millis(self.empty_until.0 - now.0));
        }
        if now >= self.lapses {
            // Whoever asks seldom takes one at a time, so that nothing is lost.
            (self.left, self.asked) = (0, 0);
        }
        if self.left > 0 {
            self.left -= 1;
            return Next::Pass;
        }
        let most = (rate.count() / SHARE).clamp(1, MAX_SHARE);
        Next::Ask(self.asked.saturating_mul(2).clamp(1, most))
    }

    fn granted(&mut self, tokens: u32, asked: u32, rate: Rate, now: Timestamp) {
        // Requests of the same instance may have asked at the same time.
        self.left = self.left.saturating_add(tokens - 1).min(MAX_SHARE);
        self.lapses = now.after(LEASE.min(rate.period()));
        self.asked = asked;
    }

    fn is_of_use(&self, now: Timestamp) -> bool {
        now < self.lapses || now < self.empty_until
    }
}

impl Admission {
    pub(super) fn new(limits: RateLimits, buckets: Arc<dyn Buckets>) -> Self {
        Self { limits, buckets, known: Mutex::default() }
    }

    async fn take(&self, scope: Scope, rate: Rate, name: &str, now: Timestamp) -> Admitted {
        let key = BucketKey::new(scope, name, rate);
        let refuse = |retry_after| Err(Limited { scope, retry_after });
        let asked = match self.know(&key, now, |known| known.next(rate, now)) {
            Next::Pass => return Ok(None),
            Next::Refuse(retry_after) => return refuse(retry_after),
            Next::Ask(tokens) => tokens,
        };
        match self.buckets.take(&key, rate, asked, now).await {
            Ok(Taken::Granted { tokens }) => {
                self.know(&key, now, |known| known.granted(tokens, asked, rate, now));
                Ok(None)
            }
            Ok(Taken::Empty { retry_after }) => {
                // Never before there is a token: milliseconds are rounded up.
                let wait = Duration::from_millis(whole_millis(retry_after));
                self.know(&key, now, |known| known.empty_until = now.after(wait));
                refuse(wait)
            }
            Err(error) => Ok(Some(format!("limits are not kept: {error}"))),
        }
    }

    fn know<T>(&self, key: &BucketKey, now: Timestamp, with: impl FnOnce(&mut Known) -> T) -> T {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_KNOWN && !all.contains_key(key) {
            all.retain(|_, known| known.is_of_use(now));
            if all.len() >= MAX_KNOWN {
                // Only what was taken and not used is lost.
                all.clear();
            }
        }
        with(all.entry(*key).or_default())
    }
}

fn whole_millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}

impl Gateway {
    /// Counts a request of a principal.
    pub(super) async fn admit(&self, principal: &Principal) -> Admitted {
        let Some(admission) = &self.admission else { return Ok(None) };
        let Some(rate) = admission.limits.per_principal else { return Ok(None) };
        let now = self.ports.clock.now();
        admission.take(Scope::Principal, rate, &caller(principal), now).await
    }

    /// Counts a call of a function.
    pub(super) async fn admit_call(&self, subject: &Subject<'_>) -> Admitted {
        let Some(admission) = &self.admission else { return Ok(None) };
        let Some(rate) = admission.limits.per_tool else { return Ok(None) };
        let now = self.ports.clock.now();
        admission.take(Scope::Registration, rate, &registration(subject), now).await
    }

    /// Counts a new session.
    pub(super) async fn admit_session(&self, principal: &Principal) -> Admitted {
        let Some(admission) = &self.admission else { return Ok(None) };
        let Some(rate) = admission.limits.sessions else { return Ok(None) };
        let now = self.ports.clock.now();
        admission.take(Scope::Sessions, rate, &caller(principal), now).await
    }

    /// Counts `GET /sse`: a request that begins a session. Tells the log's warning.
    pub async fn admit_stream(&self, principal: &Principal) -> Result<Option<String>, Limited> {
        let request = self.admit(principal).await?;
        Ok(self.admit_session(principal).await?.or(request))
    }
}

/// Who is limited. Whoever assumes a role chooses the session's name and could choose another one
/// for each request, so all sessions of a role count together.
fn caller(principal: &Principal) -> String {
    let name = match principal {
        Principal::Iam { arn } => role(arn).unwrap_or(arn),
        Principal::Anonymous
        | Principal::DirectInvoke
        | Principal::Bearer { .. }
        | Principal::OAuth(_) => principal.name(),
    };
    match principal.issuer() {
        None => format!("{}\0{name}", principal.kind()),
        Some(issuer) => format!("{}\0{issuer}\0{name}", principal.kind()),
    }
}

/// The role that was assumed, without the session's name.
fn role(arn: &str) -> Option<&str> {
    let role = arn.find(":assumed-role/")? + ":assumed-role/".len();
    arn[role..].find('/').map(|end| &arn[..role + end])
}

/// What is limited, by its registration: never by what a caller wrote.
fn registration(subject: &Subject<'_>) -> String {
    match subject {
        Subject::Tool { tool, .. } => format!("tool\0{}", tool.name),
        Subject::Resource { name, .. } => format!("resource\0{name}"),
        Subject::Prompt { prompt, .. } => format!("prompt\0{}", prompt.name),
        Subject::Completion { of, .. } => format!("completion\0{of}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::port::StoreError;
    use crate::port::buckets::{Decision, FullAt, decide};

    /// One bucket after the algorithm, that counts how often it is asked.
    #[derive(Default)]
    struct Counted {
        full_at: Mutex<Option<FullAt>>,
        asked: AtomicUsize,
        fails: bool,
    }

    #[async_trait]
    impl Buckets for Counted {
        async fn take(
            &self,
            _: &BucketKey,
            rate: Rate,
            count: u32,
            now: Timestamp,
        ) -> Result<Taken, StoreError> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if self.fails {
                return Err(StoreError::Unavailable("no".to_owned()));
            }
            let mut stored = self.full_at.lock().expect("no panic");
            Ok(match decide(*stored, rate, count, now) {
                Decision::Grant { tokens, full_at } => {
                    *stored = Some(full_at);
                    Taken::Granted { tokens }
                }
                Decision::Refuse { retry_after } => Taken::Empty { retry_after },
            })
        }
    }

    fn rate(text: &str) -> Rate {
        text.parse().expect("a rate")
    }

    async fn take(admission: &Admission, rate: Rate, now: u64) -> Admitted {
        admission.take(Scope::Principal, rate, "a", Timestamp(now)).await
    }

    #[tokio::test]
    async fn a_busy_instance_seldom_asks_and_grants_what_the_rate_allows() {
        let store = Arc::new(Counted::default());
        let admission = Admission::new(RateLimits::default(), store.clone());
        let rate = rate("100/1m");
        for number in 0..100 {
            assert_eq!(take(&admission, rate, 1_000).await, Ok(None), "request {number}");
        }
        let asked = store.asked.load(Ordering::SeqCst);
        // 1 + 2 + 4 + 8 + 8 * 10 + 5.
        assert_eq!(asked, 13);
        let wait = Duration::from_millis(600);
        let limited = Err(Limited { scope: Scope::Principal, retry_after: wait });
        assert_eq!(take(&admission, rate, 1_000).await, limited);
        assert_eq!(store.asked.load(Ordering::SeqCst), asked + 1);
        // Until then it knows by itself, and nothing is asked.
        let wait = Duration::from_millis(1);
        let limited = Err(Limited { scope: Scope::Principal, retry_after: wait });
        assert_eq!(take(&admission, rate, 1_599).await, limited);
        assert_eq!(store.asked.load(Ordering::SeqCst), asked + 1);
        assert_eq!(take(&admission, rate, 1_600).await, Ok(None));
    }

    #[tokio::test]
    async fn whoever_asks_seldom_loses_nothing() {
        let store = Arc::new(Counted::default());
        let admission = Admission::new(RateLimits::default(), store.clone());
        let rate = rate("20/1m");
        // Just as many as the rate allows, each after the last share has lapsed.
        for number in 0..200 {
            let taken = take(&admission, rate, 1_000 + number * 10_000).await;
            assert_eq!(taken, Ok(None), "request {number}");
        }
        assert_eq!(store.asked.load(Ordering::SeqCst), 200, "one at a time");
    }

    #[tokio::test]
    async fn a_store_that_fails_lets_through_and_says_so() {
        let store = Arc::new(Counted { fails: true, ..Counted::default() });
        let admission = Admission::new(RateLimits::default(), store);
        for _ in 0..3 {
            let why = "limits are not kept: the store is unavailable: no".to_owned();
            assert_eq!(take(&admission, rate("1/1s"), 1).await, Ok(Some(why)));
        }
    }

    #[tokio::test]
    async fn what_is_known_is_bounded() {
        let admission = Admission::new(RateLimits::default(), Arc::new(Counted::default()));
        let rate = rate("100000/1s");
        for number in 0..=MAX_KNOWN {
            let name = number.to_string();
            let taken = admission.take(Scope::Principal, rate, &name, Timestamp(1)).await;
            assert_eq!(taken, Ok(None));
        }
        assert_eq!(admission.known.lock().expect("no panic").len(), 1);
    }

    #[test]
    fn seconds_are_rounded_up() {
        for (millis, whole) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999, 60)] {
            assert_eq!(seconds(Duration::from_millis(millis)), whole);
        }
    }

    #[test]
    fn sessions_of_a_role_count_together() {
        let of = |arn: &str| caller(&Principal::Iam { arn: arn.to_owned() });
        let session = "arn:aws:sts::123456789012:assumed-role/Agent/";
        assert_eq!(of(&format!("{session}a")), of(&format!("{session}b")));
        assert_ne!(of(&format!("{session}a")), of("arn:aws:sts::123456789012:assumed-role/B/a"));
        let user = "arn:aws:iam::123456789012:user/team/";
        assert_ne!(of(&format!("{user}a")), of(&format!("{user}b")));
        assert_ne!(caller(&Principal::Anonymous), caller(&Principal::DirectInvoke));
    }
}
