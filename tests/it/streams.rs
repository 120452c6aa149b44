//! Functions that report while they work.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{TestGateway, modern, next_piece, post};

const WITH_TOKEN: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"progress","_meta":{"progressToken":"t"}}}"#;

fn methods(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["method"].as_str().unwrap_or("answer")).collect()
}

#[tokio::test(start_paused = true)]
async fn notifications_come_before_the_result() {
    let gateway = TestGateway::new().await;
    let reply = gateway.post(&[], WITH_TOKEN).await;
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    assert_eq!(reply.header("cache-control"), Some("no-cache, no-transform"));
    let events = reply.events();
    let expected =
        ["notifications/progress", "notifications/message", "notifications/progress", "answer"];
    assert_eq!(methods(&events), expected);
    assert_eq!(events[0]["params"]["progressToken"], "t");
    assert_eq!(events[3]["result"]["content"][0]["text"], "done");
}

#[tokio::test(start_paused = true)]
async fn modern_clients_hear_only_what_they_asked_for() {
    let gateway = TestGateway::new().await;
    let quiet = gateway.modern("tools/call", &json!({"name": "progress"})).await;
    assert_eq!(quiet.header("content-type"), Some("application/json"));
    assert_eq!(quiet.result()["resultType"], "complete");

    let call = |meta: Value| json!({"name": "progress", "_meta": meta});
    let level = |level: &str| call(json!({"io.modelcontextprotocol/logLevel": level}));
    let loud = gateway.modern("tools/call", &level("debug")).await;
    assert_eq!(methods(&loud.events()), ["notifications/message", "answer"]);
    let errors = gateway.modern("tools/call", &level("error")).await;
    assert_eq!(errors.result()["content"][0]["text"], "done");
    assert_eq!(gateway.modern("tools/call", &level("loud")).await.code(), -32602);
    let token = gateway.modern("tools/call", &call(json!({"progressToken": 7}))).await;
    assert_eq!(token.events()[0]["params"]["progressToken"], 7);
    let wrong = gateway.modern("tools/call", &call(json!({"progressToken": {}}))).await;
    assert_eq!(wrong.code(), -32602);
}

#[tokio::test(start_paused = true)]
async fn a_level_that_was_set_holds_for_the_session() {
    let gateway = TestGateway::new().await;
    let session = gateway.initialize("2025-11-25", "{}").await;
    let headers = [("mcp-session-id", session.as_str())];
    let set = r#"{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"error"}}"#;
    assert_eq!(gateway.post(&headers, set).await.body, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    let reply = gateway.post(&headers, WITH_TOKEN).await;
    assert_eq!(
        methods(&reply.events()),
        ["notifications/progress", "notifications/progress", "answer"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_no_events_gets_the_result_alone() {
    let gateway = TestGateway::new().await;
    let reply = gateway.post(&[("accept", "application/json")], WITH_TOKEN).await;
    // Two accept headers: the first lists both types.
    assert_eq!(reply.status, 200);
    let mut request = post("/mcp", &[], WITH_TOKEN);
    request.headers_mut().insert("accept", http::HeaderValue::from_static("application/json"));
    let reply = gateway.send(request).await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.result()["content"][0]["text"], "done");
}

#[tokio::test(start_paused = true)]
async fn the_first_event_is_sent_while_the_function_still_runs() {
    let gateway = TestGateway::new().await;
    let mut body = gateway.open(post("/mcp", &[], WITH_TOKEN)).await.into_body();
    let start = tokio::time::Instant::now();
    let first = next_piece(&mut body).await.expect("the first event");
    assert!(first.contains(r#""progress":1"#));
    assert_eq!(start.elapsed(), Duration::ZERO, "the answer began with its first event");
    while next_piece(&mut body).await.is_some() {}
    assert_eq!(start.elapsed(), Duration::from_millis(150));
}

#[tokio::test(start_paused = true)]
async fn long_silence_is_broken_by_comments() {
    let gateway = TestGateway::new().await;
    gateway
        .register(&json!({
            "type": "tool", "name": "slower", "description": "d", "timeoutSeconds": 40,
            "lambdaArn": crate::support::functions::arn("slow")
        }))
        .await;
    let reply = gateway.modern("tools/call", &json!({"name": "slower"})).await;
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    assert_eq!(reply.body.matches(": keepalive\n\n").count(), 2);
    let text = reply.events()[0]["result"]["content"][0]["text"].to_string();
    assert!(text.contains("no answer within 40 seconds"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn dropping_the_stream_of_a_modern_client_ends_the_call() {
    let gateway = TestGateway::new().await;
    let params = json!({"name": "progress", "_meta": {"progressToken": 1}});
    let response = gateway.open(modern("tools/call", &params, "{}")).await;
    let mut body = response.into_body();
    next_piece(&mut body).await.expect("the first event");
    drop(body);
    let log = gateway.log.lock().expect("no panic");
    assert_eq!(log.len(), 1, "the request is logged when its stream ends");
}
