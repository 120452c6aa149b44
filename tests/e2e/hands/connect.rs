//! `connect`: line by line, and with the clients of others.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use rmcp::model::{CallToolRequestParams, ClientConfig};
use rmcp::{ClientLifecycleMode, ClientServiceExt};
use serde_json::{Value, json};

use super::{LIMIT, refused};
use crate::support::command::{run, succeed};
use crate::support::lines::Lines;
use crate::support::server::{Server, program};
use crate::support::{fixture, foreign, gate};

/// How long a script may take; each of its steps has 30 seconds.
const SCRIPT: Duration = Duration::from_secs(120);

/// A connection as a host has it.
struct Connection {
    child: Child,
    input: Option<ChildStdin>,
    lines: Lines,
    errors: Lines,
    read: usize,
}

impl Connection {
    fn to(url: &str) -> Self {
        let mut child = program()
            .args(["connect", "--url", url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let input = child.stdin.take();
        let lines = Lines::read(child.stdout.take().expect("it is piped"));
        let errors = Lines::read(child.stderr.take().expect("it is piped"));
        Self { child, input, lines, errors, read: 0 }
    }

    fn send(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it is open");
        writeln!(input, "{line}").and_then(|()| input.flush()).expect("it reads");
    }

    /// The answer to a request, whatever else is said.
    fn answer(&self, id: &Value) -> Value {
        let parse = |line: &str| serde_json::from_str::<Value>(line).ok();
        let ours = |line: &str| {
            parse(line).is_some_and(|one| one["id"] == *id && one.get("method").is_none())
        };
        let line = self.lines.find(LIMIT, ours);
        line.as_deref().and_then(parse).unwrap_or_else(|| {
            panic!("no answer to {id}: {}\n{}", self.lines.text(), self.errors.text())
        })
    }

    fn ask(&mut self, message: &Value) -> Value {
        self.send(&message.to_string());
        self.answer(&message["id"])
    }

    /// Closes its input, and waits for its end.
    fn close(mut self) -> String {
        drop(self.input.take());
        assert!(self.lines.ended(LIMIT), "it does not end: {}", self.errors.text());
        assert_eq!(self.child.wait().expect("an end").code(), Some(0));
        self.read = self.lines.all().len();
        self.errors.text()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn modern(id: &str, method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}
    });
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn handshake(id: u64) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}})
}

fn call(id: u64, text: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
        "params": {"name": "example_echo", "arguments": {"text": text}}})
}

#[test]
fn modern_requests_get_their_headers() {
    let server = Server::start::<&str>(&[]);
    server.client().register(&json!({"type": "tool", "name": "mirrored", "description": "d",
        "lambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:example-echo",
        "inputSchema": {"type": "object", "properties":
            {"text": {"type": "string", "x-mcp-header": "Text"}}}}));
    let mut connection = Connection::to(server.url());
    let found = connection.ask(&modern("d", "server/discover", json!({})));
    assert_eq!(found["result"]["resultType"], "complete", "{found}");
    // No list has told what this tool wants repeated.
    let said = connection.ask(&modern(
        "c",
        "tools/call",
        json!({"name": "mirrored", "arguments": {"text": "é"}}),
    ));
    assert_eq!(said["result"]["content"][0]["text"], "é", "{said}");
    let read = connection.ask(&modern("r", "resources/read", json!({"uri": "mcp-lambda://guide"})));
    assert!(read["result"]["contents"][0]["text"].is_string(), "{read}");
    let unknown = connection.ask(&modern("u", "no/such", json!({})));
    assert_eq!(unknown["error"]["code"], -32_601, "{unknown}");
    assert_eq!(connection.close(), "");
    server.stop();
}

#[test]
fn what_is_no_request_is_told_apart() {
    let server = Server::start::<&str>(&[]);
    let mut connection = Connection::to(server.url());
    connection.send("{");
    assert_eq!(connection.answer(&Value::Null)["error"]["code"], -32_700);
    connection.send("");
    assert_eq!(connection.ask(&json!({"jsonrpc": "2.0", "id": 7}))["error"]["code"], -32_600);
    assert_eq!(connection.ask(&handshake(1))["result"]["protocolVersion"], "2025-11-25");
    connection.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    assert_eq!(connection.ask(&call(2, "a"))["result"]["content"][0]["text"], "a");
    // What is asked last is answered, though nobody says anything any more.
    connection.send(&call(3, "b").to_string());
    drop(connection.input.take());
    assert_eq!(connection.answer(&json!(3))["result"]["content"][0]["text"], "b");
    connection.close();
    server.stop();
}

#[test]
fn a_lost_session_is_begun_again() {
    let server = Server::start::<&str>(&[]);
    let mut connection = Connection::to(server.url());
    connection.ask(&handshake(1));
    connection.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    assert_eq!(connection.ask(&call(2, "a"))["result"]["content"][0]["text"], "a");
    let url = server.url().to_owned();
    server.stop();
    let gone = connection.ask(&call(3, "b"));
    assert_eq!(gone["error"]["code"], 503, "{gone}");
    assert!(gone["error"]["message"].as_str().expect("a text").contains("cannot reach"), "{gone}");
    // Another server at the same address, with other keys: it does not know the session.
    let address = url.trim_start_matches("http://");
    let again = Server::start_at(address);
    assert_eq!(connection.ask(&call(4, "c"))["result"]["content"][0]["text"], "c");
    let said = connection.close();
    assert_eq!(said.lines().count(), 1, "{said}");
    again.stop();
}

#[test]
fn a_gateway_that_is_not_there_answers_every_request() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", closed.local_addr().expect("an address"));
    drop(closed);
    let mut connection = Connection::to(&url);
    for id in 1..=3 {
        let answer = connection.ask(&handshake(id));
        assert_eq!(answer["error"]["code"], 503, "{answer}");
    }
    let answer = connection.ask(&modern("m", "tools/list", json!({})));
    assert!(answer["error"]["message"].as_str().expect("a text").contains("mcp-lambda serve"));
    connection.close();
}

#[test]
fn configurations_for_each_host() {
    let server = Server::start(&["--no-examples"]);
    for host in ["claude-desktop", "cursor", "vscode", "claude-code", "codex"] {
        let mut command = program();
        command.args(["connect", "--print", host, "--url", server.url(), "--name", "mine"]);
        let finished = run(&mut command, LIMIT).expect("an end");
        assert_eq!(finished.code, Some(0), "{finished}");
        for word in ["mine", "connect", server.url(), env!("CARGO_BIN_EXE_mcp-lambda")] {
            assert!(finished.stdout.contains(word), "{word:?} is missing: {finished}");
        }
        assert_eq!(finished.stderr.lines().count(), 1, "{finished}");
    }
    refused(&server, &["connect", "--print", "notepad"], 2, &["claude-desktop"]);
    server.stop();
}

fn check_client(name: &str, modes: &[&str]) {
    let Some(installed) = foreign() else { return };
    let _pass = gate::enter();
    let server = fixture::examples(installed);
    let mut script: Command =
        if name.ends_with(".py") { installed.python() } else { installed.node() };
    script.arg(installed.script(name)).arg(server.url()).args(modes);
    script.env("MCP_LAMBDA", env!("CARGO_BIN_EXE_mcp-lambda"));
    let steps = match succeed(&mut script, SCRIPT) {
        Ok(finished) => finished.stdout,
        Err(error) => panic!("{error}\n{}", server.said()),
    };
    assert!(steps.lines().count() > 15, "too few steps: {steps}");
    server.stop();
}

#[test]
fn typescript_2_legacy() {
    check_client("ts2.mjs", &["stdio", "legacy"]);
}

#[test]
fn typescript_2_auto() {
    check_client("ts2.mjs", &["stdio", "auto"]);
}

#[test]
fn typescript_2_modern() {
    check_client("ts2.mjs", &["stdio", "modern"]);
}

#[test]
fn typescript_1() {
    check_client("ts1.mjs", &["stdio"]);
}

#[test]
fn python_auto() {
    check_client("client.py", &["stdio-auto"]);
}

#[test]
fn python_legacy() {
    check_client("client.py", &["stdio-legacy"]);
}

#[tokio::test]
async fn rmcp_over_a_child_process() {
    let server = Server::start::<&str>(&[]);
    let mut command = tokio::process::Command::from(program());
    command.args(["connect", "--url", server.url()]).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let pipes = (child.stdout.take().expect("a pipe"), child.stdin.take().expect("a pipe"));
    let talk = async {
        let begin = ClientLifecycleMode::Initialize;
        let client = ClientConfig::default().serve_with_lifecycle(pipes, begin).await;
        let client = client.expect("a connection");
        assert_eq!(client.list_all_tools().await.expect("tools").len(), 2);
        let arguments = json!({"text": "hello"}).as_object().expect("an object").clone();
        let call = CallToolRequestParams::new("example_echo").with_arguments(arguments);
        let result = client.call_tool(call).await.expect("a result");
        assert_eq!(result.content[0].as_text().expect("a text").text, "hello");
        client.cancel().await.expect("a clean end");
    };
    tokio::time::timeout(LIMIT, talk).await.expect("in time");
    let ended = tokio::time::timeout(LIMIT, child.wait()).await.expect("in time");
    assert_eq!(ended.expect("an end").code(), Some(0));
    server.stop();
}
