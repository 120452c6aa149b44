//! Ports that misbehave by a plan, for tests of whoever uses them.
//!
//! A [`Plan`] is a seed and the odds of each fault, so a run can be repeated. What goes wrong is
//! what goes wrong with a service behind a network: it cannot be reached, it takes its time, it
//! does what it was asked and the answer is lost, or it is asked twice.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::port::permissions::{Intent, Intents, PermissionError, Permissions, StatementId};
use crate::port::row::{RowId, Rows};
use crate::port::{
    Answer, AnswerStream, Delivery, Invocation, InvokeError, Invoker, MailboxError, MailboxId,
    Mailboxes, Registrations, SessionKey, SessionRecord, Sessions, StoreError, Stored, Timestamp,
};
use crate::registration::arn::FunctionArn;

/// What every error text of a fault contains, so that a test can look for it where it must not be.
pub const MARK: &str = "injected-fault";

/// How often each fault happens, in percent of the calls of a port.
#[derive(Clone, Copy, Debug, Default)]
pub struct Odds {
    /// The call fails and has no effect. Streams break off this often as well.
    pub fail: u8,
    /// The call has its effect, and then fails.
    pub lose: u8,
    /// The call is made twice; the second answer counts.
    pub repeat: u8,
    /// The call is delayed, besides whatever else happens to it.
    pub delay: u8,
    /// The longest delay.
    pub longest: Duration,
}

/// What will happen, call by call.
#[derive(Debug)]
pub struct Plan {
    odds: Odds,
    state: AtomicU64,
}

enum Fate {
    Pass,
    Fail,
    Lose,
    Repeat,
}

impl Plan {
    /// A plan. The same seed gives the same faults, as long as the calls come in the same order.
    pub fn new(seed: u64, odds: Odds) -> Arc<Self> {
        Arc::new(Self { odds, state: AtomicU64::new(seed) })
    }

    /// The next number of SplitMix64, whose state is nothing but a counter.
    fn draw(&self) -> u64 {
        const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.state.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn happens(&self, percent: u8) -> bool {
        self.draw() % 100 < u64::from(percent)
    }

    /// Waits, perhaps.
    async fn delay(&self) {
        if self.happens(self.odds.delay) {
            let longest = u64::try_from(self.odds.longest.as_millis()).unwrap_or(u64::MAX);
            let milliseconds = self.draw() % longest.saturating_add(1).max(1);
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        }
    }

    fn fate(&self) -> Fate {
        let Odds { fail, lose, repeat, .. } = self.odds;
        let drawn = self.draw() % 100;
        let [fail, lose, repeat] = [fail, lose, repeat].map(u64::from);
        match drawn {
            _ if drawn < fail => Fate::Fail,
            _ if drawn < fail + lose => Fate::Lose,
            _ if drawn < fail + lose + repeat => Fate::Repeat,
            _ => Fate::Pass,
        }
    }
}

/// A port with faults.
pub struct Faulty<P: ?Sized> {
    inner: Arc<P>,
    plan: Arc<Plan>,
}

type Call<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

impl<P: ?Sized> Faulty<P> {
    /// Puts faults before a port. Several ports may share a plan.
    pub fn new(inner: Arc<P>, plan: Arc<Plan>) -> Self {
        Self { inner, plan }
    }

    async fn meet<'a, T, E>(
        &self,
        call: impl Fn() -> Call<'a, T, E> + Send,
        fault: impl FnOnce(u64) -> E + Send,
    ) -> Result<T, E> {
        self.plan.delay().await;
        match self.plan.fate() {
            Fate::Pass => call().await,
            Fate::Fail => Err(fault(self.plan.draw())),
            Fate::Lose => {
                // Where it failed by itself there is a better error to tell.
                call().await?;
                Err(fault(self.plan.draw()))
            }
            Fate::Repeat => {
                // Whoever asks again after a lost answer does not know what it was.
                let _ = call().await;
                call().await
            }
        }
    }
}

fn store_fault(drawn: u64) -> StoreError {
    StoreError::Unavailable(format!("{MARK} {drawn:x}"))
}

fn mailbox_fault(drawn: u64) -> MailboxError {
    match drawn % 4 {
        0 => MailboxError::Full,
        _ => MailboxError::Unavailable(format!("{MARK} {drawn:x}")),
    }
}

fn invoke_fault(drawn: u64) -> InvokeError {
    let cause = format!("{MARK} {drawn:x}");
    match drawn % 6 {
        0 => InvokeError::NotFound(cause),
        1 => InvokeError::Denied(cause),
        2 => InvokeError::Throttled(cause),
        3 => InvokeError::TimedOut(cause),
        4 => InvokeError::TooLarge,
        _ => InvokeError::Unavailable(cause),
    }
}

#[async_trait]
impl Registrations for Faulty<dyn Registrations> {
    async fn create(
        &self,
        new: Vec<(RowId, String)>,
        now: Timestamp,
    ) -> Result<Vec<Stored>, StoreError> {
        self.meet(|| self.inner.create(new.clone(), now), store_fault).await
    }

    async fn load(&self, id: &RowId) -> Result<Option<Stored>, StoreError> {
        self.meet(|| self.inner.load(id), store_fault).await
    }

    async fn replace(
        &self,
        id: &RowId,
        document: String,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<Stored, StoreError> {
        let call = || self.inner.replace(id, document.clone(), expected, now);
        self.meet(call, store_fault).await
    }

    async fn remove(&self, id: &RowId, expected: Option<u64>) -> Result<(), StoreError> {
        self.meet(|| self.inner.remove(id, expected), store_fault).await
    }

    async fn page(
        &self,
        rows: Rows,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        self.meet(|| self.inner.page(rows, after, limit), store_fault).await
    }

    async fn version(&self) -> Result<u64, StoreError> {
        self.meet(|| self.inner.version(), store_fault).await
    }
}

#[async_trait]
impl Sessions for Faulty<dyn Sessions> {
    async fn load(
        &self,
        key: SessionKey,
        now: Timestamp,
    ) -> Result<Option<SessionRecord>, StoreError> {
        self.meet(|| self.inner.load(key, now), store_fault).await
    }

    async fn save(
        &self,
        key: SessionKey,
        state: String,
        expected: Option<u64>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let call = || self.inner.save(key, state.clone(), expected, expires_at, now);
        self.meet(call, store_fault).await
    }

    async fn end(
        &self,
        key: SessionKey,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.meet(|| self.inner.end(key, expires_at, now), store_fault).await
    }

    async fn sealing_keys(&self, candidate: [u8; 32]) -> Result<Vec<[u8; 32]>, StoreError> {
        self.meet(|| self.inner.sealing_keys(candidate), store_fault).await
    }
}

#[async_trait]
impl Mailboxes for Faulty<dyn Mailboxes> {
    async fn open(&self, id: &MailboxId) -> Result<(), MailboxError> {
        self.meet(|| self.inner.open(id), mailbox_fault).await
    }

    async fn send(
        &self,
        id: &MailboxId,
        deduplication: &str,
        body: Bytes,
    ) -> Result<(), MailboxError> {
        self.meet(|| self.inner.send(id, deduplication, body.clone()), mailbox_fault).await
    }

    async fn receive(&self, id: &MailboxId, wait: Duration) -> Result<Vec<Delivery>, MailboxError> {
        self.meet(|| self.inner.receive(id, wait), mailbox_fault).await
    }

    async fn acknowledge(&self, id: &MailboxId, receipt: &str) -> Result<(), MailboxError> {
        self.meet(|| self.inner.acknowledge(id, receipt), mailbox_fault).await
    }

    async fn close(&self, id: &MailboxId) -> Result<(), MailboxError> {
        self.meet(|| self.inner.close(id), mailbox_fault).await
    }
}

#[async_trait]
impl Invoker for Faulty<dyn Invoker> {
    async fn invoke(&self, invocation: Invocation) -> Result<Answer, InvokeError> {
        self.meet(|| self.inner.invoke(invocation.clone()), invoke_fault).await
    }

    async fn invoke_streaming(
        &self,
        invocation: Invocation,
    ) -> Result<Box<dyn AnswerStream>, InvokeError> {
        let call = || self.inner.invoke_streaming(invocation.clone());
        let inner = self.meet(call, invoke_fault).await?;
        Ok(Box::new(FaultyStream { inner, plan: self.plan.clone(), broken: false }))
    }

    async fn probe(&self, function: &FunctionArn) -> Result<(), InvokeError> {
        self.meet(|| self.inner.probe(function), invoke_fault).await
    }
}

#[async_trait]
impl Intents for Faulty<dyn Intents> {
    async fn record(&self, intent: &Intent) -> Result<(), StoreError> {
        self.meet(|| self.inner.record(intent), store_fault).await
    }

    async fn forget(&self, intent: &Intent) -> Result<(), StoreError> {
        self.meet(|| self.inner.forget(intent), store_fault).await
    }

    async fn until(&self, moment: Timestamp, limit: usize) -> Result<Vec<Intent>, StoreError> {
        self.meet(|| self.inner.until(moment, limit), store_fault).await
    }
}

/// A call that has its effect and whose answer is lost is never refused: whoever is refused knows
/// that nothing has happened.
fn permission_fault(drawn: u64) -> PermissionError {
    PermissionError::Unavailable(format!("{MARK} {drawn:x}"))
}

#[async_trait]
impl Permissions for Faulty<dyn Permissions> {
    async fn grant(
        &self,
        function: &FunctionArn,
        statement: &StatementId,
    ) -> Result<(), PermissionError> {
        if self.plan.happens(self.plan.odds.fail / 2) {
            return Err(match self.plan.draw() % 2 {
                0 => PermissionError::Denied(function.to_string()),
                _ => PermissionError::PolicyFull(function.to_string()),
            });
        }
        self.meet(|| self.inner.grant(function, statement), permission_fault).await
    }

    async fn revoke(
        &self,
        function: &FunctionArn,
        statement: &StatementId,
    ) -> Result<(), PermissionError> {
        if self.plan.happens(self.plan.odds.fail / 2) {
            return Err(PermissionError::Denied(function.to_string()));
        }
        self.meet(|| self.inner.revoke(function, statement), permission_fault).await
    }

    async fn granted(
        &self,
        function: &FunctionArn,
        statements: &[StatementId],
    ) -> Result<Vec<bool>, PermissionError> {
        self.meet(|| self.inner.granted(function, statements), permission_fault).await
    }

    async fn room(
        &self,
        function: &FunctionArn,
        statements: &[StatementId],
    ) -> Result<(), PermissionError> {
        self.meet(|| self.inner.room(function, statements), permission_fault).await
    }

    fn principal(&self) -> Option<&str> {
        self.inner.principal()
    }
}

/// A stream that may stall before any piece, and may end there.
struct FaultyStream {
    inner: Box<dyn AnswerStream>,
    plan: Arc<Plan>,
    broken: bool,
}

#[async_trait]
impl AnswerStream for FaultyStream {
    async fn next(&mut self) -> Option<Bytes> {
        self.plan.delay().await;
        self.broken |= self.plan.happens(self.plan.odds.fail);
        if self.broken { None } else { self.inner.next().await }
    }

    fn failure(&self) -> Option<Bytes> {
        if !self.broken {
            return self.inner.failure();
        }
        let error = format!(r#"{{"errorType":"Runtime.Broken","errorMessage":"{MARK}"}}"#);
        Some(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_repeat_and_keep_their_odds() {
        let odds = Odds { fail: 10, lose: 20, repeat: 30, ..Odds::default() };
        let count = |seed| {
            let plan = Plan::new(seed, odds);
            let mut counts = [0; 4];
            for _ in 0..10_000 {
                counts[plan.fate() as usize] += 1;
            }
            counts
        };
        assert_eq!(count(7), count(7));
        assert_ne!(count(7), count(8));
        for (found, expected) in count(7).into_iter().zip([4_000, 1_000, 2_000, 3_000]) {
            let off: i32 = found - expected;
            assert!(off.abs() < 200, "{found} instead of {expected}");
        }
    }
}
