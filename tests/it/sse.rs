//! HTTP+SSE of 2024-11-05.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use mcp_lambda_runtime::edge::body::Body;
use serde_json::json;

use crate::support::{TestGateway, events, next_piece, post};

/// Opens a stream and reads the address for messages.
async fn open(gateway: &TestGateway) -> (Body, String) {
    let request =
        Request::get("/sse").header("host", "localhost").header("accept", "text/event-stream");
    let response = gateway.open(request.body(Bytes::new()).expect("a request")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let first = next_piece(&mut body).await.expect("the endpoint");
    let path =
        first.strip_prefix("event: endpoint\ndata: ").and_then(|rest| rest.strip_suffix("\n\n"));
    (body, path.expect("the endpoint's address").to_owned())
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{"elicitation":{}},"clientInfo":{"name":"c","version":"1"}}}"#;

#[tokio::test]
async fn answers_come_on_the_stream() {
    let gateway = Arc::new(TestGateway::new().await);
    let (mut body, path) = open(&gateway).await;
    assert!(path.starts_with("/message?sessionId="), "{path}");
    let accepted = gateway.send(post(&path, &[], INITIALIZE)).await;
    assert_eq!((accepted.status, accepted.body.as_str()), (202, "Accepted"));
    assert!(accepted.header("mcp-session-id").is_none());
    let answer = events(&next_piece(&mut body).await.expect("an answer")).remove(0);
    assert_eq!(answer["result"]["protocolVersion"], "2024-11-05");

    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(gateway.send(post(&path, &[], note)).await.status, 202);
    let call = r#"{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}"#;
    assert_eq!(gateway.send(post(&path, &[], call)).await.status, 202);
    let answer = events(&next_piece(&mut body).await.expect("an answer")).remove(0);
    assert_eq!(answer["id"], "x");
    assert_eq!(answer["result"]["x-Extra"], 1.5);

    for bad in ["{", "[]", r#"{"jsonrpc":"2.0","id":1}"#] {
        assert_eq!(gateway.send(post(&path, &[], bad)).await.status, 400, "{bad}");
    }
    let unknown = r#"{"jsonrpc":"2.0","id":2,"method":"none"}"#;
    gateway.send(post(&path, &[], unknown)).await;
    let answer = events(&next_piece(&mut body).await.expect("an answer")).remove(0);
    assert_eq!(answer["error"]["code"], -32601);
}

#[tokio::test]
async fn the_client_is_asked_on_the_stream() {
    let gateway = Arc::new(TestGateway::new().await);
    let (mut body, path) = open(&gateway).await;
    gateway.send(post(&path, &[], INITIALIZE)).await;
    next_piece(&mut body).await.expect("the answer");
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask"}}"#;
    gateway.send(post(&path, &[], call)).await;
    let asked = events(&next_piece(&mut body).await.expect("a request")).remove(0);
    assert_eq!(asked["method"], "elicitation/create");
    let answer = json!({"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "accept", "content": {"name": "Ann"}}});
    gateway.send(post(&path, &[], &answer.to_string())).await;
    let result = events(&next_piece(&mut body).await.expect("the result")).remove(0);
    assert_eq!(result["result"]["content"][0]["text"], "Hello, Ann!");
}

#[tokio::test]
async fn a_stream_that_is_gone_takes_no_messages() {
    let gateway = Arc::new(TestGateway::new().await);
    let (body, path) = open(&gateway).await;
    drop(body);
    // The mailbox is closed by a task of its own.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(gateway.send(post(&path, &[], INITIALIZE)).await.status, 404);
}

#[tokio::test]
async fn the_transports_do_not_share_sessions() {
    let gateway = Arc::new(TestGateway::new().await);
    let (_body, path) = open(&gateway).await;
    let id = path.rsplit_once('=').expect("an id").1;
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(gateway.post(&[("mcp-session-id", id)], ping).await.status, 404);
    let streamable = gateway.initialize("2025-11-25", "{}").await;
    let path = format!("/message?sessionId={streamable}");
    assert_eq!(gateway.send(post(&path, &[], ping)).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn calls_of_one_session_run_side_by_side() {
    let gateway = Arc::new(TestGateway::new().await);
    let (mut body, path) = open(&gateway).await;
    let slow = r#"{"jsonrpc":"2.0","id":"slow","method":"tools/call","params":{"name":"slow"}}"#;
    let ping = r#"{"jsonrpc":"2.0","id":"ping","method":"ping"}"#;
    gateway.send(post(&path, &[], slow)).await;
    gateway.send(post(&path, &[], ping)).await;
    let first = events(&next_piece(&mut body).await.expect("an answer")).remove(0);
    assert_eq!(first["id"], "ping");
    let second = events(&next_piece(&mut body).await.expect("an answer")).remove(0);
    assert_eq!(
        (second["id"].clone(), second["result"]["isError"].clone()),
        (json!("slow"), json!(true))
    );
}

#[tokio::test(start_paused = true)]
async fn an_idle_stream_is_kept_alive_until_its_deadline() {
    let gateway = TestGateway::new().await;
    let (mut body, _) = open(&gateway).await;
    assert_eq!(next_piece(&mut body).await.as_deref(), Some(": keepalive\n\n"));
    let mut comments = 1;
    while let Some(piece) = next_piece(&mut body).await {
        assert_eq!(piece, ": keepalive\n\n");
        comments += 1;
    }
    assert!((58..=60).contains(&comments), "{comments} in 900 seconds");
}

#[tokio::test]
async fn answers_get_through_when_every_place_is_taken_by_a_question() {
    let gateway = Arc::new(TestGateway::new().await);
    let (mut body, path) = open(&gateway).await;
    gateway.send(post(&path, &[], INITIALIZE)).await;
    next_piece(&mut body).await.expect("the answer");
    let calls = 20;
    for number in 0..calls {
        let call = format!(
            r#"{{"jsonrpc":"2.0","id":{number},"method":"tools/call","params":{{"name":"ask"}}}}"#
        );
        gateway.send(post(&path, &[], &call)).await;
    }
    let mut results = 0;
    while results < calls {
        for message in events(&next_piece(&mut body).await.expect("a message")) {
            if message.get("method").is_some() {
                let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": {"action": "accept", "content": {"name": "Ann"}}});
                gateway.send(post(&path, &[], &answer.to_string())).await;
            } else {
                assert_eq!(message["result"]["content"][0]["text"], "Hello, Ann!");
                results += 1;
            }
        }
    }
}
