//! What the functions of a stack wrote, page by page.

use std::time::Duration;

use mcp_lambda_infra::stack::names;
use mcp_lambda_runtime::aws::json::{JsonClient, JsonError};
use mcp_lambda_runtime::port::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cli::watch::Function;

/// What whoever signs must be allowed.
pub(super) const ACTION: &str = "logs:FilterLogEvents";
/// Pages of one function that are read at once; each may have a megabyte.
const MAX_PAGES: usize = 100;

/// A line of a log.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    /// Not told by all emulators.
    pub(super) event_id: Option<String>,
    #[serde(default)]
    pub(super) log_stream_name: String,
    /// In milliseconds since the epoch.
    pub(super) timestamp: u64,
    pub(super) message: String,
}

/// How much of it was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Extent {
    Whole,
    /// There is more than one may read at once.
    Part,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FilterLogEvents<'a> {
    log_group_name: &'a str,
    start_time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_pattern: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    events: Vec<Event>,
    next_token: Option<String>,
}

/// Reads the lines from a time on that a filter pattern takes.
pub(super) async fn read(
    client: &JsonClient,
    group: &str,
    begin: Timestamp,
    filter_pattern: Option<&str>,
    mut each: impl FnMut(Event),
) -> Result<Extent, JsonError> {
    let mut next_token = None;
    for _ in 0..MAX_PAGES {
        let (log_group_name, start_time) = (group, begin.0);
        let asked = FilterLogEvents { log_group_name, start_time, filter_pattern, next_token };
        let answer = client.ask("FilterLogEvents", &asked).await?;
        let page: Page = serde_json::from_slice(&answer)
            .map_err(|_| JsonError::Unavailable("the answer cannot be read".to_owned()))?;
        page.events.into_iter().for_each(&mut each);
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(Extent::Whole);
        }
    }
    Ok(Extent::Part)
}

/// A function's name, and that of its log group.
pub(super) fn group(function: Function, identifier: &str) -> (&'static str, String) {
    let (function, suffix) = match function {
        Function::Mcp => ("mcp", names::MCP),
        Function::Api => ("api", names::API),
        Function::ApiSse => ("api-sse", names::API_SSE),
        Function::ApiMessage => ("api-message", names::API_MESSAGE),
        Function::Authorizer => ("authorizer", names::AUTHORIZER),
        Function::Public => ("public", names::PUBLIC),
        Function::Registration => ("registration", names::REGISTRATION),
        Function::Sweeper => ("sweeper", names::SWEEPER),
    };
    (function, format!("/aws/lambda/{identifier}-{suffix}"))
}

/// Whether there is no such log group.
pub(super) fn is_absent(error: &JsonError) -> bool {
    matches!(error, JsonError::Refused { code, .. } if code == "ResourceNotFoundException")
}

/// A time so much earlier.
pub(super) fn before(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp(time.0.saturating_sub(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
}

/// Says what there is no room for among the lines.
pub(super) fn say(text: &str) {
    use std::io::Write;
    // Without anyone to hear it there is nothing to be done.
    let _ = writeln!(std::io::stderr(), "{text}");
}
