//! `doctor`, `completions` and `man`.

use std::time::Duration;

use serde_json::json;

use super::{LIMIT, events, hands, lines, refused};
use crate::support::command::run;
use crate::support::server::{Server, program};

#[test]
fn a_healthy_gateway() {
    let server = Server::start::<&str>(&[]);
    let found = events(&server, &["doctor"]);
    let checks: Vec<&str> = found.iter().filter_map(|one| one["check"].as_str()).collect();
    let expected =
        ["program", "gateway", "clock", "reachable", "mcp", "versions", "admin plane", "functions"];
    assert_eq!(checks, expected);
    assert!(found.iter().all(|one| one["verdict"] == "ok"), "{found:#?}");
    server.stop();
}

#[test]
fn what_is_wrong_has_a_next_step() {
    let server = Server::start(&["--no-examples"]);
    let empty = events(&server, &["doctor"]);
    let mcp = empty.iter().find(|one| one["check"] == "mcp").expect("a check");
    assert_eq!(
        (&mcp["verdict"], &mcp["next"]),
        (&json!("warn"), &json!("register one: mcp-lambda register add"))
    );
    server.client().register(&json!({"type": "tool", "name": "lost", "description": "d",
        "lambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:nowhere"}));
    refused(&server, &["doctor"], 14, &["functions"]);
    let finished = hands(&server, &["doctor"]);
    assert!(finished.stdout.contains("FAIL"), "{finished}");
    assert!(finished.stdout.contains("create it, or correct lambdaArn"), "{finished}");
    server.stop();

    let mut command = program();
    command.args(["doctor", "--json", "--url", "http://127.0.0.1:9"]);
    let finished = run(&mut command, LIMIT).expect("an end");
    assert_eq!(finished.code, Some(14), "{finished}");
    let last = lines(&finished.stdout).pop().expect("a check");
    assert_eq!((&last["check"], &last["verdict"]), (&json!("reachable"), &json!("fail")));
    assert!(last["next"].as_str().expect("a text").contains("mcp-lambda serve"), "{last}");
}

#[test]
fn shells_and_manual_pages() {
    for (shell, word) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef mcp-lambda"),
        ("fish", "complete -c mcp-lambda"),
    ] {
        let finished = run(program().args(["completions", shell]), LIMIT).expect("an end");
        assert_eq!(finished.code, Some(0), "{finished}");
        assert!(finished.stdout.contains(word) && finished.stdout.contains("prompts"), "{shell}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let finished =
        run(program().arg("man").arg(folder.path()), Duration::from_secs(60)).expect("an end");
    assert_eq!(finished.code, Some(0), "{finished}");
    for page in ["mcp-lambda.1", "mcp-lambda-call.1", "mcp-lambda-register-import.1"] {
        let text = std::fs::read_to_string(folder.path().join(page)).expect("a page");
        assert!(text.contains(".TH"), "{page}");
    }
    let finished = run(program().arg("man"), LIMIT).expect("an end");
    assert!(finished.stdout.contains("mcp\\-lambda"), "{finished}");
}
