//! One and the same `input_required` answer: MRTR for a modern client, real requests for a legacy one.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{self, TestGateway, events, modern, next_piece};

const FORMS: &str = r#"{"elicitation":{}}"#;

#[tokio::test]
async fn modern_clients_call_again_with_the_answer() {
    let gateway = TestGateway::new().await;
    let first = gateway.modern("tools/call", &json!({"name": "ask"})).await;
    let result = first.result();
    assert_eq!(result["resultType"], "input_required");
    let request = &result["inputRequests"]["name"];
    assert_eq!(request["method"], "elicitation/create");
    assert_eq!(request.as_object().expect("an object").len(), 2, "method and params alone");
    let state = result["requestState"].as_str().expect("a sealed state");
    assert!(!state.contains("step-1"));

    let answer = json!({"name": {"action": "accept", "content": {"name": "Ann"}}});
    let second = json!({"name": "ask", "inputResponses": answer, "requestState": state});
    gateway.functions.calls();
    let done = gateway.modern("tools/call", &second).await;
    assert_eq!(done.result()["content"][0]["text"], "Hello, Ann!");
    let event: Value =
        serde_json::from_slice(&gateway.functions.calls()[0].payload).expect("an event");
    assert_eq!(event["_mcp"]["requestState"], "step-1");
}

#[tokio::test]
async fn state_cannot_be_changed_moved_or_kept() {
    let gateway = TestGateway::new().await;
    gateway.register(&json!({
        "type": "tool", "name": "ask2", "description": "d", "lambdaArn": support::functions::arn("ask")
    })).await;
    let ask = |name: &str, arguments: Value, state: &str| json!({"name": name, "arguments": arguments, "requestState": state});
    let first =
        gateway.modern("tools/call", &json!({"name": "ask", "arguments": {"a": 1, "b": 2}})).await;
    let state = first.result()["requestState"].as_str().expect("a state").to_owned();

    let same = ask("ask", json!({"b": 2, "a": 1}), &state);
    assert_eq!(gateway.modern("tools/call", &same).await.result()["resultType"], "input_required");
    for refused in [
        ask("ask", json!({"a": 1, "b": 2}), &format!("{state}x")),
        ask("ask", json!({"a": 1, "b": 2}), &state[1..]),
        ask("ask", json!({"a": 1, "b": 3}), &state),
        ask("ask2", json!({"a": 1, "b": 2}), &state),
        ask("ask", json!({"a": 1, "b": 2}), "step-1"),
    ] {
        assert_eq!(gateway.modern("tools/call", &refused).await.code(), -32602, "{refused}");
    }
    // Names that cannot be read could hide the reserved one.
    let hidden = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask","arguments":{"\ud800":1,"_mcp":{"requestState":"forged"}}}}"#;
    gateway.functions.calls();
    assert_eq!(gateway.post(&[], hidden).await.result()["isError"], true);
    assert!(gateway.functions.calls().is_empty());
    let session = gateway.initialize("2025-11-25", "{}").await;
    let stolen = ask("ask", json!({"a": 1, "b": 2}), &session);
    assert_eq!(gateway.modern("tools/call", &stolen).await.code(), -32602);

    let lifetime = mcp_lambda_runtime::protocol::limits::REQUEST_STATE_LIFETIME;
    gateway.clock.advance(lifetime);
    assert_eq!(gateway.modern("tools/call", &same).await.code(), -32602);
}

#[tokio::test]
async fn answers_are_objects() {
    let gateway = TestGateway::new().await;
    for responses in [json!({"name": 7}), json!({"name": null}), json!([])] {
        let params = json!({"name": "ask", "inputResponses": responses});
        assert_eq!(gateway.modern("tools/call", &params).await.code(), -32602, "{params}");
    }
    // Answers to what was not asked are the function's to ignore.
    let params = json!({"name": "ask", "inputResponses": {"other": {"action": "accept"}}});
    let again = gateway.modern("tools/call", &params).await;
    assert_eq!(again.result()["resultType"], "input_required");
}

#[tokio::test]
async fn what_a_client_did_not_declare_is_not_asked() {
    let gateway = TestGateway::new().await;
    let request = modern("tools/call", &json!({"name": "ask"}), r#"{"sampling":{}}"#);
    let reply = gateway.send(request).await;
    assert_eq!((reply.status, reply.code()), (400, -32021));
    assert_eq!(
        reply.json()["error"]["data"]["requiredCapabilities"],
        json!({"elicitation": {"form": {}}})
    );

    let session = gateway.initialize("2025-11-25", "{}").await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask"}}"#;
    let reply = gateway.post(&[("mcp-session-id", &session)], call).await;
    assert_eq!(reply.result()["isError"], true);
    // Without a session there is nowhere to send an answer.
    assert_eq!(gateway.post(&[], call).await.result()["isError"], true);
}

#[tokio::test]
async fn legacy_clients_are_asked_on_the_open_stream() {
    let gateway = Arc::new(TestGateway::new().await);
    let session = gateway.initialize("2025-11-25", FORMS).await;
    let call = r#"{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"ask"}}"#;
    let headers = [("mcp-session-id", session.as_str())];
    let response = gateway.open(support::post("/mcp", &headers, call)).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();

    let asked = events(&next_piece(&mut body).await.expect("a request")).remove(0);
    assert_eq!(asked["method"], "elicitation/create");
    assert_eq!(asked["params"]["message"], "Who?");
    let answer = json!({
        "jsonrpc": "2.0", "id": asked["id"],
        "result": {"action": "accept", "content": {"name": "Bob"}}
    });
    // The stream is polled while the answer is posted, as by a real client.
    let answer = answer.to_string();
    let (reply, last) = tokio::join!(gateway.post(&headers, &answer), next_piece(&mut body));
    assert_eq!((reply.status, reply.body.as_str()), (202, ""));
    let result = events(&last.expect("the result")).remove(0);
    assert_eq!(result["id"], "c");
    assert_eq!(result["result"]["content"][0]["text"], "Hello, Bob!");
    assert!(next_piece(&mut body).await.is_none());
}

#[tokio::test]
async fn only_the_sessions_own_answers_count() {
    let gateway = Arc::new(TestGateway::new().await);
    let session = gateway.initialize("2025-11-25", FORMS).await;
    let other = gateway.initialize("2025-11-25", FORMS).await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask"}}"#;
    let own = [("mcp-session-id", session.as_str())];
    let mut body = gateway.open(support::post("/mcp", &own, call)).await.into_body();
    let asked = events(&next_piece(&mut body).await.expect("a request")).remove(0);
    let answer = |name: &str| {
        json!({"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "accept", "content": {"name": name}}})
            .to_string()
    };
    assert_eq!(gateway.post(&[("mcp-session-id", &other)], &answer("Eve")).await.status, 202);
    assert_eq!(gateway.post(&[], &answer("Eve")).await.status, 202);
    let (_, last) = tokio::join!(
        async {
            let own = answer("Ann");
            gateway.post(&[("mcp-session-id", &session)], &own).await
        },
        next_piece(&mut body)
    );
    let result = events(&last.expect("the result")).remove(0);
    assert_eq!(result["result"]["content"][0]["text"], "Hello, Ann!");
}

#[tokio::test]
async fn a_refusal_is_a_failed_result() {
    let gateway = Arc::new(TestGateway::new().await);
    let session = gateway.initialize("2025-11-25", FORMS).await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask"}}"#;
    let headers = [("mcp-session-id", session.as_str())];
    let mut body = gateway.open(support::post("/mcp", &headers, call)).await.into_body();
    let asked = events(&next_piece(&mut body).await.expect("a request")).remove(0);
    let refusal =
        json!({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -1, "message": "no"}});
    let refusal = refusal.to_string();
    let (_, last) = tokio::join!(gateway.post(&headers, &refusal), next_piece(&mut body));
    let result = events(&last.expect("the result")).remove(0);
    assert_eq!(result["result"]["isError"], true);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_answers_is_not_waited_for_for_ever() {
    let gateway = TestGateway::new().await;
    let session = gateway.initialize("2025-11-25", FORMS).await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask"}}"#;
    let reply = gateway.post(&[("mcp-session-id", &session)], call).await;
    let last = reply.events().pop().expect("a last event");
    assert_eq!(last["result"]["isError"], true);
    assert!(reply.body.contains(": keepalive"));
}

#[tokio::test]
async fn questions_that_are_given_up_leave_nothing_behind() {
    let gateway = TestGateway::new().await;
    let session = gateway.initialize("2025-11-25", FORMS).await;
    let headers = [("mcp-session-id", session.as_str())];
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask"}}"#;
    for _ in 0..10 {
        let mut body = gateway.open(support::post("/mcp", &headers, call)).await.into_body();
        next_piece(&mut body).await.expect("a question");
        assert_eq!(gateway.mailboxes.open_count(), 1);
        drop(body);
        // The mailbox is closed by a task of its own.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(gateway.mailboxes.open_count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn ending_a_session_ends_its_questions() {
    let gateway = TestGateway::new().await;
    let session = gateway.initialize("2025-11-25", FORMS).await;
    let headers = [("mcp-session-id", session.as_str())];
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask"}}"#;
    let mut body = gateway.open(support::post("/mcp", &headers, call)).await.into_body();
    next_piece(&mut body).await.expect("a question");
    let delete = http::Request::delete("/mcp").header("host", "localhost");
    let delete = delete.header("mcp-session-id", &session).body(bytes::Bytes::new());
    let start = tokio::time::Instant::now();
    assert_eq!(gateway.send(delete.expect("a request")).await.status, 204);
    assert!(next_piece(&mut body).await.is_none(), "the stream ends");
    assert_eq!(start.elapsed(), std::time::Duration::ZERO);
}

/// Ends a session as another instance does, which has only the store in common with this one.
async fn end_elsewhere(gateway: &TestGateway, id: &str) {
    let opened = gateway
        .gateway
        .open_session(id, &gateway.principal, gateway.gateway.whole())
        .await
        .expect("a store");
    let (session, _) = opened.expect("a session");
    let ports = gateway.gateway.ports();
    let now = ports.clock.now();
    let until = now.after(std::time::Duration::from_secs(60 * 60));
    ports.sessions.end(session.key, until, now).await.expect("it ends");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_at_another_instance_ends_its_questions() {
    let gateway = TestGateway::new().await;
    let session = gateway.initialize("2025-11-25", FORMS).await;
    let headers = [("mcp-session-id", session.as_str())];
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask"}}"#;
    let mut body = gateway.open(support::post("/mcp", &headers, call)).await.into_body();
    next_piece(&mut body).await.expect("a question");
    end_elsewhere(&gateway, &session).await;
    let start = tokio::time::Instant::now();
    let mut said = String::new();
    while let Some(piece) = next_piece(&mut body).await {
        said.push_str(&piece);
    }
    assert_eq!(events(&said)[0]["result"]["isError"], true, "{said}");
    // One long poll, and not the five minutes that a client may think.
    assert_eq!(start.elapsed(), std::time::Duration::from_secs(20));
    // The mailbox is closed by a task of its own.
    tokio::task::yield_now().await;
    assert_eq!(gateway.mailboxes.open_count(), 0);
}
