//! The log: a JSON object a line, as Lambda's own log format has it.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::edge::access::{AccessLog, Record};
use crate::port::Clock;

/// Takes a line, without its end.
pub type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// Writes the lines of a function, each under the invocation that is under way.
#[derive(Clone)]
pub struct Log {
    sink: Sink,
    clock: Arc<dyn Clock>,
    invocation: Arc<Mutex<String>>,
}

/// How much a line matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Level {
    /// As usual.
    Info,
    /// Somebody should look at it.
    Warn,
    /// Somebody must look at it.
    Error,
}

#[derive(Serialize)]
struct Line<'a, T: Serialize> {
    timestamp: String,
    level: &'static str,
    #[serde(rename = "requestId", skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    event: &'static str,
    #[serde(flatten)]
    fields: T,
}

#[derive(Serialize)]
struct Text<'a> {
    message: &'a str,
}

#[derive(Serialize)]
struct Request<'a> {
    #[serde(rename = "http.method")]
    method: &'a str,
    #[serde(rename = "http.path")]
    path: &'a str,
    #[serde(rename = "http.status")]
    status: u16,
    #[serde(rename = "rpc.call")]
    call: Option<&'a str>,
    #[serde(rename = "rpc.failure")]
    failure: Option<&'a str>,
    cause: Option<&'a str>,
    correlation: Option<&'a str>,
    duration_ms: f64,
}

impl Log {
    /// A log that leads to a sink.
    pub fn new(sink: Sink, clock: Arc<dyn Clock>) -> Self {
        Self { sink, clock, invocation: Arc::default() }
    }

    /// Names the invocation that the following lines belong to.
    pub(super) fn enter(&self, invocation: &str) {
        let mut current = self.invocation.lock().unwrap_or_else(PoisonError::into_inner);
        invocation.clone_into(&mut current);
    }

    /// Writes a sentence.
    pub fn say(&self, level: Level, event: &'static str, message: &str) {
        self.write(level, event, Text { message });
    }

    /// Takes the records of requests.
    pub fn access(&self) -> AccessLog {
        let log = self.clone();
        Arc::new(move |record| log.record(record))
    }

    fn record(&self, record: &Record) {
        let level = if record.status >= 500 { Level::Error } else { Level::Info };
        let micros = (record.duration.as_secs_f64() * 1_000_000.0).round();
        let request = Request {
            method: &record.method,
            path: &record.path,
            status: record.status,
            call: record.call.as_deref(),
            failure: record.failure.as_deref(),
            cause: record.cause.as_deref(),
            correlation: record.correlation.as_deref(),
            duration_ms: micros / 1_000.0,
        };
        self.write(level, "request", request);
    }

    fn write(&self, level: Level, event: &'static str, fields: impl Serialize) {
        let level = match level {
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
        };
        let timestamp = self.clock.now().to_rfc3339();
        let current = self.invocation.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let line = Line { timestamp, level, request_id: &current, event, fields };
        // Texts and numbers always have a JSON form.
        if let Ok(line) = serde_json::to_string(&line) {
            (self.sink)(&line);
        }
    }
}
