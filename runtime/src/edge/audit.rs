//! The line of a request in a log: who called what, how it ended, and how long it took.
//!
//! What it may say is decided here, for every log in one place: never arguments but for their
//! shape, never results, headers or session ids.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::edge::access::Record;
use crate::policy::decide::Verdict;
use crate::principal::Principal;

/// Characters of a cause that are told: it may be what a function says of its failure.
pub const MAX_CAUSE_CHARACTERS: usize = 1_000;

/// The members of the line.
#[derive(Debug, Serialize)]
pub struct Audit<'a> {
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
    #[serde(rename = "caller.type", skip_serializing_if = "Option::is_none")]
    caller_type: Option<&'static str>,
    #[serde(rename = "caller", skip_serializing_if = "Option::is_none")]
    caller: Option<Cow<'a, str>>,
    #[serde(rename = "mcp.method", skip_serializing_if = "Option::is_none")]
    operation: Option<&'static str>,
    #[serde(rename = "mcp.name", skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<&'a RawValue>,
    decision: &'static str,
    #[serde(rename = "policy.verdict", skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    #[serde(rename = "policy.by", skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(rename = "policy.log_only.verdict", skip_serializing_if = "Option::is_none")]
    logged_verdict: Option<&'static str>,
    #[serde(rename = "policy.log_only.by", skip_serializing_if = "Option::is_none")]
    logged_by: Option<String>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<&'a str>,
    bytes_in: usize,
    bytes_out: usize,
    latency_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_ms: Option<f64>,
    duration_ms: f64,
}

impl<'a> Audit<'a> {
    /// What a log may say of a request; callers by their names, or by digests of these.
    pub fn of(record: &'a Record, hashed: bool) -> Self {
        let details = record.details.as_deref();
        let caller = details.map(|details| &details.principal);
        let named = |caller: &'a Principal| match caller.name() {
            "" => None,
            _ if hashed => Some(digest(caller).into()),
            name => Some(Cow::Borrowed(name)),
        };
        let limited = record.facts.retry_after_seconds.is_some();
        let authorization = record.facts.authorization.as_deref();
        let enforced = authorization.map(|authorization| &authorization.enforced);
        let logged = authorization.and_then(|authorization| authorization.logged.as_ref());
        let denied = enforced.is_some_and(|verdict| !verdict.is_allowed());
        let shape = details.and_then(|details| details.shape.as_deref());
        Self {
            method: &record.method,
            path: &record.path,
            status: record.status,
            call: record.call.as_deref(),
            failure: record.failure.as_deref(),
            cause: record.cause.as_deref().map(bounded),
            correlation: record.correlation.as_deref(),
            caller_type: caller.map(Principal::kind),
            caller: caller.and_then(named),
            operation: record.operation.map(crate::protocol::call::Method::as_str),
            name: record.name(),
            arguments: shape.and_then(|shape| serde_json::from_str(shape).ok()),
            decision: match (denied, limited) {
                (true, _) => "denied",
                (false, true) => "limited",
                (false, false) => "allowed",
            },
            verdict: enforced.map(Verdict::as_str),
            by: enforced.and_then(statements),
            logged_verdict: logged.map(Verdict::as_str),
            logged_by: logged.and_then(statements),
            outcome: record.ending.as_str(),
            retry_after_s: record.facts.retry_after_seconds,
            warning: record.facts.warning.as_deref().map(bounded),
            trace: details.and_then(|details| details.trace.as_deref()),
            bytes_in: record.bytes_in,
            bytes_out: record.bytes_out,
            latency_ms: millis(record.latency),
            target_ms: record.facts.target_time.map(millis),
            duration_ms: millis(record.duration),
        }
    }
}

/// Statements of a decision that are told.
pub const MAX_STATEMENTS: usize = 8;

/// The statements that determined a decision, with spaces between.
fn statements(verdict: &Verdict) -> Option<String> {
    let told: Vec<String> =
        verdict.by().iter().take(MAX_STATEMENTS).map(ToString::to_string).collect();
    (!told.is_empty()).then(|| told.join(" "))
}

fn bounded(text: &str) -> &str {
    text.char_indices().nth(MAX_CAUSE_CHARACTERS).map_or(text, |(end, _)| &text[..end])
}

fn digest(caller: &Principal) -> String {
    crate::port::SessionKey(caller.binding()).to_string()
}

/// Milliseconds with three digits.
fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_at_and_above_their_bound() {
        let text = "\u{e9}".repeat(MAX_CAUSE_CHARACTERS + 1);
        assert_eq!(bounded(&text).chars().count(), MAX_CAUSE_CHARACTERS);
        let text = "\u{e9}".repeat(MAX_CAUSE_CHARACTERS);
        assert_eq!(bounded(&text), text);
    }
}
