//! The answer of a streaming function: lines of notifications, and last the result.
//!
//! Every line that is a JSON object with a `method` beginning `notifications/` is one; with the
//! first other line the result begins, and it reaches to the end.

use serde::Deserialize;

use crate::protocol::notification::Relay;
use crate::protocol::{json, limits};

/// What Lambda puts between the HTTP metadata and the body of a streamed HTTP answer.
const PRELUDE_END: [u8; 8] = [0; 8];

/// Where HTTP metadata must have ended if there is any.
const MAX_PRELUDE_BYTES: usize = 64 * 1024;

/// Splits chunks into notifications and the result.
#[derive(Debug)]
pub struct Lines {
    relay: Relay,
    buffer: Vec<u8>,
    /// What stands before was relayed.
    start: usize,
    /// What stands before holds no line end.
    searched: usize,
    in_result: bool,
    /// The status of HTTP metadata.
    status: Option<u16>,
}

impl Lines {
    /// Starts a stream.
    pub fn new(relay: Relay) -> Self {
        Self { relay, buffer: Vec::new(), start: 0, searched: 0, in_result: false, status: None }
    }

    /// Takes a chunk and yields the messages that are complete with it.
    pub fn feed(&mut self, chunk: &[u8]) -> Vec<String> {
        self.compact();
        let before = self.buffer.len();
        self.buffer.extend_from_slice(chunk);
        self.skip_prelude(before);
        let mut messages = Vec::new();
        while !self.in_result {
            let found = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n');
            let Some(end) = found.map(|at| self.searched + at) else {
                self.searched = self.buffer.len();
                self.in_result = self.buffer.len() - self.start > limits::MAX_STREAM_LINE_BYTES;
                break;
            };
            match self.relay_line(end) {
                Some(message) => messages.extend(message),
                None => self.in_result = true,
            }
        }
        messages
    }

    /// Whether the result is larger than a result may be.
    pub fn is_over_limit(&self) -> bool {
        self.buffer.len() - self.start > limits::MAX_RESULT_BYTES
    }

    /// The last messages, and the result.
    pub fn finish(mut self) -> (Vec<String>, Vec<u8>) {
        let end = self.buffer.len();
        let mut messages = Vec::new();
        if !self.in_result
            && let Some(message) = self.relay_line(end)
        {
            messages.extend(message);
        }
        self.compact();
        (messages, self.result())
    }

    /// The result; one whose HTTP status says that it failed, as an HTTP answer that says so.
    fn result(self) -> Vec<u8> {
        match self.status {
            Some(status) if status >= 400 => {
                let body = json::string(&String::from_utf8_lossy(&self.buffer));
                format!(r#"{{"statusCode":{status},"body":{body}}}"#).into_bytes()
            }
            _ => self.buffer,
        }
    }

    /// Consumes a line that is blank or a notification: `Some` of what is to be passed on.
    fn relay_line(&mut self, end: usize) -> Option<Option<String>> {
        if end - self.start > limits::MAX_STREAM_LINE_BYTES {
            return None;
        }
        let line = std::str::from_utf8(&self.buffer[self.start..end]).ok()?;
        let message = if line.trim().is_empty() {
            None
        } else {
            let found = Relay::parse(line)?;
            self.relay.pass(&found)
        };
        self.start = (end + 1).min(self.buffer.len());
        self.searched = self.start;
        Some(message)
    }

    /// Forgets what was relayed, once for each chunk and not for each line.
    fn compact(&mut self) {
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
    }

    /// JSON never holds NUL bytes, so where eight stand in a row, HTTP metadata came before.
    fn skip_prelude(&mut self, before: usize) {
        if before > MAX_PRELUDE_BYTES {
            return;
        }
        let from = before.saturating_sub(PRELUDE_END.len() - 1);
        let mut windows = self.buffer[from..].windows(PRELUDE_END.len());
        if let Some(at) = windows.position(|window| window == PRELUDE_END) {
            self.status = status(&self.buffer[..from + at]);
            self.start = from + at + PRELUDE_END.len();
            self.searched = self.start;
            self.in_result = false;
        }
    }
}

fn status(metadata: &[u8]) -> Option<u16> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Metadata {
        status_code: u16,
    }
    let text = std::str::from_utf8(metadata).ok()?;
    json::object::<Metadata>(text).ok().map(|metadata| metadata.status_code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::notification::{LogLevel, Wanted};

    fn run(chunks: &[&[u8]]) -> (usize, String) {
        let wanted = Wanted { log: Some(LogLevel::Debug), ..Wanted::default() };
        let mut lines = Lines::new(Relay::new(wanted));
        let mut messages: Vec<String> = Vec::new();
        for chunk in chunks {
            messages.extend(lines.feed(chunk));
        }
        let (last, payload) = lines.finish();
        messages.extend(last);
        (messages.len(), String::from_utf8(payload).expect("UTF-8"))
    }

    const LOG: &[u8] = br#"{"method":"notifications/message","params":{"level":"info","data":1}}"#;

    #[test]
    fn however_the_bytes_are_cut() {
        let whole = [LOG, b"\n", LOG, b"\n\n{\"a\":\n 1}\n"].concat();
        for cut in 0..whole.len() {
            let (messages, result) = run(&[&whole[..cut], &whole[cut..]]);
            assert_eq!((messages, result.as_str()), (2, "{\"a\":\n 1}\n"), "cut at {cut}");
        }
    }

    #[test]
    fn results_without_notifications_and_notifications_without_results() {
        assert_eq!(run(&[b"7"]), (0, "7".to_owned()));
        assert_eq!(run(&[]), (0, String::new()));
        assert_eq!(run(&[LOG]), (1, String::new()));
        assert_eq!(run(&[b"text\n", LOG]).0, 0);
    }

    #[test]
    fn http_metadata_is_left_out() {
        let whole = [b"{\"statusCode\":200}", &[0u8; 8][..], LOG, b"\n{}"].concat();
        assert_eq!(run(&[&whole]), (1, "{}".to_owned()));
        let failed = [b"{\"statusCode\":404}", &[0u8; 8][..], b"none"].concat();
        assert_eq!(run(&[&failed]), (0, r#"{"statusCode":404,"body":"none"}"#.to_owned()));
    }

    #[test]
    fn long_results_in_small_chunks_are_not_searched_again_and_again() {
        let chunk = [b'x'; 1_024];
        let mut lines = Lines::new(Relay::new(Wanted::default()));
        // Searching the whole again for each chunk would touch 18 GB.
        for _ in 0..6 * 1_024 {
            assert!(lines.feed(&chunk).is_empty());
        }
        assert!(!lines.is_over_limit());
        lines.feed(b"x");
        assert!(lines.is_over_limit());
    }
}
