//! The log: a JSON object a line, as Lambda's own log format has it.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::edge::access::{AccessLog, Record};
use crate::edge::audit::Audit;
use crate::function::metrics::Metrics;
use crate::port::Clock;

/// Takes a line, without its end.
pub type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// Writes the lines of a function, each under the invocation that is under way.
#[derive(Clone)]
pub struct Log {
    sink: Sink,
    clock: Arc<dyn Clock>,
    invocation: Arc<Mutex<String>>,
    callers: Callers,
    metrics: Option<Arc<Metrics>>,
}

/// How callers are named.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Callers {
    /// By their ARNs.
    #[default]
    Named,
    /// By digests of these: the same caller has the same digest.
    Hashed,
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

/// Writes a line to standard output at once, so that lines never mix.
pub fn write_line(line: &str) {
    let mut whole = Vec::with_capacity(line.len() + 1);
    whole.extend_from_slice(line.as_bytes());
    whole.push(b'\n');
    // Without anyone to hear it there is nothing to be done.
    let _ = std::io::stdout().write_all(&whole);
}

impl Log {
    /// A log that leads to a sink.
    pub fn new(sink: Sink, clock: Arc<dyn Clock>) -> Self {
        let (invocation, callers) = (Arc::default(), Callers::Named);
        Self { sink, clock, invocation, callers, metrics: None }
    }

    /// The same log, that names callers like this.
    pub fn naming(self, callers: Callers) -> Self {
        Self { callers, ..self }
    }

    /// The same log, that writes the metrics of each request as well.
    pub fn measuring(self, metrics: Metrics) -> Self {
        Self { metrics: Some(Arc::new(metrics)), ..self }
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
        let level = match record.status {
            500.. => Level::Error,
            _ if record.facts.warning.is_some() => Level::Warn,
            _ => Level::Info,
        };
        let hashed = self.callers == Callers::Hashed;
        self.write(level, "request", Audit::of(record, hashed));
        if let Some(metrics) = &self.metrics {
            (self.sink)(&metrics.line(record, self.clock.now()));
        }
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::deployment::metrics::{INVOCATIONS, SYSTEM_ERRORS};
    use crate::edge::access;
    use crate::system::SystemClock;

    #[test]
    fn a_request_is_a_line_for_people_and_one_for_metrics() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = lines.clone();
        let sink: Sink = Arc::new(move |line: &str| {
            let line: Value = serde_json::from_str(line).expect("JSON");
            sink.lock().expect("no panic").push(line);
        });
        let log = Log::new(sink, Arc::new(SystemClock));
        log.enter("an-id");
        let now = tokio::time::Instant::now();
        let record = |log: &Log, status| {
            access::record(&log.access(), &http::Method::POST, "/mcp", status, now);
            std::mem::take(&mut *lines.lock().expect("no panic"))
        };
        let plain = record(&log, 200);
        assert_eq!(plain.len(), 1);
        assert_eq!((&plain[0]["event"], &plain[0]["level"]), (&"request".into(), &"INFO".into()));
        assert_eq!(
            (&plain[0]["requestId"], &plain[0]["outcome"]),
            (&"an-id".into(), &"success".into())
        );

        let both = record(&log.measuring(Metrics::new("stack")), 503);
        assert_eq!(both.len(), 2);
        assert_eq!(
            (&both[0]["level"], &both[0]["outcome"]),
            (&"ERROR".into(), &"system-error".into())
        );
        assert_eq!([&both[1][INVOCATIONS], &both[1][SYSTEM_ERRORS]], [1, 1]);
        assert_eq!((&both[1]["Stack"], &both[1]["Operation"]), (&"stack".into(), &"other".into()));
    }
}
