//! A line of a log as people read it.

use std::fmt::Write;

use mcp_lambda_runtime::port::Timestamp;
use serde_json::Value;

use crate::text::lines;

/// Columns of a function's name.
const WIDTH: usize = "registration".len();

/// What a function wrote, on one line.
pub(super) fn words(function: &str, at: Timestamp, message: &str) -> String {
    let said = match serde_json::from_str::<Value>(message) {
        Ok(line) if line["event"] == "request" => request(&line),
        Ok(line) if line["event"].is_string() => sentence(&line),
        Ok(line) if line["type"].is_string() => platform(&line),
        // A tool's own lines, and what is no JSON, stay as they are.
        Ok(_) | Err(_) => message.trim().to_owned(),
    };
    let said = lines(&said).replace(['\n', '\t'], " ");
    format!("{}  {function:<WIDTH$}  {said}", at.to_rfc3339())
}

/// Whether a line is for CloudWatch alone, which makes metrics of it.
pub(super) fn is_for_metrics(message: &str) -> bool {
    message.starts_with(r#"{"_aws":"#)
}

/// Who called what, how it ended and how long it took.
fn request(line: &Value) -> String {
    let text = |name: &str| line[name].as_str().unwrap_or_default();
    let mut said = format!("{:<5}  ", text("level"));
    match text("rpc.call") {
        "" => {
            let _ = write!(said, "{} {}", text("http.method"), text("http.path"));
        }
        call => said.push_str(call),
    }
    let _ = write!(said, "  {} {}", line["http.status"], text("outcome"));
    if let Some(time) = line["duration_ms"].as_f64() {
        let _ = write!(said, "  {time:.1} ms");
    }
    if let Some(time) = line["target_ms"].as_f64() {
        let _ = write!(said, ", {time:.1} ms of it in functions");
    }
    let denied = if text("decision") == "denied" { "denied by policies" } else { "" };
    for more in [text("caller"), denied, text("rpc.failure"), text("cause"), text("warning")] {
        if !more.is_empty() {
            let _ = write!(said, "  {more}");
        }
    }
    // By this name clients know a failure.
    if !text("rpc.failure").is_empty() && !text("correlation").is_empty() {
        let _ = write!(said, "  ({})", text("correlation"));
    }
    said
}

/// What the program says of itself; events of programs have a message, or members of their own.
fn sentence(line: &Value) -> String {
    let text = |name: &str| line[name].as_str().unwrap_or_default();
    let mut said = format!("{:<5}  {}", text("level"), text("event"));
    match line["message"].as_str() {
        Some(message) => {
            let _ = write!(said, ": {message}");
        }
        None => {
            let known = ["timestamp", "level", "requestId", "event"];
            let members = line.as_object().into_iter().flatten();
            for (name, value) in members.filter(|(name, _)| !known.contains(&name.as_str())) {
                let _ = write!(said, "  {name}={value}");
            }
        }
    }
    said
}

/// What Lambda says of an invocation.
fn platform(line: &Value) -> String {
    let (record, metrics) = (&line["record"], &line["record"]["metrics"]);
    let mut said = line["type"].as_str().unwrap_or_default().to_owned();
    for (words, value, unit) in [
        ("", &record["status"], ""),
        ("in ", &metrics["durationMs"], " ms"),
        ("billed ", &metrics["billedDurationMs"], " ms"),
        ("started in ", &metrics["initDurationMs"], " ms"),
        ("used ", &metrics["maxMemoryUsedMB"], " MB"),
    ] {
        match value {
            Value::Null => {}
            Value::String(text) => {
                let _ = write!(said, "  {words}{text}{unit}");
            }
            Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                let _ = write!(said, "  {words}{value}{unit}");
            }
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(message: &str) -> String {
        let whole = words("mcp", Timestamp(1_000), message);
        let rest = whole.strip_prefix("1970-01-01T00:00:01.000Z  mcp           ");
        rest.unwrap_or_else(|| panic!("{whole}")).to_owned()
    }

    #[test]
    fn requests() {
        let good = json!({
            "timestamp": "t", "level": "INFO", "requestId": "r", "event": "request",
            "http.method": "POST", "http.path": "/mcp", "http.status": 200,
            "rpc.call": "tools/call forecast", "rpc.failure": null, "cause": null,
            "caller": "arn:aws:iam::1:user/a", "decision": "allowed", "outcome": "success",
            "correlation": "c", "duration_ms": 12.345, "target_ms": 8.0
        });
        let expected = "INFO   tools/call forecast  200 success  12.3 ms, 8.0 ms of it in \
                        functions  arn:aws:iam::1:user/a";
        assert_eq!(said(&good.to_string()), expected);
        let bad = json!({
            "level": "ERROR", "event": "request", "http.method": "GET", "http.path": "/sse",
            "http.status": 500, "rpc.failure": "-32603", "cause": "a\nb\u{1b}[2J",
            "decision": "denied", "outcome": "system-error", "correlation": "c", "duration_ms": 1
        });
        let expected = "ERROR  GET /sse  500 system-error  1.0 ms  denied by policies  -32603  \
                        a b\u{fffd}[2J  (c)";
        assert_eq!(said(&bad.to_string()), expected);
    }

    #[test]
    fn everything_else() {
        for (line, expected) in [
            (
                json!({"level": "WARN", "event": "settled", "message": "one right", "timestamp": "t"}),
                "WARN   settled: one right",
            ),
            (
                json!({"level": "INFO", "event": "swept", "removed": 2, "requestId": "r"}),
                "INFO   swept  removed=2",
            ),
            (
                json!({"type": "platform.report", "record": {"status": "success", "metrics":
                    {"durationMs": 4.5, "billedDurationMs": 5, "maxMemoryUsedMB": 64}}}),
                "platform.report  success  in 4.5 ms  billed 5 ms  used 64 MB",
            ),
            (json!({"mine": 1}), r#"{"mine":1}"#),
        ] {
            assert_eq!(said(&line.to_string()), expected);
        }
        assert_eq!(said("START RequestId: x\tVersion: 1\n"), "START RequestId: x Version: 1");
    }

    #[test]
    fn what_is_for_metrics() {
        assert!(is_for_metrics(r#"{"_aws":{"Timestamp":1}}"#));
        assert!(!is_for_metrics(r#"{"event":"request"}"#));
    }
}
