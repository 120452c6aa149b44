//! `logs` and `metrics`, in an emulated AWS that verifies signatures and enforces policies.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use mcp_lambda_test_support::ministack::{Key, Ministack, REGION};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::command::{Finished, run, succeed};
use crate::support::lines::Lines;
use crate::support::repository;
use crate::support::server::program;

/// How long a command may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);
const GROUP: &str = "/aws/lambda/tools-1-mcp";
/// What whoever looks must be allowed.
const RIGHTS: [&str; 4] = [
    "cloudformation:DescribeStacks",
    "logs:FilterLogEvents",
    "cloudwatch:ListMetrics",
    "cloudwatch:GetMetricData",
];

/// An account with a stack called `tools`, whose identifier is another.
struct World {
    ministack: Ministack,
    folder: TempDir,
    watcher: Key,
}

impl World {
    /// Nothing if the foreign part of the tests is left out.
    fn open() -> Option<Self> {
        let ministack = Ministack::start(Path::new(env!("CARGO_TARGET_TMPDIR")), true)?;
        let watcher = ministack.user("watcher");
        ministack.allow("watcher", &RIGHTS);
        let folder = tempfile::tempdir().expect("a folder");
        let world = Self { ministack, folder, watcher };
        world.owner(&["stack", "tools", "tools-1", "mcp", "mcp-registration"]);
        Some(world)
    }

    /// A command with nothing of this machine's own.
    fn signed(&self, command: Command, who: &Key) -> Command {
        self.ministack.signed(command, self.folder.path(), who)
    }

    fn owner(&self, arguments: &[&str]) {
        let mut owner = self.signed(self.ministack.emulator().python(), &Key::root());
        owner.arg(repository("tests/foreign/aws/owner.py")).args(arguments);
        succeed(&mut owner, PATIENCE).unwrap_or_else(|error| panic!("{error}"));
    }

    fn watches(&self, arguments: &[&str]) -> Finished {
        let mut command = self.signed(program(), &self.watcher);
        run(command.args(arguments), PATIENCE).expect("an end")
    }

    /// What a command prints that must succeed.
    fn said(&self, arguments: &[&str]) -> String {
        let finished = self.watches(arguments);
        assert_eq!(finished.code, Some(0), "{finished}");
        finished.stdout
    }

    fn events(&self, arguments: &[&str]) -> Vec<Value> {
        let said = self.said(&[arguments, &["--json"]].concat());
        said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], code: i32, words: &[&str]) {
        let finished = self.watches(arguments);
        assert_eq!(finished.code, Some(code), "{finished}");
        for word in words {
            assert!(finished.stderr.contains(word), "{word:?} is missing: {finished}");
        }
        assert!(!finished.stderr.contains(&self.watcher.secret), "{finished}");
    }
}

/// A line as the functions write it.
fn request(call: &str, milliseconds: f64) -> String {
    json!({
        "timestamp": "2026-01-01T00:00:00.000Z", "level": "INFO", "requestId": "r",
        "event": "request", "http.method": "POST", "http.path": "/mcp", "http.status": 200,
        "rpc.call": call, "decision": "allowed", "outcome": "success", "duration_ms": milliseconds
    })
    .to_string()
}

/// What stands after the time.
fn words(said: &str) -> Vec<&str> {
    said.lines().map(|line| line.split_once("Z  ").unwrap_or_else(|| panic!("{line}")).1).collect()
}

#[test]
fn lines_of_all_functions_in_one_order() {
    let Some(world) = World::open() else { return };
    let logs = ["logs", "--stack", "tools"];
    let none = world.watches(&logs);
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""), "{none}");
    assert!(none.stderr.contains("--since"), "{none}");
    assert_eq!(world.events(&logs), [] as [Value; 0]);

    let metrics = r#"{"_aws":{"Timestamp":1}}"#;
    world.owner(&["write", GROUP, &request("tools/call a", 1.5), metrics, "START"]);
    let registration = "/aws/lambda/tools-1-mcp-registration";
    world.owner(&["write", registration, &request("settled \u{1b}[2J", 2.0)]);
    world.owner(&["write", GROUP, &request("tools/call b", 3.0)]);
    let expected = [
        "mcp           INFO   tools/call a  200 success  1.5 ms",
        "mcp           START",
        "registration  INFO   settled \u{fffd}[2J  200 success  2.0 ms",
        "mcp           INFO   tools/call b  200 success  3.0 ms",
    ];
    assert_eq!(words(&world.said(&logs)), expected);
    let only = [&logs[..], &["--function", "registration", "--function", "registration"]].concat();
    assert_eq!(words(&world.said(&only)), expected[2..3]);
    let last = [&logs[..], &["--lines", "2"]].concat();
    assert_eq!(words(&world.said(&last)), expected[2..]);
    let filtered = [&logs[..], &["--filter", "\"tools/call\" -START"]].concat();
    assert_eq!(words(&world.said(&filtered)), [expected[0], expected[3]]);

    let events = world.events(&last);
    assert_eq!(events.len(), 2);
    let last = &events[1];
    assert_eq!((&last["event"], &last["function"]), (&json!("log"), &json!("mcp")));
    assert_eq!(last["entry"]["rpc.call"], "tools/call b");
    assert!(last["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{last}");
    assert!(last["stream"].is_string(), "{last}");
}

#[test]
fn lines_are_followed_until_somebody_stops_it() {
    let Some(world) = World::open() else { return };
    world.owner(&["write", GROUP, &request("tools/call before", 1.0)]);
    let mut command = world.signed(program(), &world.watcher);
    command.args(["logs", "--stack", "tools", "--follow"]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let lines = Lines::read(child.stdout.take().expect("it is piped"));
    let errors = Lines::read(child.stderr.take().expect("it is piped"));
    let find = |words: &str| {
        let found = lines.find(PATIENCE, |line| line.contains(words));
        assert!(found.is_some(), "{words}: {} {}", lines.text(), errors.text());
    };
    find("tools/call before");
    for name in ["first", "second"] {
        world.owner(&["write", GROUP, &request(&format!("tools/call {name}"), 1.0)]);
        find(&format!("tools/call {name}"));
    }
    kill_process(Pid::from_child(&child), Signal::INT).expect("it runs");
    assert!(lines.ended(PATIENCE), "it does not end");
    assert_eq!(child.wait().expect("it can be waited for").code(), Some(0));
    assert_eq!(errors.text(), "");
    assert_eq!(lines.all().len(), 3, "nothing is shown twice: {}", lines.text());
}

#[test]
fn metrics_by_operation() {
    let Some(world) = World::open() else { return };
    let metrics = ["metrics", "--stack", "tools"];
    let none = world.watches(&metrics);
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""), "{none}");
    assert!(none.stderr.contains("nothing was counted"), "{none}");

    let values = (1..=100).map(|value| value.to_string()).collect::<Vec<_>>().join(",");
    let latency = format!("Latency={values}");
    let calls = ["Invocations=60,40", "UserErrors=3", "SystemErrors=2", "Throttles=1", &latency];
    world.owner(&[&["count", "tools-1", "tools/call"][..], &calls].concat());
    world.owner(&["count", "tools-1", "tools/list", "Invocations=7", "Latency=500"]);
    // Another stack's are not counted.
    world.owner(&["count", "tools", "tools/call", "Invocations=1000"]);

    let events = world.events(&metrics);
    let rows: Vec<(&Value, &Value)> =
        events.iter().map(|row| (&row["operation"], &row["requests"])).collect();
    let expected = [
        (json!("tools/call"), json!(100.0)),
        (json!("tools/list"), json!(7.0)),
        (Value::Null, json!(107.0)),
    ];
    assert_eq!(rows, expected.each_ref().map(|(operation, count)| (operation, count)));
    let calls = &events[0];
    let errors = ["user_errors", "system_errors", "throttles"].map(|name| calls[name].as_f64());
    assert_eq!(errors, [Some(3.0), Some(2.0), Some(1.0)]);
    let percentiles = ["p50", "p90", "p99"].map(|name| calls["latency_ms"][name].as_f64());
    for (found, expected) in percentiles.into_iter().zip([50.0, 90.0, 99.0]) {
        // Percentiles of a hundred values lie between two of them.
        assert!(found.is_some_and(|found: f64| (found - expected).abs() <= 1.0), "{calls}");
    }
    assert_eq!(events[1]["user_errors"], 0.0, "{}", events[1]);

    let table = world.said(&metrics);
    let rows: Vec<Vec<&str>> =
        table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0][..2], ["OPERATION", "REQUESTS"]);
    assert_eq!(rows[1][..5], ["tools/call", "100", "3", "2", "1"]);
    assert_eq!(rows[2][..6], ["tools/list", "7", "0", "0", "0", "500.0"]);
    assert_eq!(rows[3][..2], ["all", "107"]);
}

#[test]
fn calls_by_tool() {
    let Some(world) = World::open() else { return };
    let call = |tool: &str, outcome: &str, latency: f64| {
        let mut line: Value = serde_json::from_str(&request("tools/call", 1.0)).expect("JSON");
        line["mcp.method"] = "tools/call".into();
        line["mcp.name"] = tool.into();
        line["outcome"] = outcome.into();
        line["latency_ms"] = latency.into();
        line.to_string()
    };
    let other = request("tools/list", 1.0);
    world.owner(&["write", GROUP, &call("one", "success", 1.0), &other, "START"]);
    world.owner(&["write", GROUP, &call("two", "user-error", 2.0), &call("two", "success", 4.0)]);
    let events = world.events(&["metrics", "--stack", "tools", "--tools"]);
    let row = |tool: Value, requests: f64, errors: f64, p50: f64, p99: f64| {
        json!({"event": "metrics", "tool": tool, "requests": requests, "user_errors": errors,
            "system_errors": 0.0, "throttles": 0.0,
            "latency_ms": {"p50": p50, "p90": p99, "p99": p99}})
    };
    let expected = [
        row(json!("two"), 2.0, 1.0, 2.0, 4.0),
        row(json!("one"), 1.0, 0.0, 1.0, 1.0),
        row(Value::Null, 3.0, 1.0, 2.0, 4.0),
    ];
    assert_eq!(events, expected);
    let table = world.said(&["metrics", "--stack", "tools", "--tools"]);
    assert!(table.starts_with("TOOL  REQUESTS"), "{table}");
}

#[test]
fn who_may_not_is_told_what_is_missing() {
    let Some(world) = World::open() else { return };
    let (logs, metrics) = (["logs", "--stack", "tools"], ["metrics", "--stack", "tools"]);
    for missing in RIGHTS {
        let rights: Vec<&str> = RIGHTS.into_iter().filter(|right| *right != missing).collect();
        world.ministack.allow("watcher", &rights);
        let command = if missing.starts_with("logs") { logs } else { metrics };
        world.refused(&command, 8, &["AccessDenied", missing]);
    }
    world.ministack.allow("watcher", &RIGHTS);
    let sweeper = [&logs[..], &["--function", "sweeper"]].concat();
    world.refused(&sweeper, 8, &["/aws/lambda/tools-1-mcp-sweeper", "no such function"]);
    world.refused(&["logs", "--stack", "none"], 9, &["none", REGION]);
    world.refused(&["logs", "--since", "1s"], 2, &["1m to 336h"]);
    world.refused(&["metrics", "--since", "15d"], 2, &["1m to 336h"]);
    world.refused(&["logs", "--lines", "0"], 2, &["--lines"]);
    world.refused(&["logs", "--stack", "a b"], 2, &["a b"]);
}
