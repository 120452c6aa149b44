//! What can be typed to see what a deployed gateway writes and counts.

use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use mcp_lambda_runtime::port::buckets::parse_period;

use crate::cli::deployment::DEFAULT_STACK;

/// Which stack, and as whom.
#[derive(Args, Clone, Debug)]
pub(crate) struct Watched {
    /// The stack's name.
    #[arg(long, value_name = "NAME", visible_alias = "stack-name", default_value = DEFAULT_STACK)]
    pub(crate) stack: String,
    /// The region; without it that of the environment or the profile, or else us-east-1.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The profile of the AWS CLI to sign with.
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
}

/// The shortest time to look back; CloudWatch counts by the minute.
const MIN_SINCE: Duration = Duration::from_secs(60);
/// The longest: CloudWatch has what it counted in minutes for fifteen days.
const MAX_SINCE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// How far back to look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Since(Duration);

impl Since {
    /// As a duration of whole seconds.
    #[cfg_attr(not(feature = "deploy"), expect(dead_code, reason = "this program watches nothing"))]
    pub(crate) fn time(self) -> Duration {
        self.0
    }
}

/// A text that is no such time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("how far to look back is 1m to 336h, such as 10m")]
pub(crate) struct InvalidSince;

impl FromStr for Since {
    type Err = InvalidSince;

    fn from_str(text: &str) -> Result<Self, InvalidSince> {
        let time = parse_period(text).ok_or(InvalidSince)?;
        (MIN_SINCE..=MAX_SINCE).contains(&time).then_some(Self(time)).ok_or(InvalidSince)
    }
}

/// The functions of a stack.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Function {
    /// What clients call with signatures.
    Mcp,
    /// What clients call behind API Gateway.
    Api,
    /// Event streams behind API Gateway, where they have a function of their own.
    ApiSse,
    /// Messages for these streams, likewise.
    ApiMessage,
    /// What API Gateway asks whether a token is good.
    Authorizer,
    /// What clients call at the public door.
    Public,
    /// What administrators call.
    Registration,
    /// What cleans up.
    Sweeper,
}

/// The arguments of `logs`.
#[derive(Args, Clone, Debug)]
#[command(after_help = LOGS_HELP)]
pub(crate) struct LogsArguments {
    /// One of the stack's functions. Can be repeated; without it all that the stack has.
    #[arg(long = "function", value_name = "FUNCTION", value_enum)]
    pub(crate) functions: Vec<Function>,
    /// How far back to look, such as 90s, 10m or 24h.
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub(crate) since: Since,
    /// How many lines, the last ones.
    #[arg(long, value_name = "COUNT", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) lines: u32,
    /// Show new lines as they come, until Ctrl-C.
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// Only lines that this filter pattern of CloudWatch Logs takes.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) filter: Option<String>,
    #[command(flatten)]
    pub(crate) place: Watched,
}

const LOGS_HELP: &str = "\
Examples:
  mcp-lambda logs
  mcp-lambda logs --stack tools --function registration --since 24h
  mcp-lambda logs --follow --filter '{ $.level = \"ERROR\" }'
  mcp-lambda logs --filter '{ $.[\"mcp.name\"] = \"forecast\" }' --json

Needs logs:FilterLogEvents on the stack's log groups, and cloudformation:DescribeStacks.";

/// The arguments of `metrics`.
#[derive(Args, Clone, Debug)]
#[command(after_help = METRICS_HELP)]
pub(crate) struct MetricsArguments {
    /// How far back to look, such as 10m, 1h or 168h.
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub(crate) since: Since,
    /// A row for each tool, counted from the lines of its calls in the log.
    #[arg(long)]
    pub(crate) tools: bool,
    #[command(flatten)]
    pub(crate) place: Watched,
}

const METRICS_HELP: &str = "\
Examples:
  mcp-lambda metrics
  mcp-lambda metrics --tools --since 10m
  mcp-lambda metrics --stack tools --since 24h --json

A row for each operation, which is a method of MCP, and one for all. Latency is to the first byte of
the answer; without --tools, beyond a day, it is that of the day on which it was highest.
Needs cloudformation:DescribeStacks, and cloudwatch:ListMetrics and cloudwatch:GetMetricData, or
with --tools logs:FilterLogEvents.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_bounds() {
        let since = |text: &str| text.parse().map(Since::time);
        assert_eq!(since("60s"), Ok(MIN_SINCE));
        assert_eq!(since("336h"), Ok(MAX_SINCE));
        for bad in ["59s", "337h", "10", "-1m", "1d", ""] {
            assert_eq!(since(bad), Err(InvalidSince), "{bad}");
        }
    }
}
