//! What is measured of functions, as it is written down.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::request::{Case, Era};

/// Who answers.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The deployed gateway, which calls a tool's function over TLS.
    McpLambda,
    /// rmcp under `lambda_http`; it answers in process.
    Rmcp,
    /// The official TypeScript SDK on Node; it answers in process.
    TypeScript,
    /// awslabs' handler on Python; it answers in process.
    Python,
    /// A function that returns its event.
    Echo,
}

impl Subject {
    /// The servers, ours first.
    pub const SERVERS: [Self; 4] = [Self::McpLambda, Self::Rmcp, Self::TypeScript, Self::Python];

    /// The words in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::McpLambda => "mcp-lambda",
            Self::Rmcp => "rmcp",
            Self::TypeScript => "TypeScript SDK",
            Self::Python => "awslabs, Python",
            Self::Echo => "echo",
        }
    }
}

/// How it is run.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    /// Answers at once, with two trusted authorities.
    Buffered,
    /// The same, answers as streams.
    Streaming,
    /// Answers at once, with all authorities that the system trusts.
    SystemRoots,
    /// Answers at once, behind the door for the stack's tokens.
    BearerDoor,
    /// Answers at once, behind the door for access tokens.
    OAuthDoor,
    /// Answers at once, with 0.145 of a processor from the process's first instruction on.
    Quota,
    /// The same from the first question for an invocation on, as Lambda does it.
    QuotaAfterStart,
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Buffered,
        Self::Streaming,
        Self::SystemRoots,
        Self::BearerDoor,
        Self::OAuthDoor,
        Self::Quota,
        Self::QuotaAfterStart,
    ];

    /// Whether processor time is bounded.
    pub fn has_quota(self) -> bool {
        match self {
            Self::Quota | Self::QuotaAfterStart => true,
            Self::Buffered
            | Self::Streaming
            | Self::SystemRoots
            | Self::BearerDoor
            | Self::OAuthDoor => false,
        }
    }

    /// Whether callers send tokens, and do not sign.
    pub fn has_door(self) -> bool {
        match self {
            Self::BearerDoor | Self::OAuthDoor => true,
            Self::Buffered
            | Self::Streaming
            | Self::SystemRoots
            | Self::Quota
            | Self::QuotaAfterStart => false,
        }
    }

    /// The words in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buffered => "buffered",
            Self::Streaming => "streamed",
            Self::SystemRoots => "buffered, system's CAs",
            Self::BearerDoor => "buffered, bearer door",
            Self::OAuthDoor => "buffered, OAuth door",
            Self::Quota => "buffered, 0.145 vCPU",
            Self::QuotaAfterStart => "buffered, then 0.145 vCPU",
        }
    }
}

/// A median with the range of all that it stands for.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Spread {
    /// The median: the upper one of an even number of values.
    pub median: f64,
    /// The lowest.
    pub lowest: f64,
    /// The highest.
    pub highest: f64,
}

impl Spread {
    /// Of values in any order; zeros without any.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or_default();
        let last = values.len().saturating_sub(1);
        Self { median: at(values.len() / 2), lowest: at(0), highest: at(last) }
    }

    /// Of durations, in milliseconds.
    pub fn of_millis(durations: impl IntoIterator<Item = Duration>) -> Self {
        Self::of(durations.into_iter().map(|duration| duration.as_secs_f64() * 1e3))
    }
}

/// Quantiles in microseconds.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Quantiles {
    /// Half took less.
    pub p50_us: f64,
    /// 99 of 100 took less.
    pub p99_us: f64,
    /// 999 of 1,000 took less.
    pub p999_us: f64,
    /// The longest.
    pub max_us: f64,
    /// How many there were.
    pub count: u64,
}

impl Quantiles {
    /// Of times in nanoseconds.
    pub fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
        Self {
            p50_us: at(0.5),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: histogram.max() as f64 / 1e3,
            count: histogram.len(),
        }
    }
}

/// Times in nanoseconds, up to a minute.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are in order")
}

/// Adds a time to a histogram.
pub fn record(histogram: &mut Histogram<u64>, duration: Duration) {
    histogram.saturating_record(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
}

/// One request, over several fresh processes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Row {
    /// Who answers.
    pub subject: Subject,
    /// How it is run.
    pub setting: Setting,
    /// The request.
    pub case: Case,
    /// How the client speaks.
    pub era: Era,
    /// Fresh processes.
    pub processes: usize,
    /// From the start of the process to its first question for an invocation.
    pub start_ms: Spread,
    /// Processor time until then.
    pub start_cpu_ms: Spread,
    /// The first request of a process, from event to whole answer.
    pub first_ms: Spread,
    /// Its processor time.
    pub first_cpu_ms: Spread,
    /// The requests after twenty more, of all processes.
    pub warm: Quantiles,
    /// Processor time of one of them.
    pub warm_cpu_us: f64,
    /// Resident memory at the end, in MB (10⁶ bytes).
    pub resident_mb: Spread,
}

/// Streamed answers with reports of progress.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Stream {
    /// How the client speaks.
    pub era: Era,
    /// Fresh processes.
    pub processes: usize,
    /// From the event to the first byte of a process's first answer.
    pub first_byte_ms: Spread,
    /// The same of later answers.
    pub warm_first_byte_ms: Spread,
    /// From a report's sending by the tool's function to its arrival at the Runtime API.
    pub delay: Quantiles,
}

/// What a bare client needs for a call of the endpoint, over a connection that it keeps.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Floor {
    /// The operation.
    pub operation: String,
    /// The calls.
    pub warm: Quantiles,
    /// A call with the connection and the TLS handshake that it needs.
    pub first_ms: Spread,
}

/// A line of `functions.json`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// A request.
    Request(Row),
    /// Streamed answers.
    Stream(Stream),
    /// What lies under ours.
    Floor(Floor),
    /// What was left out.
    Left {
        /// What, and why, in one sentence.
        why: String,
    },
}

/// A line of `sizes.json`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Size {
    /// A deployment package.
    Package {
        /// Whose.
        subject: Subject,
        /// What it is.
        what: String,
        /// The bytes of its files.
        bytes: u64,
        /// The bytes of its zip archive.
        zip_bytes: u64,
    },
    /// What was left out.
    Left {
        /// What, and why, in one sentence.
        why: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads() {
        let spread = |values: &[f64]| {
            let Spread { median, lowest, highest } = Spread::of(values.iter().copied());
            (median, lowest, highest)
        };
        assert_eq!(spread(&[]), (0.0, 0.0, 0.0));
        assert_eq!(spread(&[2.0]), (2.0, 2.0, 2.0));
        assert_eq!(spread(&[3.0, 1.0, 2.0]), (2.0, 1.0, 3.0));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]), (3.0, 1.0, 4.0));
        let millis = Spread::of_millis([Duration::from_micros(1_500)]);
        assert_eq!(millis.median, 1.5);
    }

    #[test]
    fn quantiles() {
        let mut times = histogram();
        (1..=1_000).for_each(|micros| record(&mut times, Duration::from_micros(micros)));
        let Quantiles { p50_us, p99_us, p999_us, max_us, count } = Quantiles::of(&times);
        let near = |value: f64, wanted: f64| (value - wanted).abs() <= wanted / 1_000.0;
        assert!(near(p50_us, 500.0) && near(p99_us, 990.0), "{p50_us} {p99_us}");
        assert!(near(p999_us, 999.0) && near(max_us, 1_000.0), "{p999_us} {max_us}");
        assert_eq!(count, 1_000);
    }
}
