//! Metrics of requests: lines in CloudWatch's embedded metric format, which CloudWatch reads out of
//! the function's log. Nothing is called and nobody waits.
//! Their names and meanings: [`deployment::metrics`](crate::deployment::metrics).

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::deployment::metrics::{
    ACTIVE_SESSIONS, DURATION, INVOCATIONS, LATENCY, LIMIT_FAILURES, MESSAGES_IN, MESSAGES_OUT,
    NAMESPACE, OPERATION, SESSIONS_STARTED, STACK, SYSTEM_ERRORS, TARGET_EXECUTION_TIME, THROTTLES,
    USER_ERRORS,
};
use crate::edge::access::{Ending, Record};
use crate::edge::routes::Place;
use crate::port::{SessionKey, Timestamp};
use crate::protocol::json;

/// The operations that are no MCP methods: the administrators' plane, the stream and the messages
/// of HTTP+SSE, the health check, batches, and everything that could not be understood.
pub const OTHER_OPERATIONS: [&str; 6] = ["register", "sse", "message", "health", "batch", "other"];

/// The time in which an active session counts once: the period of the metric's statistics.
pub const ACTIVE_WINDOW: Duration = Duration::from_secs(5 * 60);
/// Sessions that are remembered within it; further ones are counted again.
const MAX_REMEMBERED: usize = 10_000;

/// Makes the lines of one function.
#[derive(Debug)]
pub struct Metrics {
    /// As JSON.
    stack: String,
    active: Mutex<Active>,
}

#[derive(Debug, Default)]
struct Active {
    window: u64,
    sessions: HashSet<SessionKey>,
}

impl Metrics {
    /// The metrics of a stack.
    pub fn new(stack: &str) -> Self {
        Self { stack: json::string(stack), active: Mutex::default() }
    }

    /// The line of a request: one JSON object without line ends.
    pub fn line(&self, record: &Record, now: Timestamp) -> String {
        let counted = |ending| f64::from(u8::from(record.ending == ending));
        let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        let flag = |set: bool| f64::from(u8::from(set));
        let facts = &record.facts;
        let metrics = [
            (INVOCATIONS, COUNT, Some(1.0)),
            (THROTTLES, COUNT, Some(counted(Ending::Throttled))),
            (SYSTEM_ERRORS, COUNT, Some(counted(Ending::SystemError))),
            (USER_ERRORS, COUNT, Some(counted(Ending::UserError))),
            (LATENCY, MILLISECONDS, Some(millis(record.latency))),
            (DURATION, MILLISECONDS, Some(millis(record.duration))),
            (TARGET_EXECUTION_TIME, MILLISECONDS, facts.target_time.map(millis)),
            (SESSIONS_STARTED, COUNT, Some(flag(facts.session_began))),
            (ACTIVE_SESSIONS, COUNT, Some(flag(self.is_newly_active(record.session, now)))),
            (MESSAGES_IN, COUNT, Some(count(record.messages_in))),
            (MESSAGES_OUT, COUNT, Some(count(record.messages_out))),
            (LIMIT_FAILURES, COUNT, Some(flag(facts.warning.is_some()))),
        ];
        let mut directives = String::new();
        let mut values = String::new();
        for (name, unit, value) in metrics {
            let Some(value) = value else { continue };
            let comma = if directives.is_empty() { "" } else { "," };
            let _ = write!(directives, r#"{comma}{{"Name":"{name}","Unit":"{unit}"}}"#);
            let _ = write!(values, r#","{name}":{value}"#);
        }
        format!(
            concat!(
                r#"{{"_aws":{{"Timestamp":{},"CloudWatchMetrics":[{{"Namespace":"{}","#,
                r#""Dimensions":[["{}"],["{}","{}"]],"Metrics":[{}]}}]}},"#,
                r#""{}":{},"{}":"{}"{}}}"#
            ),
            now.0,
            NAMESPACE,
            STACK,
            STACK,
            OPERATION,
            directives,
            STACK,
            self.stack,
            OPERATION,
            operation(record),
            values
        )
    }

    fn is_newly_active(&self, session: Option<SessionKey>, now: Timestamp) -> bool {
        let Some(session) = session else { return false };
        let window = now.0 / u64::try_from(ACTIVE_WINDOW.as_millis()).unwrap_or(u64::MAX);
        let mut active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        if active.window != window || active.sessions.len() >= MAX_REMEMBERED {
            active.window = window;
            active.sessions.clear();
        }
        active.sessions.insert(session)
    }
}

const COUNT: &str = "Count";
const MILLISECONDS: &str = "Milliseconds";

/// Milliseconds with three digits.
fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

/// One of a fixed set of words, whatever the request says.
fn operation(record: &Record) -> &'static str {
    if let Some(method) = record.operation {
        return method.as_str();
    }
    let [register, sse, message, health, batch, other] = OTHER_OPERATIONS;
    match Place::of(&record.path) {
        Some(Place::Sse(_)) => sse,
        Some(Place::Message(_)) => message,
        Some(Place::Health) => health,
        // All of them are the admin plane's.
        Some(Place::Register(_) | Place::Policies(_) | Place::Servers(_)) => register,
        Some(Place::Mcp(_)) if record.messages_in > 1 => batch,
        Some(Place::Mcp(_) | Place::Metadata(_)) | None => other,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::Method;
    use serde_json::{Value, json};

    use super::*;
    use crate::edge::access::{self, AccessLog};
    use crate::protocol::call;
    use crate::protocol::version::{LegacyVersion, Version};

    fn record(path: &str, status: u16) -> Record {
        let kept = Arc::new(Mutex::new(None));
        let sink = kept.clone();
        let log: AccessLog = Arc::new(move |record: &Record| {
            *sink.lock().expect("no panic") = Some(record.clone());
        });
        access::record(&log, &Method::POST, path, status, tokio::time::Instant::now());
        let mut kept = kept.lock().expect("no panic");
        kept.take().expect("a record")
    }

    fn line(metrics: &Metrics, record: &Record, now: u64) -> Value {
        let line = metrics.line(record, Timestamp(now));
        assert!(!line.contains('\n'));
        serde_json::from_str(&line).expect("JSON")
    }

    /// What the embedded metric format wants, as far as these lines use it.
    fn check(line: &Value) {
        let root = line["_aws"].as_object().expect("metadata");
        assert!(root["Timestamp"].is_u64());
        let directives = root["CloudWatchMetrics"].as_array().expect("directives");
        assert_eq!((root.len(), directives.len()), (2, 1));
        let directive = directives[0].as_object().expect("a directive");
        assert_eq!(directive.len(), 3);
        assert_eq!(directive["Namespace"], "mcp-lambda");
        assert_eq!(directive["Dimensions"], json!([["Stack"], ["Stack", "Operation"]]));
        for dimension in ["Stack", "Operation"] {
            let value = line[dimension].as_str().expect("dimensions are strings");
            assert!((1..=1_024).contains(&value.len()));
        }
        let metrics = directive["Metrics"].as_array().expect("metrics");
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let name = metric["Name"].as_str().expect("a name");
            assert!(matches!(metric["Unit"].as_str(), Some("Count" | "Milliseconds")), "{metric}");
            assert!(line[name].as_f64().is_some_and(|value| value >= 0.0), "{name}");
        }
        let told = line.as_object().expect("an object").len();
        assert_eq!(told, metrics.len() + 3, "every member is a metric, a dimension or metadata");
    }

    #[test]
    fn lines_are_valid_and_dimensions_bounded() {
        let metrics = Metrics::new("a \"stack\"");
        for (path, operation) in [
            ("/sse", "sse"),
            ("/message", "message"),
            ("/health/", "health"),
            ("/register", "register"),
            ("/register/tool-a", "register"),
            ("/policies/a", "register"),
            ("/servers", "register"),
            ("/s/a/sse", "sse"),
            ("/registered", "other"),
            ("/mcp", "other"),
            ("/evil", "other"),
        ] {
            let line = line(&metrics, &record(path, 200), 7);
            check(&line);
            assert_eq!(
                (&line["Stack"], &line["Operation"]),
                (&json!("a \"stack\""), &json!(operation))
            );
            assert!(OTHER_OPERATIONS.contains(&operation));
        }
        let batch = Record { messages_in: 2, messages_out: 1, ..record("/mcp", 200) };
        let line = line(&metrics, &batch, 7);
        assert_eq!(line["Operation"], "batch");
        assert_eq!([&line[MESSAGES_IN], &line[MESSAGES_OUT]], [2, 1]);
        let operation = call::Method::parse("tools/call", Version::Legacy(LegacyVersion::NEWEST));
        let called = Record { operation, call: Some("evil".to_owned()), ..batch };
        assert_eq!(self::line(&metrics, &called, 7)["Operation"], "tools/call");
    }

    #[test]
    fn every_end_has_its_metric() {
        let metrics = Metrics::new("stack");
        for (status, counted) in [
            (200, None),
            (202, None),
            (404, Some(USER_ERRORS)),
            (429, Some(THROTTLES)),
            (503, Some(SYSTEM_ERRORS)),
        ] {
            let line = line(&metrics, &record("/mcp", status), 7);
            assert_eq!(line[INVOCATIONS], 1);
            for name in [THROTTLES, SYSTEM_ERRORS, USER_ERRORS] {
                assert_eq!(line[name], u8::from(counted == Some(name)), "{name} of {status}");
            }
            assert!(line.get(TARGET_EXECUTION_TIME).is_none());
        }
        let mut called = record("/mcp", 200);
        called.facts.target_time = Some(Duration::from_micros(1_234_567));
        called.facts.warning = Some("unavailable".to_owned());
        called.facts.session_began = true;
        let line = line(&metrics, &called, 7);
        check(&line);
        assert_eq!(line[TARGET_EXECUTION_TIME], 1_234.567);
        assert_eq!([&line[LIMIT_FAILURES], &line[SESSIONS_STARTED]], [1, 1]);
    }

    #[test]
    fn a_session_is_active_once_in_five_minutes() {
        let metrics = Metrics::new("stack");
        let of =
            |key: Option<[u8; 16]>| Record { session: key.map(SessionKey), ..record("/mcp", 200) };
        let active = |record: &Record, now: u64| line(&metrics, record, now)[ACTIVE_SESSIONS] == 1;
        let (one, other, window) = (of(Some([1; 16])), of(Some([2; 16])), 300_000);
        for (now, expected) in [(0, true), (window - 1, false), (window, true), (window, false)] {
            assert_eq!(active(&one, now), expected, "at {now}");
        }
        assert!(active(&other, window) && !active(&of(None), window));
        for number in 0..MAX_REMEMBERED {
            let mut key = [3; 16];
            key[..8].copy_from_slice(&number.to_be_bytes());
            metrics.is_newly_active(Some(SessionKey(key)), Timestamp(window));
        }
        let remembered = metrics.active.lock().expect("no panic").sessions.len();
        assert!(remembered <= MAX_REMEMBERED, "{remembered}");
    }
}
