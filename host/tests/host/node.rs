//! JavaScript functions through the bootstrap that comes with the crate.

use std::process::Stdio;

use lambda_host::{HostOptions, Invocation, RawFunction};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

use crate::support::{PATIENCE, Probe, collect, payload};

/// A host over a handler in the tests' folder of functions.
pub(crate) fn probe(handler: &str) -> Probe {
    let command = ["node", "{node-bootstrap}", handler].map(str::to_owned).to_vec();
    let raw = RawFunction {
        command,
        directory: Some("tests/host/functions".into()),
        timeout: Some(5.0),
        ..RawFunction::default()
    };
    let probe = Probe::with(raw, HostOptions::default());
    let problems = probe.host.check();
    assert!(problems.is_empty(), "these tests need Node 18 or later: {}", problems[0]);
    probe
}

#[tokio::test]
async fn an_async_handler_gets_event_and_context() {
    let probe = probe("kinds.handler");
    let invocation = Invocation {
        payload: payload(&json!({ "a": "ü" })),
        client_context: Some(r#"{"custom":{"b":"ü"}}"#.into()),
        trace_id: Some("Root=1-2-3".into()),
        qualifier: Some("live".into()),
        ..Invocation::default()
    };
    let response = probe.invoke_with(invocation).await.expect("an answer");
    let id = response.request_id.clone();
    let (bytes, error) = collect(response).await;
    assert_eq!(error, None);
    let answer: Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(answer["event"], json!({ "a": "ü" }));
    assert_eq!(answer["trace"], "Root=1-2-3");
    let context = &answer["context"];
    assert_eq!(context["awsRequestId"], id);
    assert_eq!(context["functionName"], "probe");
    assert_eq!(context["functionVersion"], "$LATEST");
    assert_eq!(context["memoryLimitInMB"], "128");
    assert_eq!(context["clientContext"], json!({ "custom": { "b": "ü" } }));
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:probe:live";
    assert_eq!(context["invokedFunctionArn"], arn);
    assert!(context["remaining"].as_f64().is_some_and(|ms| (1.0..=5_000.0).contains(&ms)));
}

#[tokio::test]
async fn handlers_of_every_kind() {
    for (handler, event, expected) in [
        ("kinds.deep.down.handler", json!({}), json!("found")),
        ("kinds.nothing", json!({}), json!(null)),
        ("kinds.callback", json!({ "value": 1 }), json!({ "called": 1 })),
        ("kinds.forgetful", json!({}), json!(null)),
        ("common.handler", json!({ "a": 1 }), json!({ "common": { "a": 1 } })),
        ("../functions/common.handler", json!(2), json!({ "common": 2 })),
    ] {
        let probe = probe(handler);
        for _ in 0..2 {
            assert_eq!(probe.value(event.clone()).await, expected, "{handler}");
        }
        assert_eq!(probe.host.instances(&probe.name), 1);
    }
}

#[tokio::test]
async fn errors_have_type_message_and_trace() {
    let probe = probe("kinds.throws");
    let (_, error) = probe.failure(json!({})).await;
    assert_eq!(error["errorType"], "TypeError");
    assert_eq!(error["errorMessage"], "of a kind");
    assert!(error["trace"][1].as_str().is_some_and(|line| line.contains("kinds.mjs")));
    let (_, error) = probe.failure(json!({ "plain": true })).await;
    let expected = json!({ "errorType": "string", "errorMessage": "only text", "trace": [] });
    assert_eq!(error, expected);
    probe.log.wait_for("ERROR\tInvoke Error\t").await;
    assert_eq!(probe.host.instances(&probe.name), 1);
}

#[tokio::test]
async fn errors_of_callbacks() {
    let probe = probe("kinds.callback");
    let (_, error) = probe.failure(json!({ "error": "no" })).await;
    assert_eq!(error["errorMessage"], "no");
}

#[tokio::test]
async fn what_nobody_catches_ends_the_process() {
    for (handler, error_type, message) in [
        ("kinds.uncaught", "Runtime.UncaughtException", "too late"),
        ("kinds.rejected", "Runtime.UnhandledPromiseRejection", "unheard"),
    ] {
        let probe = probe(handler);
        for _ in 0..2 {
            let (_, error) = probe.failure(json!({})).await;
            assert_eq!(error["errorType"], error_type);
            assert_eq!(error["errorMessage"], message);
        }
    }
}

#[tokio::test]
async fn handlers_that_cannot_be_loaded() {
    for (handler, error_type, message) in [
        ("gone.handler", "Runtime.ImportModuleError", "Cannot find module"),
        ("broken.handler", "Runtime.UserCodeSyntaxError", "SyntaxError"),
        ("fails.handler", "Runtime.ImportModuleError", "no config"),
        ("kinds.gone", "Runtime.HandlerNotFound", "kinds.gone is undefined or not exported"),
        ("kinds.constant", "Runtime.HandlerNotFound", "kinds.constant is not a function"),
        ("kinds", "Runtime.MalformedHandlerName", "Bad handler: 'kinds'"),
    ] {
        let (_, error) = probe(handler).failure(json!({})).await;
        assert_eq!(error["errorType"], error_type, "{handler}");
        let text = error["errorMessage"].as_str().expect("a message");
        assert!(text.contains(message), "{handler}: {text}");
    }
}

#[tokio::test]
async fn output_is_logged() {
    let probe = probe("kinds.prints");
    probe.value(json!({ "text": "hello" })).await;
    assert_eq!(probe.log.texts(), ["hello", "hello"]);
}

#[tokio::test]
async fn streams() {
    let probe = probe("kinds.streamed");
    let response = probe.try_invoke(json!({})).await.expect("an answer");
    assert!(response.streaming);
    assert_eq!(response.content_type, "text/plain");
    let (bytes, error) = collect(response).await;
    assert_eq!((&bytes[..], error), (&br#"one{"two":2}"#[..], None));

    let (_, error) = probe.failure(json!({ "early": true })).await;
    assert_eq!(error["errorMessage"], "before the first byte");

    let (bytes, error) = probe.answer(json!({ "late": true })).await;
    assert_eq!(bytes, "one");
    let error = error.expect("an error");
    assert_eq!(error.error_type.as_deref(), Some("Error"));
    assert_eq!(error.message(), "after the first byte");
    assert_eq!(probe.host.instances(&probe.name), 1);
}

#[tokio::test]
async fn the_bootstrap_stands_in_one_file() {
    let probe = probe("kinds.pong");
    let path = probe.host.node_bootstrap_file().expect("a file");
    assert!(probe.value(json!({})).await.is_u64());
    assert_eq!(probe.host.node_bootstrap_file().expect("a file"), path);
    drop(probe);
    assert!(!path.exists());
}

/// A host that is killed cannot end its processes: they have to notice by themselves.
#[tokio::test]
async fn without_a_host_the_bootstrap_ends() {
    for event in [None, Some("{}")] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let api = listener.local_addr().expect("an address").to_string();
        let probe = probe("kinds.rejected");
        let mut process = Command::new("node")
            .arg(probe.host.node_bootstrap_file().expect("a file"))
            .arg("kinds.rejected")
            .current_dir("tests/host/functions")
            .env("AWS_LAMBDA_RUNTIME_API", api)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a process");
        let accepted = timeout(PATIENCE, listener.accept()).await.expect("a call");
        let (mut connection, _) = accepted.expect("a connection");
        assert!(connection.read(&mut [0; 1024]).await.expect("a request") > 0);
        // Nobody listens any more, nor reads what is printed.
        drop((process.stdout.take(), process.stderr.take(), listener));
        if let Some(event) = event {
            let length = event.len();
            let head = "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: id\r\n";
            let answer = format!("{head}content-length: {length}\r\n\r\n{event}");
            connection.write_all(answer.as_bytes()).await.expect("a listener");
        }
        drop(connection);
        let status = timeout(PATIENCE, process.wait()).await.expect("an end").expect("a status");
        assert!(!status.success());
    }
}
