//! Standard output and error as a value that is passed down.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use crate::exit::Failure;

/// Where a command writes.
///
/// A reader that went away is no reason to fail: what cannot be written is dropped.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    one_line_at_a_time: Mutex<()>,
}

impl Output {
    /// Text for people, or JSON lines for programs.
    pub(crate) fn new(json: bool) -> Self {
        Self { json, one_line_at_a_time: Mutex::new(()) }
    }

    /// Whether programs read this.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Writes a line to standard output.
    pub(crate) fn line(&self, text: &str) {
        let _guard = self.one_line_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// Writes a failure to standard error.
    pub(crate) fn error(&self, failure: &Failure) {
        let mut err = std::io::stderr().lock();
        let text = if self.json {
            serde_json::json!({"event": "error", "code": failure.code(), "message": failure.to_string()})
                .to_string()
        } else {
            format!("mcp-lambda: {failure}")
        };
        let _ = writeln!(err, "{text}");
    }
}
