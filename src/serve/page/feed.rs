//! The latest requests, and whoever follows them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use mcp_lambda_runtime::edge::access::Record;
use mcp_lambda_runtime::edge::audit::Audit;
use mcp_lambda_runtime::protocol::limits::KEEP_ALIVE;
use serde::Serialize;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Interval, interval};

/// Requests that are shown to whoever comes later.
const MAX_KEPT: usize = 100;
/// Pages that follow at the same time.
const MAX_FOLLOWERS: usize = 16;
/// Events that wait for a follower; one that does not read misses the rest.
const MAX_WAITING: usize = 256;

/// The latest requests since the page was first opened: before that, nobody pays for writing them
/// down. Clones share them.
#[derive(Clone, Default)]
pub(in crate::serve) struct Feed(Arc<Shared>);

#[derive(Default)]
struct Shared {
    awake: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    kept: VecDeque<Bytes>,
    followers: Vec<Sender<Bytes>>,
}

/// What the page is told of a request: what the log may say, and when it was.
#[derive(Serialize)]
struct Event<'a> {
    /// Milliseconds since 1970.
    at: u64,
    #[serde(flatten)]
    audit: Audit<'a>,
}

impl Feed {
    /// Begins to keep requests: somebody looks.
    pub(super) fn wake(&self) {
        self.0.awake.store(true, Ordering::Relaxed);
    }

    /// Tells of a request that was answered.
    pub(in crate::serve) fn tell(&self, record: &Record) {
        if !self.0.awake.load(Ordering::Relaxed) {
            return;
        }
        let event = Event { at: now(), audit: Audit::of(record, false) };
        // Texts and numbers always have a JSON form.
        let Ok(text) = serde_json::to_string(&event) else { return };
        self.push(format!("data: {text}\n\n").into());
    }

    fn push(&self, event: Bytes) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.kept.len() == MAX_KEPT {
            state.kept.pop_front();
        }
        state.kept.push_back(event.clone());
        // Whoever is full misses this one; whoever is gone is forgotten.
        state.followers.retain(|follower| {
            !matches!(follower.try_send(event.clone()), Err(mpsc::error::TrySendError::Closed(_)))
        });
    }

    /// Follows from now on, after what is kept; nothing if too many do already.
    pub(super) fn follow(&self) -> Option<Following> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.followers.retain(|follower| !follower.is_closed());
        if state.followers.len() >= MAX_FOLLOWERS {
            return None;
        }
        let (sender, events) = mpsc::channel(MAX_WAITING);
        state.followers.push(sender);
        let mut begin = b"retry: 2000\n\n".to_vec();
        state.kept.iter().for_each(|event| begin.extend_from_slice(event));
        Some(Following { begin: Some(begin.into()), events, ticks: interval(KEEP_ALIVE) })
    }
}

/// The events that one page gets.
pub(in crate::serve) struct Following {
    begin: Option<Bytes>,
    events: Receiver<Bytes>,
    ticks: Interval,
}

impl Following {
    /// The next piece of the stream, which does not end by itself.
    pub(in crate::serve) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(begin) = self.begin.take() {
            return Poll::Ready(Some(begin));
        }
        if let Poll::Ready(event) = Pin::new(&mut self.events).poll_recv(context) {
            return Poll::Ready(event);
        }
        // A page that went away shows only when something is written.
        self.ticks.poll_tick(context).map(|_| Some(Bytes::from_static(b":\n\n")))
    }
}

#[expect(clippy::disallowed_methods, reason = "the page shows the wall clock")]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap_or(Duration::ZERO).as_millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn next(following: &mut Following) -> String {
        let piece = std::future::poll_fn(|context| following.poll(context)).await;
        String::from_utf8(piece.expect("no end").to_vec()).expect("UTF-8")
    }

    #[tokio::test]
    async fn the_latest_are_kept_up_to_a_bound() {
        let feed = Feed::default();
        for number in 0..=MAX_KEPT {
            feed.push(format!("{number};").into());
        }
        let begin = next(&mut feed.follow().expect("room")).await;
        assert!(begin.contains("\n1;2;") && begin.ends_with(&format!("{MAX_KEPT};")), "{begin}");
    }

    #[tokio::test]
    async fn followers_hear_what_comes() {
        let feed = Feed::default();
        let mut following = feed.follow().expect("room");
        assert_eq!(next(&mut following).await, "retry: 2000\n\n");
        assert_eq!(next(&mut following).await, ":\n\n", "the first tick is at once");
        feed.push("a".into());
        assert_eq!(next(&mut following).await, "a");
    }

    #[tokio::test]
    async fn followers_at_and_above_their_bound() {
        let feed = Feed::default();
        let mut all: Vec<Following> = (0..MAX_FOLLOWERS).filter_map(|_| feed.follow()).collect();
        assert_eq!(all.len(), MAX_FOLLOWERS);
        assert!(feed.follow().is_none());
        all.pop();
        assert!(feed.follow().is_some());
    }
}
