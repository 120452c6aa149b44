//! The time, as a structured result.

use std::time::{Duration, SystemTime};

use mcp_lambda_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

/// A moment.
#[derive(Debug, Serialize, JsonSchema)]
struct Moment {
    /// In UTC, by RFC 3339.
    utc: String,
    /// At the offset that was asked for, without the offset.
    local: String,
    /// Seconds since 1970-01-01 UTC.
    unix_seconds: u64,
}

/// Tells what time it is.
#[tool(read_only)]
async fn current_time(
    /** Minutes that local time is ahead of UTC, such as 120; 0 if it is left out. */
    #[schemars(range(min = -1440, max = 1440))]
    utc_offset_minutes: Option<i16>,
) -> Moment {
    #[expect(clippy::disallowed_methods, reason = "the clock is what this tool is about")]
    let now = SystemTime::now();
    let offset = utc_offset_minutes.unwrap_or(0);
    let distance = Duration::from_secs(60 * u64::from(offset.unsigned_abs()));
    let local = if offset < 0 { now - distance } else { now + distance };
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let local = humantime::format_rfc3339_seconds(local).to_string();
    Moment {
        utc: humantime::format_rfc3339_seconds(now).to_string(),
        local: local.trim_end_matches('Z').to_owned(),
        unix_seconds: since.as_secs(),
    }
}

fn main() -> ExitCode {
    Server::new("clock", env!("CARGO_PKG_VERSION")).tool(current_time).serve()
}
