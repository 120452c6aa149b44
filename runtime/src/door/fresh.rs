//! A value that somebody else may change: kept for some time, asked for again within bounds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::port::{Clock, Timestamp};

/// How long a value is kept, and how often it is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// Up to this age it is used without asking.
    pub(super) fresh: Duration,
    /// Up to this age it is used when asking fails.
    pub(super) kept: Duration,
    /// Time between two questions that were not due, whatever became of the first.
    pub(super) pause: Duration,
    /// Time after which a question that failed is asked again.
    pub(super) retry: Duration,
}

/// A value with its age. Whoever needs it while it is loaded waits for that one question.
pub(super) struct Fresh<T> {
    clock: Arc<dyn Clock>,
    times: Times,
    state: Mutex<State<T>>,
    loading: tokio::sync::Mutex<()>,
}

struct State<T> {
    value: Option<(Arc<T>, Timestamp)>,
    asked: Option<Timestamp>,
    failed: Option<(Timestamp, String)>,
}

impl<T> Fresh<T> {
    pub(super) fn new(clock: Arc<dyn Clock>, times: Times) -> Self {
        let state = Mutex::new(State { value: None, asked: None, failed: None });
        Self { clock, times, state, loading: tokio::sync::Mutex::new(()) }
    }

    /// The value, or why there is none.
    pub(super) async fn get<F>(&self, load: impl Fn() -> F) -> Result<Arc<T>, String>
    where
        F: Future<Output = Result<T, String>>,
    {
        if let Some(value) = self.within(self.times.fresh) {
            return Ok(value);
        }
        let _alone = self.loading.lock().await;
        if let Some(value) = self.within(self.times.fresh) {
            return Ok(value);
        }
        let loaded = match self.recent_failure() {
            Some(cause) => Err(cause),
            None => self.load(load).await,
        };
        loaded.or_else(|cause| self.within(self.times.kept).ok_or(cause))
    }

    /// A value that was loaded after one in which something was missing; nothing if it is too early
    /// to ask again. So unknown keys and tokens, of which anyone can send many, cost few questions.
    pub(super) async fn newer<F>(&self, seen: &Arc<T>, load: impl Fn() -> F) -> Option<Arc<T>>
    where
        F: Future<Output = Result<T, String>>,
    {
        let _alone = self.loading.lock().await;
        if let Some(value) = self.within(self.times.fresh).filter(|value| !Arc::ptr_eq(value, seen))
        {
            return Some(value);
        }
        let now = self.clock.now();
        let asked = self.state().asked;
        if asked.is_some_and(|asked| now < asked.after(self.times.pause)) {
            return None;
        }
        self.load(load).await.ok()
    }

    async fn load<F>(&self, load: impl Fn() -> F) -> Result<Arc<T>, String>
    where
        F: Future<Output = Result<T, String>>,
    {
        let now = self.clock.now();
        self.state().asked = Some(now);
        let loaded = load().await;
        let mut state = self.state();
        match loaded {
            Ok(value) => {
                let value = Arc::new(value);
                (state.value, state.failed) = (Some((value.clone(), now)), None);
                Ok(value)
            }
            Err(cause) => {
                state.failed = Some((now, cause.clone()));
                Err(cause)
            }
        }
    }

    fn recent_failure(&self) -> Option<String> {
        let now = self.clock.now();
        let state = self.state();
        let (at, cause) = state.failed.as_ref()?;
        (now < at.after(self.times.retry)).then(|| cause.clone())
    }

    fn within(&self, age: Duration) -> Option<Arc<T>> {
        let now = self.clock.now();
        let state = self.state();
        let (value, loaded) = state.value.as_ref()?;
        (now < loaded.after(age)).then(|| value.clone())
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[derive(Default)]
    struct Hand(AtomicU64);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp(self.0.load(Ordering::SeqCst))
        }
    }

    const TIMES: Times = Times {
        fresh: Duration::from_secs(100),
        kept: Duration::from_secs(1_000),
        pause: Duration::from_secs(10),
        retry: Duration::from_secs(2),
    };

    struct World {
        clock: Arc<Hand>,
        fresh: Fresh<u64>,
        asked: AtomicU64,
        broken: std::sync::atomic::AtomicBool,
    }

    impl World {
        fn new() -> Self {
            let clock = Arc::new(Hand::default());
            Self {
                fresh: Fresh::new(clock.clone(), TIMES),
                clock,
                asked: AtomicU64::new(0),
                broken: false.into(),
            }
        }

        fn at(&self, seconds: u64) {
            self.clock.0.store(seconds * 1_000, Ordering::SeqCst);
        }

        async fn load(&self) -> Result<u64, String> {
            let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::task::yield_now().await;
            match self.broken.load(Ordering::SeqCst) {
                true => Err("broken".to_owned()),
                false => Ok(number),
            }
        }

        async fn get(&self) -> Result<u64, String> {
            self.fresh.get(|| self.load()).await.map(|value| *value)
        }

        fn asked(&self) -> u64 {
            self.asked.load(Ordering::SeqCst)
        }
    }

    #[tokio::test]
    async fn it_is_asked_for_when_it_is_old() {
        let world = World::new();
        assert_eq!((world.get().await, world.get().await), (Ok(1), Ok(1)));
        world.at(99);
        assert_eq!(world.get().await, Ok(1));
        world.at(100);
        assert_eq!(world.get().await, Ok(2));
    }

    #[tokio::test]
    async fn an_old_one_does_when_asking_fails() {
        let world = World::new();
        assert_eq!(world.get().await, Ok(1));
        world.broken.store(true, Ordering::SeqCst);
        world.at(999);
        assert_eq!((world.get().await, world.get().await), (Ok(1), Ok(1)));
        assert_eq!(world.asked(), 2, "the failure is remembered");
        world.at(1_001);
        assert_eq!(world.get().await, Err("broken".to_owned()));
        world.broken.store(false, Ordering::SeqCst);
        world.at(1_003);
        assert_eq!(world.get().await, Ok(4));
    }

    #[tokio::test]
    async fn a_flood_of_unknown_things_costs_few_questions() {
        let world = World::new();
        let first = world.fresh.get(|| world.load()).await.expect("a value");
        for second in 1..=30 {
            world.at(second);
            for _ in 0..1_000 {
                let _ = world.fresh.newer(&first, || world.load()).await;
            }
        }
        // At 10 s it is asked for once, and from then on there is a newer one than the first.
        assert_eq!(world.asked(), 2);
        let latest = world.fresh.get(|| world.load()).await.expect("a value");
        for second in 31..=90 {
            world.at(second);
            let seen = world.fresh.get(|| world.load()).await.expect("a value");
            let _ = world.fresh.newer(&seen, || world.load()).await;
        }
        assert_eq!(world.asked(), 2 + 6, "once in ten seconds");
        assert_eq!(*latest, 2);
    }

    #[tokio::test]
    async fn those_who_come_together_ask_once() {
        let world = World::new();
        let all = futures_util::future::join_all((0..100).map(|_| world.get())).await;
        assert!(all.into_iter().all(|value| value == Ok(1)));
        assert_eq!(world.asked(), 1);
    }
}
