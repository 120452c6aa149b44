//! `metrics --tools`: what each tool did, counted from the lines of its calls.
//!
//! No metric has a tool's name: callers would decide how many metrics there are.

use std::collections::BTreeMap;

use mcp_lambda_runtime::port::Timestamp;
use serde::Deserialize;

use super::events::{ACTION, Extent, group, is_absent, read, say};
use super::metrics::{PERCENTILES, Row};
use super::site::{LOGS, Site, refused};
use crate::cli::watch::Function;
use crate::exit::Failure;

/// The functions that answer clients.
const FUNCTIONS: [Function; 4] = [Function::Mcp, Function::Api, Function::ApiSse, Function::Public];
/// The lines of tool calls.
const FILTER: &str = r#"{ $.["mcp.method"] = "tools/call" }"#;
/// Names that are told apart. Callers write them, so there may be any number.
const MAX_NAMES: usize = 1_000;
/// What the others are called; no tool has this name.
const OTHERS: &str = "(others)";
/// Calls that are counted; each is remembered by its latency.
const MAX_CALLS: usize = 1_000_000;

/// What a line says of a call.
#[derive(Deserialize)]
struct Call {
    event: String,
    #[serde(rename = "mcp.method", default)]
    method: String,
    #[serde(rename = "mcp.name", default)]
    name: String,
    outcome: String,
    latency_ms: f64,
}

/// What was counted.
#[derive(Default)]
struct Calls {
    tools: BTreeMap<String, Tool>,
    all: Tool,
}

#[derive(Clone, Default)]
struct Tool {
    user_errors: u32,
    system_errors: u32,
    throttled: u32,
    latencies: Vec<f64>,
}

/// The rows of a stack's tools, and that of all of them.
pub(super) async fn rows(site: &Site, begin: Timestamp) -> Result<Vec<Row>, Failure> {
    let client = site.service(LOGS);
    let mut calls = Calls::default();
    for function in FUNCTIONS {
        let (_, group) = group(function, &site.identifier);
        let count = |event: super::events::Event| calls.count(&event.message);
        match read(&client, &group, begin, Some(FILTER), count).await {
            Ok(Extent::Whole) => {}
            Ok(Extent::Part) => say("there are more calls than were read; narrow --since"),
            // A stack has not all functions.
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(refused(&error, ACTION)),
        }
    }
    Ok(calls.rows())
}

impl Calls {
    fn count(&mut self, message: &str) {
        let Ok(call) = serde_json::from_str::<Call>(message) else { return };
        let is_call = call.event == "request" && call.method == "tools/call";
        if !is_call || self.all.latencies.len() >= MAX_CALLS {
            return;
        }
        let is_new = !self.tools.contains_key(&call.name);
        let name = if is_new && self.tools.len() >= MAX_NAMES { OTHERS } else { &call.name };
        self.tools.entry(name.to_owned()).or_default().count(&call);
        self.all.count(&call);
    }

    fn rows(self) -> Vec<Row> {
        let tools = self.tools.into_iter().map(|(name, tool)| (Some(name), tool));
        tools.chain([(None, self.all)]).map(|(name, tool)| tool.row(name)).collect()
    }
}

impl Tool {
    fn count(&mut self, call: &Call) {
        match call.outcome.as_str() {
            "user-error" => self.user_errors += 1,
            "system-error" => self.system_errors += 1,
            "throttled" => self.throttled += 1,
            _ => {}
        }
        self.latencies.push(call.latency_ms);
    }

    fn row(mut self, name: Option<String>) -> Row {
        self.latencies.sort_by(f64::total_cmp);
        let requests = u32::try_from(self.latencies.len()).unwrap_or(u32::MAX);
        let [p50, p90, p99] = PERCENTILES.map(|percent| percentile(&self.latencies, percent));
        let count = |number: u32| Some(f64::from(number));
        let (user, system) = (count(self.user_errors), count(self.system_errors));
        let values = [count(requests), user, system, count(self.throttled), p50, p90, p99];
        Row { name, values }
    }
}

/// The smallest value that so many of a hundred do not exceed.
fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(name: &str, outcome: &str, latency: f64) -> String {
        json!({"event": "request", "mcp.method": "tools/call", "mcp.name": name,
            "outcome": outcome, "latency_ms": latency})
        .to_string()
    }

    #[test]
    fn calls_are_counted_by_their_ends() {
        let mut calls = Calls::default();
        for (outcome, latency) in [
            ("success", 1.0),
            ("user-error", 2.0),
            ("system-error", 3.0),
            ("throttled", 4.0),
            ("cancelled", 5.0),
        ] {
            calls.count(&line("a", outcome, latency));
        }
        calls.count(&line("b", "success", 10.0));
        for other in [
            "START".to_owned(),
            line("a", "success", 1.0).replace("tools/call", "prompts/get"),
            line("a", "success", 1.0).replace("\"request\"", "\"swept\""),
        ] {
            calls.count(&other);
        }
        let rows: Vec<_> = calls.rows().into_iter().map(|row| (row.name, row.values)).collect();
        let some = |values: [f64; 7]| values.map(Some);
        let expected = [
            (Some("a".to_owned()), some([5.0, 1.0, 1.0, 1.0, 3.0, 5.0, 5.0])),
            (Some("b".to_owned()), some([1.0, 0.0, 0.0, 0.0, 10.0, 10.0, 10.0])),
            (None, some([6.0, 1.0, 1.0, 1.0, 3.0, 10.0, 10.0])),
        ];
        assert_eq!(rows, expected);
        assert_eq!(Calls::default().rows()[0].values[4], None);
    }

    #[test]
    fn names_are_bounded() {
        for (names, others) in [(MAX_NAMES - 1, false), (MAX_NAMES, false), (MAX_NAMES + 1, true)] {
            let mut calls = Calls::default();
            for name in 0..names {
                calls.count(&line(&name.to_string(), "success", 1.0));
            }
            // Known names are counted as before.
            calls.count(&line("0", "success", 1.0));
            assert_eq!(calls.tools.contains_key(OTHERS), others, "{names}");
            assert_eq!(calls.tools["0"].latencies.len(), 2);
        }
    }

    #[test]
    fn percentiles_are_values_that_were_there() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!([50, 90, 99].map(|p| percentile(&values, p)), [50.0, 90.0, 99.0].map(Some));
        assert_eq!(percentile(&[7.0], 50), Some(7.0));
        assert_eq!(percentile(&[], 50), None);
    }
}
