//! The dashboard: what the gateway does, how fast, for whom it fails, and what that costs.

use mcp_lambda_runtime::deployment::metrics;

use crate::aws::cloudwatch;
use crate::construct::Scope;
use crate::core::{Handle, InvalidTemplate, Node, Object, ToNode, Value, pseudo};
use crate::{object, sub};

/// Columns of a dashboard.
const WIDTH: i64 = 24;
/// Columns of a widget, three of which stand side by side.
const THIRD: i64 = WIDTH / 3;
/// Rows of a widget.
const HEIGHT: i64 = 6;
/// Seconds between points.
const PERIOD: i64 = 300;

/// What is on the dashboard besides the gateway's own metrics.
pub struct Shown {
    /// Names of functions, the gateway's first.
    pub functions: Vec<Value<String>>,
    /// Names of tables.
    pub tables: Vec<Value<String>>,
    /// The gateway's log group.
    pub logs: Value<String>,
}

/// A line of a graph.
struct Line {
    metric: Vec<Node>,
    options: Object,
}

/// Puts the dashboard into the template.
pub fn add(
    scope: &mut Scope<'_>,
    shown: &Shown,
) -> Result<Handle<cloudwatch::Dashboard>, InvalidTemplate> {
    let stack = scope.identifier.clone();
    let mut widgets = gateway(&stack);
    widgets.extend(machines(shown));
    let body = object! { "widgets": place(widgets) };
    // Dashboards are the account's, whatever the Region.
    let name = sub!("${stack}-mcp-${AWS::Region}", stack = stack);
    let dashboard = cloudwatch::Dashboard::new(body.to_json_text()).dashboard_name(name);
    scope.template.add("Dashboard", dashboard)
}

fn gateway(stack: &Value<String>) -> Vec<Object> {
    let own = |metric: &str, stat: &str, label: &str| Line {
        metric: vec![
            metrics::NAMESPACE.into(),
            metric.into(),
            metrics::STACK.into(),
            stack.to_node(),
        ],
        options: object! { "stat": stat, "label": label },
    };
    let sum = |metric: &str| own(metric, "Sum", metric);
    let latency = |metric: &str| {
        let line = |stat: &str| own(metric, stat, &format!("{metric} {stat}"));
        [line("p50"), line("p95"), line("p99")]
    };
    vec![
        graph(
            "Requests",
            vec![
                sum(metrics::INVOCATIONS),
                sum(metrics::THROTTLES),
                sum(metrics::USER_ERRORS),
                sum(metrics::SYSTEM_ERRORS),
            ],
        ),
        graph("To the first byte (ms)", latency(metrics::LATENCY).into()),
        graph("Within functions (ms)", latency(metrics::TARGET_EXECUTION_TIME).into()),
        graph("Sessions", vec![sum(metrics::SESSIONS_STARTED), sum(metrics::ACTIVE_SESSIONS)]),
        graph("Messages", vec![sum(metrics::MESSAGES_IN), sum(metrics::MESSAGES_OUT)]),
        operations(stack),
        graph("Limits that could not be asked for", vec![sum(metrics::LIMIT_FAILURES)]),
    ]
}

/// Requests by operation, whatever the operations are.
fn operations(stack: &Value<String>) -> Object {
    let search = sub!(
        "SEARCH('{${namespace},${by_stack},${by_operation}} ${by_stack}=\"${stack}\" MetricName=\"${metric}\"', 'Sum', 300)",
        namespace = metrics::NAMESPACE,
        by_stack = metrics::STACK,
        by_operation = metrics::OPERATION,
        stack = stack,
        metric = metrics::INVOCATIONS,
    );
    let label = format!("${{PROP('Dim.{}')}}", metrics::OPERATION);
    let line = object! { "expression": search, "id": "operations", "label": label };
    metric_widget("Requests by operation", vec![Node::List(vec![line.to_node()])])
}

fn machines(shown: &Shown) -> Vec<Object> {
    let of = |metric: &str, stat: &str| -> Vec<Line> {
        let line = |name: &Value<String>| Line {
            metric: vec!["AWS/Lambda".into(), metric.into(), "FunctionName".into(), name.to_node()],
            options: object! { "stat": stat },
        };
        shown.functions.iter().map(line).collect()
    };
    let tables = |metric: &str| -> Vec<Line> {
        let line = |name: &Value<String>| Line {
            metric: vec!["AWS/DynamoDB".into(), metric.into(), "TableName".into(), name.to_node()],
            options: object! { "stat": "Sum" },
        };
        shown.tables.iter().map(line).collect()
    };
    let mut capacity = tables("ConsumedReadCapacityUnits");
    capacity.extend(tables("ConsumedWriteCapacityUnits"));
    let mut throttled = tables("ReadThrottleEvents");
    throttled.extend(tables("WriteThrottleEvents"));
    vec![
        graph("Instances at the same time", of("ConcurrentExecutions", "Maximum")),
        graph("Errors of functions", of("Errors", "Sum")),
        graph("Throttled invocations", of("Throttles", "Sum")),
        graph("Capacity of tables", capacity),
        graph("Throttled requests of tables", throttled),
        failures(&shown.logs),
    ]
}

/// The requests that failed, from the log.
fn failures(logs: &Value<String>) -> Object {
    let query = sub!(
        "SOURCE '${logs}' | fields @timestamp, `mcp.method`, `mcp.name`, outcome, cause, correlation \
         | filter event = 'request' and outcome in ['system-error', 'user-error', 'throttled'] \
         | sort @timestamp desc | limit 50",
        logs = logs,
    );
    let properties = object! {
        "title": "Requests that failed",
        "query": query,
        "region": pseudo::region(),
        "view": "table",
    };
    object! { "type": "log", "properties": properties }
}

fn graph(title: &str, lines: Vec<Line>) -> Object {
    let metrics = lines.into_iter().map(|line| {
        let mut members = line.metric;
        members.push(line.options.to_node());
        Node::List(members)
    });
    metric_widget(title, metrics.collect())
}

fn metric_widget(title: &str, metrics: Vec<Node>) -> Object {
    let properties = object! {
        "title": title,
        "metrics": metrics,
        "period": PERIOD,
        "region": pseudo::region(),
        "view": "timeSeries",
        "stacked": false,
    };
    object! { "type": "metric", "properties": properties }
}

/// Puts widgets side by side, three in a row; what the log says has a row for itself.
fn place(widgets: Vec<Object>) -> Vec<Node> {
    let (mut x, mut y) = (0, 0);
    let mut placed = Vec::with_capacity(widgets.len());
    for widget in widgets {
        let whole = widget.members().get("type").and_then(Node::as_text) == Some("log");
        let width = if whole { WIDTH } else { THIRD };
        if x + width > WIDTH {
            (x, y) = (0, y + HEIGHT);
        }
        let widget = widget.with("x", x).with("y", y).with("width", width).with("height", HEIGHT);
        placed.push(widget.to_node());
        x += width;
    }
    placed
}
