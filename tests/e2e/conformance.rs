//! The official conformance suites, with a list of expected failures that is empty.

use std::time::Duration;

use mcp_lambda_test_support::conformance::outcomes;

use crate::support::command::{Finished, succeed};
use crate::support::node::NodeServer;
use crate::support::{fixture, foreign, gate, repository, say};

/// How long a suite may take.
const SUITE: Duration = Duration::from_secs(180);
/// The suite that knows the frozen requirements of a revision.
const CURRENT: &str = "@modelcontextprotocol/conformance/dist/index.js";
/// The last released suite.
const RELEASED: &str = "conformance-legacy/dist/index.js";
/// How the scenarios of the tasks extension begin, which the gateway does not have.
const ABSENT: &str = "tasks-";
/// What opens the door.
const TOKEN: &str = "the-token-of-the-suite-0123456789-abcdef";

/// Runs a suite against a fresh server.
fn check(suite: &str, arguments: &[&str]) -> Option<Finished> {
    run(suite, arguments, None)
}

/// The same through a door, which the suite itself has no token for.
fn run(suite: &str, arguments: &[&str], token: Option<&str>) -> Option<Finished> {
    let installed = foreign()?;
    // Some scenarios look at the clock.
    let _pass = gate::enter_alone();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    let door = token.map(|token| {
        std::fs::write(&file, token).expect("a file");
        (file.as_path(), token)
    });
    let server = fixture::conformance(installed, door);
    let proxy = token.map(|token| NodeServer::with_token(installed, token).before(server.url()));
    let url = proxy.as_ref().map_or(server.url(), NodeServer::url);
    let mut command = installed.node();
    command
        .arg(installed.package(suite))
        .args(["server", "--url", &format!("{url}/mcp")])
        .args(arguments)
        .current_dir(folder.path())
        .env("NO_PROXY", "127.0.0.1");
    let finished = match succeed(&mut command, SUITE) {
        Ok(finished) => finished,
        Err(error) => panic!("{error}\n{}", server.said()),
    };
    drop(proxy);
    server.stop();
    Some(finished)
}

/// Runs what a revision requires, and what it runs without requiring it: of that, `passing` must
/// pass too, and only the extension that we do not have may fail.
fn check_revision(revision: &str, passing: &[&str]) {
    let expected = repository("tests/conformance/expected-failures.yml");
    let expected = expected.to_str().expect("a path in UTF-8");
    let arguments = ["--requirements", revision, "--expected-failures", expected];
    let Some(finished) = check(CURRENT, &arguments) else { return };
    let outcomes = outcomes(&finished);
    let named = |wanted: bool| {
        let names = outcomes.iter().filter(move |(_, passed)| *passed == wanted);
        names.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    };
    let (passed, failed) = (named(true), named(false));
    say(&format!(
        "conformance {revision}: {} of {} scenarios pass, all that are required; \
         pending, but passing: {}; not required, and failing: {}",
        passed.len(),
        outcomes.len(),
        passing.join(", "),
        if failed.is_empty() { "none".to_owned() } else { failed.join(", ") },
    ));
    for scenario in passing {
        assert!(passed.contains(scenario), "{scenario} does not pass\n{finished}");
    }
    let unforeseen: Vec<_> = failed.iter().filter(|name| !name.starts_with(ABSENT)).collect();
    assert!(unforeseen.is_empty(), "{unforeseen:?}\n{finished}");
}

#[test]
fn revision_2026_07_28() {
    let passing =
        ["json-schema-2020-12", "http-header-validation", "http-custom-header-server-validation"];
    check_revision("2026-07-28", &passing);
}

#[test]
fn revision_2025_11_25() {
    let passing = ["json-schema-2020-12", "server-session-lifecycle", "server-sse-polling"];
    check_revision("2025-11-25", &passing);
}

/// The suite sends no tokens, so what it asks of a server is asked through a proxy that does: a
/// door changes nothing for whoever comes in.
#[test]
fn behind_a_door() {
    let expected = repository("tests/conformance/expected-failures.yml");
    let expected = expected.to_str().expect("a path in UTF-8");
    for revision in ["2026-07-28", "2025-11-25"] {
        let arguments = ["--requirements", revision, "--expected-failures", expected];
        let Some(finished) = run(CURRENT, &arguments, Some(TOKEN)) else { return };
        let outcomes = outcomes(&finished);
        let failed: Vec<_> =
            outcomes.iter().filter(|(name, passed)| !passed && !name.starts_with(ABSENT)).collect();
        assert!(outcomes.len() > 20 && failed.is_empty(), "{failed:?}\n{finished}");
    }
}

#[test]
fn released_suite() {
    let Some(finished) = check(RELEASED, &[]) else { return };
    let outcomes = outcomes(&finished);
    let passed = outcomes.iter().filter(|(_, passed)| *passed).count();
    say(&format!("conformance 0.1.16: {passed} of {} scenarios pass", outcomes.len()));
    assert!(passed > 0 && passed == outcomes.len(), "{finished}");
}
