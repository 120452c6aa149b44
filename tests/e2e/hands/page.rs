//! The page of `serve`: what it is over HTTP, and what a browser makes of it.

use std::io::BufRead;
use std::path::Path;
use std::time::Duration;

use mcp_lambda_test_support::browser::browser;
use mcp_lambda_test_support::command::succeed;
use serde_json::json;

use crate::support::server::Server;
use crate::support::{Installed, fixture, foreign, gate};

const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
/// How long a browser may take with all that it does.
const VISIT: Duration = Duration::from_secs(120);

#[test]
fn browsers_get_it_and_nobody_else() {
    let server = Server::start::<&str>(&[]);
    let client = server.client();
    let get = |path: &str, headers: &[(&str, &str)]| {
        client.send("GET", path, headers, None).expect("an answer")
    };
    let page = get("/", &[HTML]).expect(200);
    assert!(page.body.starts_with("<!doctype html>"));
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    for (name, part) in [
        ("content-security-policy", "default-src 'none'; script-src 'sha256-"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ] {
        assert!(page.headers[name].to_str().expect("ASCII").contains(part), "{name}");
    }
    // Clients of MCP are told as ever that nothing is pushed.
    get("/", &[]).expect(405);
    get("/", &[("accept", "text/event-stream")]).expect(405);
    get("/mcp", &[HTML]).expect(405);
    // A name that somebody else made point here.
    get("/", &[HTML, ("host", "evil.example")]).expect(403);
    get("/page/requests", &[("origin", "http://evil.example")]).expect(403);
    client.send("POST", "/page/requests", &[], Some(&json!({}))).expect("an answer").expect(405);
    server.stop();
}

#[test]
fn requests_are_followed() {
    let server = Server::start::<&str>(&[]);
    let client = server.client();
    client.call_tool("example_echo", &json!({"text": "before"})).expect(200);
    client.send("GET", "/", &[HTML], None).expect("an answer").expect(200);
    client.call_tool("example_clock", &json!({})).expect(200);
    let mut stream = client.open("/page/requests");
    client.call_tool("example_echo", &json!({"text": "secret"})).expect(200);
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let mut line = String::new();
        stream.read_line(&mut line).expect("a line");
        if let Some(data) = line.strip_prefix("data: ") {
            let event: serde_json::Value = serde_json::from_str(data).expect("JSON");
            assert!(event["duration_ms"].is_f64() && event["at"].is_u64(), "{event}");
            assert!(!data.contains("secret"), "{data}");
            seen.push(event["rpc.call"].as_str().expect("a call").to_owned());
        }
    }
    assert_eq!(seen, ["tools/call example_clock", "tools/call example_echo"]);
    drop(stream);
    server.stop();
}

#[test]
fn a_person_with_a_browser() {
    let Some(installed) = foreign() else { return };
    let _pass = gate::enter_alone();
    let server = fixture::examples(installed);
    visit(installed, &server, "page.mjs", &["light.png", "question.png", "dark.png", "narrow.png"]);
    server.stop();
}

#[test]
fn questions_of_every_kind() {
    let Some(installed) = foreign() else { return };
    let _pass = gate::enter_alone();
    let server = fixture::conformance(installed, None);
    visit(installed, &server, "questions.mjs", &["questions.png"]);
    server.stop();
}

/// Runs a script in the browser; its pictures are kept to be looked at.
fn visit(installed: &Installed, server: &Server, script: &str, pictures: &[&str]) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let browser = browser(target).expect("the foreign part runs");
    let folder = target.join("page");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut visit = browser.visit(&installed.node(), script);
    visit.arg(server.url()).arg(&folder);
    if let Err(error) = succeed(&mut visit, VISIT) {
        panic!("{error}\n{}", server.said());
    }
    for picture in pictures {
        let bytes = std::fs::read(folder.join(picture)).expect("a picture");
        assert!(bytes.starts_with(b"\x89PNG"), "{picture}");
    }
}
