//! What functions print: cut into lines, tagged, and the last of it remembered.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::fault::FunctionError;
use crate::limits;
use crate::name::FunctionName;

/// A line that a function has printed, or that the host has to say about one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogLine {
    /// Whose line it is.
    pub function: FunctionName,
    /// Which process of the function, counted from 1 within the host; 0 is the host itself.
    pub instance: u64,
    /// The invocation that was running, if one was.
    pub request_id: Option<String>,
    /// The line without its end; bytes that are not UTF-8 are replaced. At most
    /// [`limits::MAX_LOG_LINE_BYTES`] and a mark where it was cut.
    pub text: String,
}

impl fmt::Display for LogLine {
    /// Writes the line as a terminal shows it: who, then what.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}#{} {}", self.function, self.instance, self.text)
    }
}

/// Where one instance's lines go: to the host's sink and into the tail of the invocation.
#[derive(Clone)]
pub(crate) struct Journal(Arc<Inner>);

struct Inner {
    function: FunctionName,
    instance: u64,
    sink: Arc<dyn Fn(LogLine) + Send + Sync>,
    current: Mutex<Current>,
}

#[derive(Default)]
struct Current {
    request_id: Option<String>,
    tail: VecDeque<u8>,
}

impl Journal {
    pub(crate) fn new(
        function: FunctionName,
        instance: u64,
        sink: Arc<dyn Fn(LogLine) + Send + Sync>,
    ) -> Self {
        Self(Arc::new(Inner { function, instance, sink, current: Mutex::default() }))
    }

    /// Starts an invocation; what was printed during the start belongs to the first one's tail.
    pub(crate) fn begin(&self, request_id: &str) {
        let mut current = self.lock();
        if current.request_id.is_some() {
            current.tail.clear();
        }
        current.request_id = Some(request_id.to_owned());
    }

    /// The last bytes of what was printed since [`Self::begin`].
    pub(crate) fn tail(&self) -> Bytes {
        self.lock().tail.iter().copied().collect()
    }

    /// Records a line.
    pub(crate) fn write(&self, text: String) {
        let request_id = {
            let mut current = self.lock();
            remember(&mut current.tail, &text);
            current.request_id.clone()
        };
        let Inner { function, instance, sink, .. } = &*self.0;
        sink(LogLine { function: function.clone(), instance: *instance, request_id, text });
    }

    /// Records an error that only the host knows of, as Lambda writes it into the log.
    pub(crate) fn write_error(&self, error: &FunctionError) {
        self.write(error.message());
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        // The sink, which is not ours and may panic, is called outside of the lock.
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remember(tail: &mut VecDeque<u8>, text: &str) {
    tail.extend(text.as_bytes());
    tail.push_back(b'\n');
    let surplus = tail.len().saturating_sub(limits::LOG_TAIL_BYTES);
    tail.drain(..surplus);
    // A tail that begins within a character would not be text.
    while tail.front().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {
        tail.pop_front();
    }
}

/// Cuts a stream of bytes into lines of bounded length.
#[derive(Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
    cut: bool,
}

impl Lines {
    /// Takes bytes in and gives the lines that they complete.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut line: impl FnMut(String)) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.push(&rest[..end]);
            rest = &rest[end + 1..];
            self.take(&mut line);
        }
        self.push(rest);
    }

    /// Gives what is left, if the last line has no end.
    pub(crate) fn finish(&mut self, mut line: impl FnMut(String)) {
        if !self.partial.is_empty() {
            self.take(&mut line);
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = limits::MAX_LOG_LINE_BYTES - self.partial.len();
        self.cut |= bytes.len() > room;
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn take(&mut self, line: &mut impl FnMut(String)) {
        let mut text = String::from_utf8_lossy(&self.partial).into_owned();
        self.partial.clear();
        if std::mem::take(&mut self.cut) {
            text.push_str(CUT_MARK);
        }
        // Lambda's runtimes put carriage returns into what is to stay one record, a stack trace
        // say; a terminal would write its lines over each other.
        let mut parts = text.split('\r').filter(|part| !part.is_empty()).peekable();
        if parts.peek().is_none() {
            line(String::new());
        }
        parts.for_each(|part| line(part.to_owned()));
    }
}

const CUT_MARK: &str = " [line cut]";

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(parts: &[&[u8]]) -> Vec<String> {
        let mut splitter = Lines::default();
        let mut found = Vec::new();
        for part in parts {
            splitter.feed(part, |line| found.push(line));
        }
        splitter.finish(|line| found.push(line));
        found
    }

    #[test]
    fn lines_are_cut_at_their_ends() {
        assert_eq!(lines(&[b"a\nb", b"c\r\n\n", b"d"]), ["a", "bc", "", "d"]);
        assert_eq!(lines(&[b"trace\r  at a\r\r  at b\r\n\r\n"]), ["trace", "  at a", "  at b", ""]);
        assert_eq!(lines(&[b"\xff\n"]), ["\u{fffd}"]);
        assert!(lines(&[b""]).is_empty());
    }

    #[test]
    fn long_lines_are_cut_and_marked() {
        let limit = limits::MAX_LOG_LINE_BYTES;
        let fits = vec![b'x'; limit];
        assert_eq!(lines(&[&fits, b"\n"]), ["x".repeat(limit)]);
        let cut = format!("{}{CUT_MARK}", "x".repeat(limit));
        assert_eq!(lines(&[&fits, b"yz", b"\nnext"]), [cut.as_str(), "next"]);
    }

    #[test]
    fn the_tail_is_bounded_and_is_text() {
        let mut tail = VecDeque::new();
        remember(&mut tail, &"é".repeat(limits::LOG_TAIL_BYTES));
        let bytes: Vec<u8> = tail.iter().copied().collect();
        assert!((limits::LOG_TAIL_BYTES - 1..=limits::LOG_TAIL_BYTES).contains(&bytes.len()));
        assert!(String::from_utf8(bytes).is_ok_and(|text| text.ends_with("é\n")));
    }

    #[test]
    fn the_tail_of_an_invocation_begins_with_it() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = {
            let seen = Arc::clone(&seen);
            Arc::new(move |line: LogLine| seen.lock().expect("no panic").push(line.request_id))
        };
        let name = FunctionName::parse("greet").expect("a good name");
        let journal = Journal::new(name, 1, sink);
        journal.write("start".to_owned());
        journal.begin("one");
        journal.write("first".to_owned());
        assert_eq!(journal.tail(), "start\nfirst\n");
        journal.begin("two");
        journal.write("second".to_owned());
        assert_eq!(journal.tail(), "second\n");
        let ids = [None, Some("one".to_owned()), Some("two".to_owned())];
        assert_eq!(*seen.lock().expect("no panic"), ids);
    }
}
