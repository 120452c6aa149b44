//! Stdio mode: raw lines, and the official clients.

use std::time::Duration;

use mcp_lambda_test_support::command::succeed;
use mcp_lambda_test_support::{example, install};
use rmcp::model::{CallToolRequestParams, ClientConfig, ProtocolVersion};
use rmcp::transport::TokioChildProcess;
use rmcp::{ClientLifecycleMode, ClientServiceExt};
use serde_json::{Value, json};

use crate::support::{LIMIT, Pipe, modern, program, text};

/// How long the Python client may take.
const SCRIPT: Duration = Duration::from_secs(120);

fn initialize(version: &str) -> Value {
    json!({
        "protocolVersion": version, "capabilities": {},
        "clientInfo": { "name": "test", "version": "1" }
    })
}

#[test]
fn an_older_client() {
    let mut pipe = Pipe::start("counter");
    let answer = pipe.request(1, "initialize", &initialize("2025-06-18"));
    assert_eq!(answer["result"]["protocolVersion"], "2025-06-18");
    assert_eq!(answer["result"]["serverInfo"]["name"], "counter");
    pipe.write(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    // The connection is the session.
    for (id, expected) in [(2, "1"), (3, "2")] {
        let answer =
            pipe.request(id, "tools/call", &json!({ "name": "increment", "arguments": {} }));
        assert_eq!(text(&answer["result"]), expected);
    }
    assert_eq!(pipe.request(4, "ping", &json!({}))["result"], json!({}));
    assert_eq!(pipe.request(5, "no/such", &json!({}))["error"]["code"], -32601);
    let (lines, said) = pipe.end();
    assert_eq!((lines.len(), said.as_str()), (5, ""));
}

#[test]
fn a_modern_client() {
    let mut pipe = Pipe::start("echo");
    let (message, _) = modern("server/discover", &json!({}), &json!({}));
    let answer = pipe.request(1, "server/discover", &message["params"]);
    assert_eq!(answer["result"]["supportedVersions"][0], "2026-07-28");
    let params = json!({ "name": "echo", "arguments": { "text": "line\nend" } });
    let (message, _) = modern("tools/call", &params, &json!({}));
    let answer = pipe.request(2, "tools/call", &message["params"]);
    assert_eq!(answer["result"]["resultType"], "complete");
    assert_eq!(text(&answer["result"]), "line\nend");
    let mut strange = message["params"].clone();
    strange["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2099-01-01".into();
    assert_eq!(pipe.request(3, "tools/call", &strange)["error"]["code"], -32022);
    let (lines, said) = pipe.end();
    assert_eq!((lines.len(), said.as_str()), (3, ""));
}

/// An argument that is mirrored in a header over HTTP has none here.
#[test]
fn there_are_no_headers() {
    let mut pipe = Pipe::start("everything");
    let params = json!({ "name": "test_custom_header", "arguments": { "region": "north" } });
    let (message, _) = modern("tools/call", &params, &json!({}));
    let answer = pipe.request(1, "tools/call", &message["params"]);
    assert_eq!(text(&answer["result"]), "region is north");
    pipe.end();
}

#[test]
fn what_is_no_message_is_answered_and_nothing_else_suffers() {
    let mut pipe = Pipe::start("hello");
    pipe.write("this is no JSON");
    assert_eq!(pipe.find(|message| message["error"]["code"] == -32700)["id"], Value::Null);
    pipe.write(r#"{"jsonrpc":"2.0","id":7}"#);
    assert_eq!(pipe.find(|message| message["id"] == 7)["error"]["code"], -32600);
    pipe.write("");
    let batch =
        r#"[{"jsonrpc":"2.0","id":8,"method":"ping"},{"jsonrpc":"2.0","id":9,"method":"ping"}]"#;
    pipe.request(1, "initialize", &initialize("2025-03-26"));
    pipe.write(batch);
    let answers = pipe.find(Value::is_array);
    assert_eq!(answers.as_array().map(Vec::len), Some(2), "{answers}");
    pipe.request(2, "initialize", &initialize("2025-06-18"));
    pipe.write(batch);
    pipe.find(|message| {
        message["error"]["message"].as_str().is_some_and(|why| why.contains("2025-03-26"))
    });
    assert_eq!(
        text(&pipe.request(3, "tools/call", &json!({ "name": "hello" }))["result"]),
        "Hello, world!"
    );
    pipe.end();
}

#[test]
fn calls_run_side_by_side_and_can_be_cancelled() {
    let mut pipe = Pipe::start("booking");
    pipe.request(1, "initialize", &initialize("2025-11-25"));
    let slow = |id: u64| {
        json!({
            "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {
                "name": "countdown", "arguments": { "from": 100 }, "_meta": { "progressToken": id }
            }
        })
    };
    let reports = |id: u64| move |message: &Value| message["params"]["progressToken"] == id;
    pipe.write(&slow(2).to_string());
    pipe.find(reports(2));
    assert_eq!(pipe.request(3, "ping", &json!({}))["result"], json!({}));
    pipe.write(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#);
    let mut newer = slow(4);
    let (envelope, _) = modern("tools/call", &newer["params"], &json!({}));
    newer["params"]["_meta"] = envelope["params"]["_meta"].clone();
    newer["params"]["_meta"]["progressToken"] = 4.into();
    pipe.write(&newer.to_string());
    pipe.find(reports(4));
    pipe.write(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4}}"#);
    pipe.request(5, "ping", &json!({}));
    let (lines, _) = pipe.end();
    let messages: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for id in [2, 4] {
        assert!(!messages.iter().any(|message| message["id"] == id), "{id} was answered");
    }
}

/// What was asked before the end is still answered.
#[test]
fn the_end_of_the_input_is_the_end() {
    let mut pipe = Pipe::start("booking");
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "countdown", "arguments": { "from": 10 } }
    });
    pipe.write(&call.to_string());
    let (lines, said) = pipe.end();
    assert_eq!((lines.len(), said.as_str()), (1, ""), "{lines:?}");
    assert!(lines[0].contains("Lift-off!"), "{lines:?}");
}

async fn check_rust(begin: ClientLifecycleMode, expected: ProtocolVersion) {
    let command = tokio::process::Command::from(program("echo"));
    let transport = TokioChildProcess::new(command).expect("it starts");
    let all = async {
        let client = ClientConfig::default().serve_with_lifecycle(transport, begin).await;
        let client = client.expect("a connection");
        let info = client.peer_info().expect("it was told who the server is");
        assert_eq!(info.protocol_version, expected);
        let tools = client.list_all_tools().await.expect("all pages");
        assert_eq!(tools.len(), 1);
        let arguments = json!({ "text": "Grüße 👋" }).as_object().expect("an object").clone();
        let call = CallToolRequestParams::new("echo").with_arguments(arguments);
        let result = client.call_tool(call).await.expect("a result");
        assert_eq!(result.content[0].as_text().map(|block| block.text.as_str()), Some("Grüße 👋"));
        assert_eq!(client.list_all_resources().await.expect("all pages").len(), 1);
        assert_eq!(client.list_all_prompts().await.expect("all pages").len(), 1);
        client.cancel().await.expect("a clean end");
    };
    tokio::time::timeout(LIMIT, all).await.expect("in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rust_client() {
    check_rust(ClientLifecycleMode::Initialize, ProtocolVersion::V_2025_11_25).await;
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    let begin = ClientLifecycleMode::Discover { preferred_versions };
    check_rust(begin, ProtocolVersion::V_2026_07_28).await;
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    let begin = ClientLifecycleMode::Auto { preferred_versions, legacy_version: None };
    check_rust(begin, ProtocolVersion::V_2026_07_28).await;
}

#[test]
fn the_python_client() {
    let target = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let Some(installed) = install::foreign(target) else { return };
    for mode in ["auto", "legacy"] {
        let mut script = installed.python();
        script.arg(installed.script("stdio.py")).arg(example("booking")).arg(mode);
        let finished = succeed(&mut script, SCRIPT).unwrap_or_else(|error| panic!("{error}"));
        assert!(finished.stdout.contains("all steps passed"), "{finished}");
    }
}
