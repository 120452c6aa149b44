//! Ends that were asked for: exit code 0 within seconds, nothing left, whatever is under way.

use std::io::{BufRead, Read};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

use crate::support::http::{Client, rpc};
use crate::support::lines::Lines;
use crate::support::server::{END, Server, program};

/// How long a function may take to begin.
const BEGIN: Duration = Duration::from_secs(20);

/// A server with a tool whose function never answers, and the folder of the function.
fn with_slow_tool() -> (Server, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("slow.toml");
    let text = "[functions.slow]\ncommand = [\"sh\", \"-c\", \"echo begun; sleep 600 & wait\"]\n";
    std::fs::write(&file, text).expect("a file");
    let server = Server::start(&["--functions".as_ref(), file.as_os_str()]);
    server.client().register(&json!({
        "type": "tool", "name": "slow", "description": "Never answers.",
        "lambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:slow"
    }));
    (server, folder)
}

fn check_while_a_request_runs(signal: Signal) {
    let (server, _folder) = with_slow_tool();
    let client = server.client();
    let call = rpc("tools/call", &json!({"name": "slow", "arguments": {}}));
    let caller = std::thread::spawn(move || client.send("POST", "/mcp", &[], Some(&call)));
    assert_eq!(server.event("log", BEGIN)["text"], "begun");
    // The server, the shell and maybe already what the shell has started.
    let processes = server.processes();
    assert!(processes.len() >= 2 || cfg!(not(target_os = "linux")), "{processes:?}");
    server.stop_by(signal);
    // It is told that the call failed, or is cut off; it does not wait.
    if let Ok(reply) = caller.join().expect("no panic") {
        let body = reply.json();
        assert!(body["result"]["isError"] == true || body["error"].is_object(), "{body}");
    }
}

#[test]
fn by_sigterm_while_a_request_runs() {
    check_while_a_request_runs(Signal::TERM);
}

#[test]
fn by_sigint_while_a_request_runs() {
    check_while_a_request_runs(Signal::INT);
}

fn check_while_a_stream_is_open(signal: Signal) {
    let server = Server::start::<&str>(&[]);
    let mut stream = server.client().open("/sse");
    let mut line = String::new();
    stream.read_line(&mut line).expect("a line");
    assert_eq!(line, "event: endpoint\n");
    server.stop_by(signal);
    // Ends, or breaks off: it does not hang.
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn by_sigterm_while_a_stream_is_open() {
    check_while_a_stream_is_open(Signal::TERM);
}

#[test]
fn by_sigint_while_a_stream_is_open() {
    check_while_a_stream_is_open(Signal::INT);
}

#[test]
fn as_soon_as_it_listens() {
    for round in 0..16 {
        let server = Server::start(&["--no-examples"]);
        server.stop_by(if round % 2 == 0 { Signal::TERM } else { Signal::INT });
    }
}

#[test]
fn after_functions_have_run() {
    let server = Server::start::<&str>(&[]);
    let client = server.client();
    client.call_tool("example_echo", &json!({"text": "hello"})).expect(200);
    client.call_tool("example_clock", &json!({})).expect(200);
    server.stop();
}

#[test]
fn with_its_output_closed() {
    let mut command = program();
    command.args(["serve", "--json", "--listen", "127.0.0.1:0"]);
    let folder = tempfile::tempdir().expect("a folder");
    command.current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let errors = Lines::read(child.stderr.take().expect("it is piped"));
    let mut line = Vec::new();
    let mut output = child.stdout.take().expect("it is piped");
    // Byte by byte, so that nothing is read ahead.
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        output.read_exact(&mut byte).expect("a line");
        line.extend(byte);
    }
    drop(output);
    let event: serde_json::Value = serde_json::from_slice(&line).expect("an event");
    let url = event["url"].as_str().expect("a URL");
    let client = Client::new(url);
    for _ in 0..3 {
        client.call_tool("example_echo", &json!({"text": "hello"})).expect(200);
    }
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it runs");
    assert!(errors.ended(END), "it does not end");
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    assert_eq!(errors.text(), "");
}
