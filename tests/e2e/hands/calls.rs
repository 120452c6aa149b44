//! `tools`, `resources`, `prompts` and `call`.

use std::net::TcpListener;

use serde_json::{Value, json};

use super::{LIMIT, asking, events, hands, lines, refused, said};
use crate::support::command::{run, succeed};
use crate::support::server::{Server, program};
use crate::support::{fixture, foreign, gate, repository};

#[test]
fn lists_and_single_entries() {
    let server = Server::start::<&str>(&[]);
    let tools = said(&server, &["tools"]);
    assert!(tools.contains("example_clock  Tells the time in UTC."), "{tools}");
    assert!(tools.contains("example_echo   Says back what it is told."), "{tools}");
    let names: Vec<Value> =
        events(&server, &["tools"]).iter().map(|tool| tool["name"].clone()).collect();
    assert_eq!(names, ["example_clock", "example_echo"]);
    let one = said(&server, &["tools", "example_echo"]);
    assert!(one.starts_with("example_echo\nEcho\nSays back"), "{one}");
    assert!(one.contains("\n\nArguments:\n{\n  \"properties\": {\n    \"text\": {"), "{one}");
    assert_eq!(events(&server, &["tools", "example_echo"])[0]["title"], "Echo");
    refused(&server, &["tools", "none"], 2, &["example_clock, example_echo"]);

    assert!(said(&server, &["resources"]).contains("mcp-lambda://guide"));
    assert!(said(&server, &["resources", "mcp-lambda://guide"]).starts_with("# First steps"));
    refused(&server, &["resources", "mcp-lambda://none"], 12, &["-32602"]);
    assert!(said(&server, &["prompts"]).contains("example_introduction"));
    let prompt = said(&server, &["prompts", "example_introduction", "audience=children"]);
    assert_eq!(prompt, "user:\nIntroduce the tools of this server to children.");
    refused(&server, &["prompts", "example_introduction"], 12, &["audience"]);
    server.stop();
}

#[test]
fn calls() {
    let server = Server::start::<&str>(&[]);
    for revision in ["auto", "2026-07-28", "2025-11-25"] {
        let echo = |more: &[&str]| {
            said(&server, &[&["call", "example_echo", "--revision", revision], more].concat())
        };
        assert_eq!(echo(&["text=Grüße = 👋"]), "Grüße = 👋");
        assert_eq!(echo(&["--arguments", r#"{"text":"two\nlines"}"#]), "two\nlines");
    }
    let clock = &events(&server, &["call", "example_clock"])[0];
    assert!(clock["structuredContent"]["epochSeconds"].is_u64(), "{clock}");
    refused(&server, &["call", "none"], 2, &["has no tool"]);
    refused(&server, &["call", "example_echo", "text"], 2, &["NAME=VALUE"]);
    refused(&server, &["call", "example_echo", "--arguments", "[1]"], 2, &["JSON object"]);
    refused(&server, &["call", "example_echo", "--arguments", "{"], 2, &["valid JSON"]);
    // Wrong arguments are a result that says so.
    let finished = hands(&server, &["call", "example_echo"]);
    assert_eq!(finished.code, Some(13), "{finished}");
    assert!(finished.stdout.contains("/text") || finished.stdout.contains("text"), "{finished}");
    server.stop();
}

#[test]
fn a_token_lets_commands_in() {
    let token = "the-token-of-this-test-0123456789-abcdef";
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, token).expect("a file");
    let server = Server::start(&["--bearer-token-file".as_ref(), file.as_os_str()]);
    let bearing = |token: Option<&str>, arguments: &[&str]| {
        let mut command = asking(&server);
        command.envs(token.map(|token| ("MCP_LAMBDA_TOKEN", token))).args(arguments);
        run(&mut command, LIMIT).expect("an end")
    };
    for (arguments, words) in [
        (&["tools"][..], "example_clock"),
        (&["call", "example_echo", "text=hello"], "hello"),
        (&["call", "example_echo", "text=hello", "--revision", "2025-11-25"], "hello"),
        (&["resources"], "mcp-lambda://guide"),
        (&["prompts"], "example_introduction"),
        (&["register", "list"], "tool-example_echo"),
    ] {
        let finished = bearing(Some(token), arguments);
        assert_eq!(finished.code, Some(0), "{finished}");
        assert!(finished.stdout.contains(words), "{finished}");
        for wrong in [None, Some("another-token-of-this-test-0123456789")] {
            let finished = bearing(wrong, arguments);
            assert_eq!(finished.code, Some(12), "{finished}");
            assert_eq!((finished.stdout.as_str(), finished.stderr.lines().count()), ("", 1));
            for words in ["401", "give a valid token in MCP_LAMBDA_TOKEN"] {
                assert!(finished.stderr.contains(words), "{words:?} is missing: {finished}");
            }
            assert!(!finished.stderr.contains("of-this-test"), "{finished}");
        }
    }
    server.stop();
}

#[test]
fn progress_and_questions_and_headers() {
    let Some(installed) = foreign() else { return };
    let _pass = gate::enter();
    let server = fixture::examples(installed);
    for revision in ["2026-07-28", "2025-11-25"] {
        let call = |arguments: &[&str]| {
            let finished = hands(&server, &[&["call", "--revision", revision], arguments].concat());
            assert_eq!(finished.code, Some(0), "{revision}: {finished}");
            finished
        };
        let counted = call(&["countdown", "from=2"]);
        assert!(counted.stderr.contains("1 of 2: 1 to go\n2 of 2: 0 to go"), "{counted}");
        assert!(counted.stdout.contains("\"lifted\""), "{counted}");
        let forecast = call(&["forecast", "city=Oslo", "days=2"]);
        assert!(forecast.stdout.contains("celsius"), "{forecast}");
        // Nobody is at a terminal.
        let booked = call(&["book_table", "city=Oslo", "guests=2"]);
        assert!(
            booked.stderr.contains("declined, for want of a terminal: Book a table"),
            "{booked}"
        );
        assert!(booked.stdout.contains("false"), "{booked}");
    }
    let failed = hands(&server, &["call", "forecast", "city=Atlantis"]);
    assert_eq!(failed.code, Some(13), "{failed}");
    let mirrored = json!({"type": "tool", "name": "mirrored", "description": "d",
        "lambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:example-echo",
        "inputSchema": {"type": "object", "properties":
            {"text": {"type": "string", "x-mcp-header": "Text"}}}});
    server.client().register(&mirrored);
    let said = said(&server, &["call", "mirrored", "text=Grüße", "--revision", "2026-07-28"]);
    assert_eq!(said, "Grüße");
    server.stop();
}

#[test]
fn nobody_there() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", closed.local_addr().expect("an address"));
    drop(closed);
    for arguments in [&["tools"][..], &["call", "a"], &["register", "list"]] {
        let mut command = program();
        command.args(arguments).args(["--url", &url]);
        let finished = run(&mut command, LIMIT).expect("an end");
        assert_eq!(finished.code, Some(12), "{finished}");
        assert_eq!(finished.stderr.lines().count(), 1, "{finished}");
        for word in ["cannot reach", &url, "mcp-lambda serve", "--url"] {
            assert!(finished.stderr.contains(word), "{word:?} is missing: {finished}");
        }
        let finished = run(command.arg("--json"), LIMIT).expect("an end");
        assert_eq!(lines(&finished.stderr)[0]["code"], 12);
    }
}

#[test]
fn places_that_cannot_be() {
    let server = Server::start(&["--no-examples"]);
    refused(&server, &["tools", "--url", "127.0.0.1"], 2, &["--url", "http://127.0.0.1:8765"]);
    refused(
        &server,
        &["tools", "--url", "http://a.example", "--token", "t"],
        2,
        &["token", "https"],
    );
    refused(&server, &["tools", "--url", "http://a", "--stack", "s"], 2, &["--stack"]);
    refused(&server, &["tools", "--timeout", "0"], 2, &["--timeout"]);
    // What answers, but is no gateway.
    let nowhere = format!("{}/nowhere", server.url());
    refused(&server, &["tools", "--url", &nowhere], 12, &["404", "--url"]);
    refused(&server, &["register", "list", "--url", &nowhere], 12, &["nothing at this path"]);
    // The variable goes after the argument, and each plane has its own.
    let mut command = asking(&server);
    command.env("MCP_LAMBDA_REGISTRATION_URL", "nonsense").args(["register", "list"]);
    let finished = run(&mut command, LIMIT).expect("an end");
    assert_eq!(finished.code, Some(2), "{finished}");
    assert!(finished.stderr.contains("MCP_LAMBDA_REGISTRATION_URL"), "{finished}");
    server.stop();
}

#[test]
fn the_example_with_event_source() {
    let Some(installed) = foreign() else { return };
    let server = Server::start::<&str>(&[]);
    let mut script = installed.node();
    script
        .args(["--experimental-eventsource", "--no-warnings"])
        .arg(repository("examples/clients/events.mjs"))
        .arg(server.url());
    let finished = succeed(&mut script, LIMIT).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(finished.stdout, "tools: example_clock, example_echo\nexample_echo: hello");
    server.stop();
}

#[test]
fn somebody_at_a_terminal() {
    let Some(installed) = foreign() else { return };
    let _pass = gate::enter();
    let server = fixture::examples(installed);
    let mut script = installed.python();
    script
        .arg(installed.script("terminal.py"))
        .arg(server.url())
        .arg(repository("examples/registrations/echo.json"))
        .env("MCP_LAMBDA", env!("CARGO_BIN_EXE_mcp-lambda"));
    let steps = succeed(&mut script, LIMIT).unwrap_or_else(|error| panic!("{error}")).stdout;
    assert_eq!(steps.lines().count(), 6, "{steps}");
    server.stop();
}
