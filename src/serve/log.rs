//! One line for each request and for each line that a function writes.

use std::fmt::Write;

use lambda_host::LogLine;
use mcp_lambda_runtime::edge::access::Record;
use mcp_lambda_runtime::edge::audit::Audit;
use serde::Serialize;

use crate::output::Output;

/// A request's line for programs.
#[derive(Serialize)]
struct RequestLine<'a> {
    event: &'static str,
    #[serde(flatten)]
    audit: Audit<'a>,
}

/// A request that was answered.
pub(super) fn request(output: &Output, record: &Record) {
    let millis = record.duration.as_secs_f64() * 1_000.0;
    if output.is_json() {
        let audit = Audit::of(record, false);
        return json(output, &RequestLine { event: "request", audit });
    }
    let mut line = format!("{:>3} {:<6} {}", record.status, record.method, record.path);
    for part in
        [&record.call, &record.failure, &record.cause, &record.facts.warning].into_iter().flatten()
    {
        line.push_str("  ");
        push_printable(&mut line, part);
    }
    let _ = write!(line, "  {millis:.1} ms");
    output.line(line);
}

/// A function's line for programs.
#[derive(Serialize)]
struct FunctionLine<'a> {
    event: &'static str,
    function: &'a str,
    request_id: Option<&'a str>,
    text: &'a str,
}

/// A line of a function's output.
pub(super) fn function(output: &Output, line: &LogLine) {
    let function = line.function.to_string();
    if output.is_json() {
        let request_id = line.request_id.as_deref();
        let (event, text) = ("log", line.text.as_str());
        return json(output, &FunctionLine { event, function: &function, request_id, text });
    }
    let mut text = format!("    [{function}] ");
    push_printable(&mut text, &line.text);
    output.line(text);
}

fn json(output: &Output, line: &impl Serialize) {
    // Texts and numbers always have a JSON form.
    if let Ok(text) = serde_json::to_string(line) {
        output.line(text);
    }
}

/// Control characters could rewrite what stands on a terminal.
fn push_printable(line: &mut String, text: &str) {
    line.extend(text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }));
}
