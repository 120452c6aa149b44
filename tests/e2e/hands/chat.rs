//! `chat` with a stand-in for Bedrock that says what is scripted.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use serde_json::{Value, json};

use super::{LIMIT, asking, lines, reading};
use crate::support::command::run;
use crate::support::server::Server;

/// How long a request may take to come.
const COME: Duration = Duration::from_secs(30);

/// A stand-in: answers one request after another, each from its script.
struct Bedrock {
    url: String,
    asked: Receiver<(String, Value)>,
}

/// What one request is answered.
enum Answer {
    Events(Vec<(&'static str, Value)>),
    Refusal(u16, &'static str, &'static str),
}

impl Bedrock {
    fn start(script: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, asked) = channel();
        std::thread::spawn(move || {
            for answer in script {
                let (stream, _) = listener.accept().expect("a connection");
                let request = serve(stream, &answer);
                if sender.send(request).is_err() {
                    return;
                }
            }
        });
        Self { url, asked }
    }

    /// The path and the body of the next request.
    fn asked(&self) -> (String, Value) {
        self.asked.recv_timeout(COME).expect("a request")
    }
}

fn serve(stream: TcpStream, answer: &Answer) -> (String, Value) {
    stream.set_read_timeout(Some(COME)).expect("a limit");
    let mut reader = BufReader::new(&stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).expect("a line");
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a number");
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let (head, bytes) = match answer {
        Answer::Events(events) => {
            let bytes = events.iter().flat_map(|(kind, payload)| frame(kind, payload)).collect();
            ("200 OK\r\ncontent-type: application/vnd.amazon.eventstream".to_owned(), bytes)
        }
        Answer::Refusal(status, kind, message) => {
            let head = format!(
                "{status} No\r\ncontent-type: application/json\r\nx-amzn-errortype: {kind}"
            );
            (head, json!({"message": message}).to_string().into_bytes())
        }
    };
    let bytes: Vec<u8> = bytes;
    let head =
        format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", bytes.len());
    (&stream).write_all(head.as_bytes()).and_then(|()| (&stream).write_all(&bytes)).expect("sent");
    let path = first.split(' ').nth(1).expect("a path").to_owned();
    (path, serde_json::from_slice(&body).expect("JSON"))
}

fn frame(kind: &str, payload: &Value) -> Vec<u8> {
    let header = |name: &'static str, value: &str| {
        Header::new(name, HeaderValue::String(value.to_owned().into()))
    };
    let message = Message::new(payload.to_string().into_bytes())
        .add_header(header(":message-type", "event"))
        .add_header(header(":event-type", kind))
        .add_header(header(":content-type", "application/json"));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).expect("a frame");
    bytes
}

fn text(at: i32, piece: &str) -> (&'static str, Value) {
    ("contentBlockDelta", json!({"contentBlockIndex": at, "delta": {"text": piece}}))
}

fn tool(at: i32, name: &str, input: &str) -> Vec<(&'static str, Value)> {
    let (start, rest) = input.split_at(input.len() / 2);
    let delta = |piece: &str| {
        (
            "contentBlockDelta",
            json!({"contentBlockIndex": at, "delta": {"toolUse": {"input": piece}}}),
        )
    };
    let begin = json!({"contentBlockIndex": at, "start": {"toolUse": {"toolUseId": format!("t{at}"), "name": name}}});
    vec![
        ("contentBlockStart", begin),
        delta(start),
        delta(rest),
        ("contentBlockStop", json!({"contentBlockIndex": at})),
    ]
}

fn turn(middle: Vec<(&'static str, Value)>, reason: &str) -> Answer {
    let mut events = vec![("messageStart", json!({"role": "assistant"}))];
    events.extend(middle);
    events.push(("messageStop", json!({"stopReason": reason})));
    let usage = json!({"inputTokens": 11, "outputTokens": 7, "totalTokens": 18});
    events.push(("metadata", json!({"usage": usage, "metrics": {"latencyMs": 1}})));
    Answer::Events(events)
}

fn chat(server: &Server, bedrock: &Bedrock, arguments: &[&str]) -> Command {
    let mut command = asking(server);
    command
        .args(["chat", "--endpoint-url", &bedrock.url, "--model", "a.model-v1:0"])
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "a-secret")
        .env("AWS_REGION", "eu-west-1");
    command
}

#[test]
fn a_model_uses_a_tool() {
    let server = Server::start::<&str>(&[]);
    let middle =
        [vec![text(0, "Let me "), text(0, "see.")], tool(1, "example_echo", r#"{"text":"hello"}"#)];
    let script =
        vec![turn(middle.concat(), "tool_use"), turn(vec![text(0, "It says hello.")], "end_turn")];
    let bedrock = Bedrock::start(script);
    let finished =
        run(&mut chat(&server, &bedrock, &["Say hello", "--system", "Be short."]), LIMIT)
            .expect("an end");
    assert_eq!(finished.code, Some(0), "{finished}");
    assert_eq!(finished.stdout, "Let me see.\nIt says hello.");
    assert!(finished.stderr.contains(r#"→ example_echo {"text":"hello"}"#), "{finished}");
    assert!(finished.stderr.contains("← example_echo hello"), "{finished}");

    let (path, first) = bedrock.asked();
    assert!(path.starts_with("/model/a.model-v1%3A0/converse-stream"), "{path}");
    assert_eq!(first["system"][0]["text"], "Be short.");
    let tools = first["toolConfig"]["tools"].as_array().expect("tools");
    let offered: Vec<&str> =
        tools.iter().filter_map(|tool| tool["toolSpec"]["name"].as_str()).collect();
    assert_eq!(offered, ["example_clock", "example_echo"]);
    assert_eq!(tools[1]["toolSpec"]["inputSchema"]["json"]["required"], json!(["text"]));
    let (_, second) = bedrock.asked();
    let messages = second["messages"].as_array().expect("messages");
    assert_eq!(messages.len(), 3, "{second}");
    assert_eq!(messages[1]["content"][1]["toolUse"]["input"]["text"], "hello");
    let result = &messages[2]["content"][0]["toolResult"];
    assert_eq!((&result["toolUseId"], &result["status"]), (&json!("t1"), &json!("success")));
    assert_eq!(result["content"][0]["text"], "hello");
    server.stop();
}

#[test]
fn whatever_goes_wrong_with_a_tool_is_told_to_the_model() {
    let server = Server::start::<&str>(&[]);
    let calls = [
        tool(0, "example_echo", "{}"),
        tool(1, "nothing", "{}"),
        tool(2, "example_echo", r#"{"text": "#),
        tool(3, "example_clock", ""),
    ];
    let script =
        vec![turn(calls.concat(), "tool_use"), turn(vec![text(0, "Sorry.")], "max_tokens")];
    let bedrock = Bedrock::start(script);
    let finished = run(&mut chat(&server, &bedrock, &["Try", "--json"]), LIMIT).expect("an end");
    assert_eq!(finished.code, Some(0), "{finished}");
    let told = lines(&finished.stdout);
    let kinds: Vec<&str> = told.iter().filter_map(|event| event["event"].as_str()).collect();
    let each = ["tool-call", "tool-result"].repeat(4);
    let expected =
        [&["assistant", "usage"][..], &each, &["assistant", "usage", "stopped"]].concat();
    assert_eq!(kinds, expected);
    assert_eq!((&told[1]["inputTokens"], &told[1]["outputTokens"]), (&json!(11), &json!(7)));
    let _ = bedrock.asked();
    let (_, second) = bedrock.asked();
    let results = second["messages"][2]["content"].as_array().expect("results");
    let states: Vec<&Value> = results.iter().map(|one| &one["toolResult"]["status"]).collect();
    assert_eq!(states, ["error", "error", "error", "success"]);
    server.stop();
}

#[test]
fn rounds_are_bounded_and_refusals_have_a_next_step() {
    let server = Server::start::<&str>(&[]);
    let again = || turn(tool(0, "example_clock", "{}"), "tool_use");
    let bedrock = Bedrock::start(vec![again(), again()]);
    let finished =
        run(&mut chat(&server, &bedrock, &["Go", "--rounds", "1"]), LIMIT).expect("an end");
    assert_eq!(finished.code, Some(12), "{finished}");
    assert!(finished.stderr.contains("--rounds"), "{finished}");

    let refusal = Answer::Refusal(403, "AccessDeniedException", "no access to the model");
    let bedrock = Bedrock::start(vec![refusal]);
    let finished = run(&mut chat(&server, &bedrock, &["Go"]), LIMIT).expect("an end");
    assert_eq!(finished.code, Some(8), "{finished}");
    for word in ["no access to the model", "bedrock:InvokeModelWithResponseStream"] {
        assert!(finished.stderr.contains(word), "{finished}");
    }
    server.stop();
}

#[test]
fn each_line_is_a_turn() {
    let server = Server::start(&["--no-examples"]);
    let script =
        vec![turn(vec![text(0, "One.")], "end_turn"), turn(vec![text(0, "Two.")], "end_turn")];
    let bedrock = Bedrock::start(script);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("in"), "first\n\nsecond\n").expect("a file");
    let command = chat(&server, &bedrock, &[]);
    let mut command = reading(&command, &folder.path().join("in"));
    let finished = run(&mut command, LIMIT).expect("an end");
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), "One.\nTwo."), "{finished}");
    let (_, first) = bedrock.asked();
    // An empty list of tools is refused by Bedrock.
    assert!(first.get("toolConfig").is_none(), "{first}");
    let (_, second) = bedrock.asked();
    assert_eq!(second["messages"].as_array().map(Vec::len), Some(3), "{second}");
    server.stop();
}
