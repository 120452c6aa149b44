//! `metrics`: what a stack counted, by its operations.

use std::collections::BTreeMap;

use mcp_lambda_runtime::aws::json::{JsonClient, JsonError};
use mcp_lambda_runtime::deployment::metrics::{
    INVOCATIONS, LATENCY, NAMESPACE, OPERATION, STACK, SYSTEM_ERRORS, THROTTLES, USER_ERRORS,
};
use mcp_lambda_runtime::port::{Clock, Timestamp};
use mcp_lambda_runtime::system::SystemClock;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::events::{before, say};
use super::site::{METRICS, Site, refused};
use super::tools;
use crate::cli::watch::{MetricsArguments, Since};
use crate::commands;
use crate::exit::Failure;
use crate::output::Output;
use crate::text::table;

/// What is asked for of each operation: the metric, and the statistic of it.
const COLUMNS: [(&str, &str); 7] = [
    (INVOCATIONS, SUM),
    (USER_ERRORS, SUM),
    (SYSTEM_ERRORS, SUM),
    (THROTTLES, SUM),
    (LATENCY, "p50"),
    (LATENCY, "p90"),
    (LATENCY, "p99"),
];
/// The percentiles among them.
pub(super) const PERCENTILES: [usize; 3] = [50, 90, 99];
const SUM: &str = "Sum";
/// Operations that are shown. There are fewer, and one request may ask for 500 statistics.
const MAX_OPERATIONS: usize = 60;
/// Pages of an answer.
const MAX_PAGES: usize = 10;
/// Seconds of the longest period of a statistic.
const DAY: u64 = 24 * 60 * 60;
/// Seconds to which times and periods are rounded.
const MINUTE: u64 = 60;

/// Shows what was counted.
pub(crate) fn run(arguments: &MetricsArguments, output: &Output) -> Result<(), Failure> {
    commands::run(async {
        let site = Site::find(&arguments.place).await?;
        let now = SystemClock.now();
        let mut rows = if arguments.tools {
            tools::rows(&site, before(now, arguments.since.time())).await?
        } else {
            let client = site.service(METRICS);
            let operations = operations(&client, &site.identifier).await?;
            let window = Window::new(now, arguments.since);
            read(&client, &site.identifier, &operations, &window).await?
        };
        rows.retain(|row| row.requests() > 0.0);
        if rows.is_empty() && !output.is_json() {
            say("nothing was counted in that time; --since looks further back");
            return Ok(());
        }
        // The row of all comes last.
        rows.sort_by(|a, b| {
            let all = a.name.is_none().cmp(&b.name.is_none());
            all.then(b.requests().total_cmp(&a.requests())).then(a.name.cmp(&b.name))
        });
        show(if arguments.tools { "tool" } else { "operation" }, &rows, output);
        Ok(())
    })
}

/// The time that is looked at, in seconds since the epoch, and how long a period of it is.
#[derive(Debug, Eq, PartialEq)]
struct Window {
    start: u64,
    end: u64,
    period: u64,
}

impl Window {
    /// One period, because percentiles of several cannot be put together; beyond a day, days.
    fn new(now: Timestamp, since: Since) -> Self {
        let end = (now.0 / 1_000).next_multiple_of(MINUTE);
        let start = (now.0 / 1_000).saturating_sub(since.time().as_secs()) / MINUTE * MINUTE;
        Self { start, end, period: (end - start).clamp(MINUTE, DAY) }
    }
}

/// What an operation or a tool, or all of them, has of [`COLUMNS`].
#[derive(Debug)]
pub(super) struct Row {
    /// All of them have none.
    pub(super) name: Option<String>,
    pub(super) values: [Option<f64>; COLUMNS.len()],
}

impl Row {
    fn requests(&self) -> f64 {
        self.values[0].unwrap_or_default()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Dimension<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListMetrics<'a> {
    namespace: &'a str,
    metric_name: &'a str,
    dimensions: [Dimension<'a>; 1],
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    #[serde(default)]
    metrics: Vec<ListedMetric>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedMetric {
    #[serde(default)]
    dimensions: Vec<ListedDimension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedDimension {
    name: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetMetricData<'a> {
    start_time: u64,
    end_time: u64,
    metric_data_queries: &'a [Query<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Query<'a> {
    id: String,
    metric_stat: MetricStat<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MetricStat<'a> {
    metric: Metric<'a>,
    period: u64,
    stat: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric<'a> {
    namespace: &'a str,
    metric_name: &'a str,
    dimensions: Vec<Dimension<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Data {
    #[serde(default)]
    metric_data_results: Vec<Found>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    id: String,
    #[serde(default)]
    values: Vec<f64>,
}

/// The operations that a stack was ever asked for, as far as CloudWatch remembers them.
async fn operations(client: &JsonClient, stack: &str) -> Result<Vec<String>, Failure> {
    let dimensions = [Dimension { name: STACK, value: stack }];
    let asked = ListMetrics { namespace: NAMESPACE, metric_name: INVOCATIONS, dimensions };
    let listed: Listed = ask(client, "ListMetrics", &asked).await?;
    let dimensions = listed.metrics.into_iter().flat_map(|metric| metric.dimensions);
    let operations = dimensions.filter(|one| one.name == OPERATION).map(|one| one.value);
    let mut operations: Vec<String> = operations.collect();
    operations.sort();
    operations.dedup();
    operations.truncate(MAX_OPERATIONS);
    Ok(operations)
}

async fn read(
    client: &JsonClient,
    stack: &str,
    operations: &[String],
    window: &Window,
) -> Result<Vec<Row>, Failure> {
    let scopes: Vec<Option<&str>> =
        operations.iter().map(|one| Some(one.as_str())).chain([None]).collect();
    let queries = queries(stack, &scopes, window.period);
    let mut found: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut next_token = None;
    for _ in 0..MAX_PAGES {
        let (start_time, end_time) = (window.start, window.end);
        let metric_data_queries = &queries;
        let asked = GetMetricData { start_time, end_time, metric_data_queries, next_token };
        let data: Data = ask(client, "GetMetricData", &asked).await?;
        for one in data.metric_data_results {
            found.entry(one.id).or_default().extend(one.values);
        }
        next_token = data.next_token;
        if next_token.is_none() {
            break;
        }
    }
    let value = |row: usize, column: usize| {
        let values = found.get(&id(row, column)).into_iter().flatten().copied();
        // Of several periods: their sum, or the highest of their percentiles.
        if COLUMNS[column].1 == SUM {
            Some(values.fold(0.0, |sum, value| sum + value))
        } else {
            values.reduce(f64::max)
        }
    };
    let rows = scopes.iter().enumerate().map(|(row, operation)| Row {
        name: operation.map(str::to_owned),
        values: std::array::from_fn(|column| value(row, column)),
    });
    Ok(rows.collect())
}

fn queries<'a>(stack: &'a str, scopes: &[Option<&'a str>], period: u64) -> Vec<Query<'a>> {
    let mut queries = Vec::new();
    for (row, operation) in scopes.iter().enumerate() {
        for (column, (metric_name, stat)) in COLUMNS.into_iter().enumerate() {
            let dimensions = [Dimension { name: STACK, value: stack }].into_iter();
            let operation = operation.map(|value| Dimension { name: OPERATION, value });
            let dimensions = dimensions.chain(operation).collect();
            let metric = Metric { namespace: NAMESPACE, metric_name, dimensions };
            let metric_stat = MetricStat { metric, period, stat };
            queries.push(Query { id: id(row, column), metric_stat });
        }
    }
    queries
}

/// Names a statistic within a request; such names begin with a small letter.
fn id(row: usize, column: usize) -> String {
    format!("r{row}c{column}")
}

async fn ask<T: DeserializeOwned>(
    client: &JsonClient,
    operation: &str,
    body: &impl Serialize,
) -> Result<T, Failure> {
    let action = format!("cloudwatch:{operation}");
    let answer = client.ask(operation, body).await.map_err(|error| refused(&error, &action))?;
    serde_json::from_slice(&answer).map_err(|_| {
        refused(&JsonError::Unavailable("the answer cannot be read".to_owned()), &action)
    })
}

fn show(kind: &str, rows: &[Row], output: &Output) {
    if output.is_json() {
        for Row { name, values } in rows {
            let [requests, user, system, throttles, p50, p90, p99] = values;
            let latency = json!({"p50": p50, "p90": p90, "p99": p99});
            let said = json!({"event": "metrics", kind: name,
                "requests": requests, "user_errors": user, "system_errors": system,
                "throttles": throttles, "latency_ms": latency});
            output.line(said.to_string());
        }
        return;
    }
    let cell = |column: usize, value: &Option<f64>| match value {
        None => "-".to_owned(),
        Some(value) if COLUMNS[column].1 == SUM => format!("{value:.0}"),
        Some(value) => format!("{value:.1} ms"),
    };
    let rows = rows.iter().map(|row| {
        let name = row.name.as_deref().unwrap_or("all");
        std::array::from_fn(|column| match column.checked_sub(1) {
            None => name.to_owned(),
            Some(column) => cell(column, &row.values[column]),
        })
    });
    let kind = kind.to_uppercase();
    let heading = [
        kind.as_str(),
        "REQUESTS",
        "USER ERRORS",
        "SYSTEM ERRORS",
        "THROTTLED",
        "P50",
        "P90",
        "P99",
    ];
    output.line(table(heading, rows.collect::<Vec<[String; COLUMNS.len() + 1]>>()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_one_period_up_to_a_day() {
        let window = |now: u64, since: &str| {
            Window::new(Timestamp(now * 1_000), since.parse().expect("a time"))
        };
        // Half a minute into the minute: the minutes at both ends are whole.
        let expected = Window { start: 996_360, end: 1_000_020, period: 3_660 };
        assert_eq!(window(999_990, "1h"), expected);
        let whole = Window { start: 996_360, end: 999_960, period: 3_600 };
        assert_eq!(window(999_960, "1h"), whole);
        assert_eq!(window(999_960, "24h").period, DAY);
        assert_eq!(window(999_960, "25h").period, DAY);
        assert_eq!(window(999_960, "1m").period, MINUTE);
        assert_eq!(window(10, "1h"), Window { start: 0, end: 60, period: 60 });
    }

    #[test]
    fn one_request_is_enough() {
        let scopes = vec![Some("tools/call"); MAX_OPERATIONS + 1];
        let queries = queries("a", &scopes, 60);
        assert!(queries.len() <= 500, "{}", queries.len());
        let text = serde_json::to_value(&queries[0]).expect("JSON");
        let expected = json!({"Id": "r0c0", "MetricStat": {"Period": 60, "Stat": "Sum", "Metric":
            {"Namespace": "mcp-lambda", "MetricName": "Invocations", "Dimensions":
                [{"Name": "Stack", "Value": "a"}, {"Name": "Operation", "Value": "tools/call"}]}}});
        assert_eq!(text, expected);
    }
}
