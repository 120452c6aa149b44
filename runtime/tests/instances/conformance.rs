//! The official conformance suite, with a list of expected failures that is empty.

use std::time::Duration;

use mcp_lambda_test_support::command::{Finished, succeed};
use mcp_lambda_test_support::conformance::outcomes;
use mcp_lambda_test_support::{repository, say};
use serde_json::json;

use crate::support::functions;
use crate::support::http::call;
use crate::support::world::{Setting, World};

/// How long one set may take.
const SUITE: Duration = Duration::from_secs(180);
/// The suite that knows the frozen requirements of a revision.
const PROGRAM: &str = "@modelcontextprotocol/conformance/dist/index.js";
/// How the scenarios of the tasks extension begin, which the gateway does not have.
const ABSENT: &str = "tasks-";
/// Each revision with scenarios that it runs without requiring them, and that must pass too.
const REVISIONS: [(&str, [&str; 3]); 2] = [
    (
        "2026-07-28",
        ["json-schema-2020-12", "http-header-validation", "http-custom-header-server-validation"],
    ),
    ("2025-11-25", ["json-schema-2020-12", "server-session-lifecycle", "server-sse-polling"]),
];
/// Instances of each Lambda that have been called before: the suite reads its first answers for
/// half a second, cold starts included.
const WARM: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_revisions() {
    // Some scenarios look at the clock.
    let setting = Setting { tools: functions::conformance, alone: true, ..Setting::default() };
    let Some(world) = World::start(setting).await else { return };
    warm(&world).await;
    for (revision, passing) in REVISIONS {
        let finished = run(&world, revision);
        let outcomes = outcomes(&finished);
        let named = |wanted: bool| {
            let names = outcomes.iter().filter(move |(_, passed)| *passed == wanted);
            names.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
        };
        let (passed, failed) = (named(true), named(false));
        say(&format!(
            "conformance {revision} of separate instances: {} of {} scenarios pass, all that are \
             required",
            passed.len(),
            outcomes.len()
        ));
        for scenario in passing {
            assert!(passed.contains(&scenario), "{scenario} does not pass\n{finished}");
        }
        let unforeseen: Vec<_> = failed.iter().filter(|name| !name.starts_with(ABSENT)).collect();
        assert!(unforeseen.is_empty(), "{unforeseen:?}\n{finished}");
        assert!((0..2).all(|lambda| world.processes(lambda) > 0), "both have been asked");
    }
    world.queues.none_left().await;
    world.end().await;
}

/// Calls both functions at several instances of both Lambdas at the same time.
async fn warm(world: &World) {
    for tool in ["test_simple_text", "test_tool_with_progress"] {
        let message = call(1, tool, &json!({}));
        let calls = world.at.iter().flat_map(|client| [client; WARM]);
        let calls = calls.map(|client| async {
            client.post(None, &message).await.expect(200).await.text().await
        });
        futures_util::future::join_all(calls).await;
    }
}

fn run(world: &World, revision: &str) -> Finished {
    let expected = repository("tests/conformance/expected-failures.yml");
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = world.installed.node();
    command
        .arg(world.installed.package(PROGRAM))
        .args(["server", "--url", &format!("http://{}/mcp", world.front.0)])
        .args(["--requirements", revision, "--expected-failures"])
        .arg(expected)
        .current_dir(folder.path())
        .env("NO_PROXY", "127.0.0.1");
    let finished = tokio::task::block_in_place(|| succeed(&mut command, SUITE));
    finished.unwrap_or_else(|error| panic!("{error}"))
}
