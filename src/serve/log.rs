//! One line for each request and for each line that a function writes.

use lambda_host::LogLine;
use mcp_lambda_runtime::edge::access::Record;
use serde_json::json;

use crate::output::Output;

/// A request that was answered.
pub(super) fn request(output: &Output, record: &Record) {
    let millis = record.duration.as_secs_f64() * 1_000.0;
    if output.is_json() {
        let line = json!({
            "event": "request",
            "http.method": record.method,
            "http.path": record.path,
            "http.status": record.status,
            "rpc.call": record.call,
            "rpc.failure": record.failure,
            "cause": record.cause,
            "correlation": record.correlation,
            "duration_ms": (millis * 1_000.0).round() / 1_000.0,
        });
        return output.line(&line.to_string());
    }
    let mut line = format!("{:>3} {:<6} {}", record.status, record.method, record.path);
    for part in [&record.call, &record.failure, &record.cause].into_iter().flatten() {
        line.push_str("  ");
        line.push_str(&printable(part));
    }
    output.line(&format!("{line}  {millis:.1} ms"));
}

/// A line of a function's output.
pub(super) fn function(output: &Output, line: &LogLine) {
    if output.is_json() {
        let line = json!({
            "event": "log",
            "function": line.function.to_string(),
            "request_id": line.request_id,
            "text": line.text,
        });
        return output.line(&line.to_string());
    }
    output.line(&format!("    [{}] {}", line.function, printable(&line.text)));
}

/// Control characters could rewrite what stands on a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}
