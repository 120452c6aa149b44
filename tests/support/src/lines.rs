//! The output of a child process, line by line, which can be waited for.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Lines that a thread reads as they come.
#[derive(Clone, Default)]
pub struct Lines(Arc<(Mutex<Seen>, Condvar)>);

#[derive(Default)]
struct Seen {
    lines: Vec<String>,
    ended: bool,
}

impl Lines {
    /// Reads until the end, which is where all processes that could write have gone.
    pub fn read(source: impl Read + Send + 'static) -> Self {
        let lines = Self::default();
        let filled = lines.clone();
        std::thread::spawn(move || {
            let mut source = BufReader::new(source);
            let mut line = Vec::new();
            while matches!(source.read_until(b'\n', &mut line), Ok(length) if length > 0) {
                let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
                line.clear();
                filled.update(|seen| seen.lines.push(text));
            }
            filled.update(|seen| seen.ended = true);
        });
        lines
    }

    /// Everything so far.
    pub fn all(&self) -> Vec<String> {
        self.seen().lines.clone()
    }

    /// Everything so far as one text.
    pub fn text(&self) -> String {
        self.all().join("\n")
    }

    /// The first line that is looked for, if it comes in time.
    pub fn find(&self, limit: Duration, wanted: impl Fn(&str) -> bool) -> Option<String> {
        self.wait(limit, |seen| {
            let found = seen.lines.iter().find(|line| wanted(line)).cloned();
            // What has ended brings no more.
            if seen.ended { Some(found) } else { found.map(Some) }
        })
        .flatten()
    }

    /// Whether the end came in time.
    pub fn ended(&self, limit: Duration) -> bool {
        self.wait(limit, |seen| seen.ended.then_some(())).is_some()
    }

    fn wait<T>(&self, limit: Duration, done: impl Fn(&Seen) -> Option<T>) -> Option<T> {
        let waited = self.0.1.wait_timeout_while(self.seen(), limit, |seen| done(seen).is_none());
        done(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen());
        self.0.1.notify_all();
    }
}
