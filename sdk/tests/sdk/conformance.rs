//! The official conformance suite against a server that has no Lambda functions behind it.

use std::path::Path;
use std::time::Duration;

use mcp_lambda_test_support::command::succeed;
use mcp_lambda_test_support::conformance::outcomes;
use mcp_lambda_test_support::{install, repository, say};

use crate::support::Server;

/// How long a suite may take.
const SUITE: Duration = Duration::from_secs(180);
const PACKAGE: &str = "@modelcontextprotocol/conformance/dist/index.js";
/// How the scenarios of the tasks extension begin, which servers here do not have.
const ABSENT: &str = "tasks-";

/// Runs what a revision requires, with a list of expected failures that is empty; of what it runs
/// without requiring it, only the extension that we do not have may fail.
fn check(revision: &str) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let Some(installed) = install::foreign(target) else { return };
    let server = Server::start("everything", &[]);
    let folder = tempfile::tempdir().expect("a folder");
    let expected = repository("tests/conformance/expected-failures.yml");
    let mut command = installed.node();
    command
        .arg(installed.package(PACKAGE))
        .args(["server", "--url", &format!("{}/mcp", server.url())])
        .args(["--requirements", revision, "--expected-failures"])
        .arg(expected)
        .current_dir(folder.path())
        .env("NO_PROXY", "127.0.0.1");
    let finished = match succeed(&mut command, SUITE) {
        Ok(finished) => finished,
        Err(error) => panic!("{error}\n{}", server.said()),
    };
    server.stop();
    let outcomes = outcomes(&finished);
    let passed = outcomes.iter().filter(|(_, passed)| *passed).count();
    say(&format!("SDK, conformance {revision}: {passed} of {} scenarios pass", outcomes.len()));
    let failed = outcomes.iter().filter(|(name, passed)| !passed && !name.starts_with(ABSENT));
    let failed: Vec<_> = failed.map(|(name, _)| name).collect();
    assert!(failed.is_empty() && passed > 0, "{failed:?}\n{finished}");
}

#[test]
fn revision_2026_07_28() {
    check("2026-07-28");
}

#[test]
fn revision_2025_11_25() {
    check("2025-11-25");
}
