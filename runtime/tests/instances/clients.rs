//! The official clients in front of separate instances.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use mcp_lambda_test_support::command::succeed;

use crate::support::functions;
use crate::support::world::{Setting, World};

/// How long a script may take; each of its steps has 30 seconds.
const SCRIPT: Duration = Duration::from_secs(120);
/// How many run at the same time.
const WIDTH: usize = 2;

/// Scripts with the path that they are told, and their modes.
type Run = (&'static str, &'static str, &'static [&'static str]);
const STREAMABLE: [Run; 5] = [
    ("ts2.mjs", "/mcp", &["http", "legacy"]),
    ("ts2.mjs", "/mcp", &["http", "modern"]),
    ("ts1.mjs", "/mcp", &["http"]),
    ("client.py", "/mcp", &["auto"]),
    ("client.py", "/mcp", &["legacy"]),
];
const SSE: [Run; 3] =
    [("ts2.mjs", "/sse", &["sse"]), ("ts1.mjs", "/sse", &["sse"]), ("client.py", "/sse", &["sse"])];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streamable_http() {
    let Some(world) = start().await else { return };
    all(&world, &STREAMABLE).await;
    world.queues.none_left().await;
    world.end().await;
}

/// Their streams go on until their deadline, because Lambda does not say that a client has gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_with_sse() {
    let Some(world) = start().await else { return };
    all(&world, &SSE).await;
    world.end().await;
}

async fn start() -> Option<World> {
    World::start(Setting { tools: functions::examples, ..Setting::default() }).await
}

async fn all(world: &World, runs: &[Run]) {
    let runs = runs.iter().map(|run| check(world, *run));
    let faults: Vec<_> = stream::iter(runs).buffer_unordered(WIDTH).collect().await;
    let faults: Vec<String> = faults.into_iter().flatten().collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Runs a script before a front of its own, so that its requests alternate: what went wrong.
async fn check(world: &World, (script, path, modes): Run) -> Option<String> {
    let front = world.another_front().await;
    let installed = world.installed;
    let mut command = if script.ends_with(".py") { installed.python() } else { installed.node() };
    command
        .arg(installed.script(script))
        .arg(format!("http://{}{path}", front.0))
        .args(modes)
        .env("NO_PROXY", "127.0.0.1");
    let finished = tokio::task::spawn_blocking(move || succeed(&mut command, SCRIPT)).await;
    let steps = match finished.expect("no panic") {
        Ok(finished) => finished.stdout,
        Err(error) => return Some(format!("{script} {path} {modes:?}: {error}")),
    };
    let good = |step: &str| step.contains(r#""ok":true"#) || step.contains(r#""ok": true"#);
    let complete = steps.lines().count() > 5 && steps.lines().all(good);
    (!complete).then(|| format!("{script} {path} {modes:?} passes too little: {steps}"))
}
