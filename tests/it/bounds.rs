//! Bounds of whole requests: at them and above.

use mcp_lambda_runtime::invoke::trace::{MAX_BAGGAGE_BYTES, MAX_STATE_BYTES};
use mcp_lambda_runtime::protocol::limits;
use mcp_lambda_runtime::registration::limits as registration;
use serde_json::json;

use crate::support::functions::{Outcome, arn};
use crate::support::{TestGateway, post};

fn echo(bytes: usize) -> String {
    let frame = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":""}}}"#;
    frame.replace(r#""text":"""#, &format!(r#""text":"{}""#, "a".repeat(bytes - frame.len())))
}

#[tokio::test]
async fn bodies() {
    let gateway = TestGateway::new().await;
    assert_eq!(gateway.post(&[], &echo(limits::MAX_BODY_BYTES)).await.status, 200);
    assert_eq!(gateway.post(&[], &echo(limits::MAX_BODY_BYTES + 1)).await.status, 413);
}

#[tokio::test]
async fn depth_of_arguments() {
    let gateway = TestGateway::new().await;
    // The message, its parameters and the arguments are three levels.
    let call = |depth: usize| {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"plain","arguments":{{"a":{}{}}}}}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    let room = limits::MAX_JSON_DEPTH - 3;
    assert_eq!(gateway.post(&[], &call(room)).await.result()["isError"], false);
    let over = gateway.post(&[], &call(room + 1)).await;
    assert_eq!((over.status, over.code()), (400, -32700));
}

#[tokio::test]
async fn messages_of_http_sse() {
    let gateway = TestGateway::new().await;
    let request = http::Request::get("/sse").header("host", "localhost");
    let response = gateway.open(request.body(bytes::Bytes::new()).expect("a request")).await;
    let mut body = response.into_body();
    let first = crate::support::next_piece(&mut body).await.expect("the endpoint");
    let path =
        first.lines().nth(1).and_then(|line| line.strip_prefix("data: ")).expect("an address");
    let send = |bytes: usize| gateway.send(post(path, &[], &echo(bytes)));
    assert_eq!(send(limits::MAX_MAILBOX_MESSAGE_BYTES).await.status, 202);
    assert_eq!(send(limits::MAX_MAILBOX_MESSAGE_BYTES + 1).await.status, 413);
}

#[tokio::test]
async fn uris() {
    let gateway = TestGateway::new().await;
    let read = |bytes: usize| json!({"uri": format!("x:{}", "a".repeat(bytes - 2))});
    let at = gateway.modern("resources/read", &read(limits::MAX_URI_BYTES)).await;
    assert!(at.body.contains("resource not found"), "{}", at.body);
    let over = gateway.modern("resources/read", &read(limits::MAX_URI_BYTES + 1)).await;
    assert!(over.body.contains("uri is too long"), "{}", over.body);
}

#[tokio::test]
async fn documents() {
    let gateway = TestGateway::empty();
    let document = |bytes: usize| {
        let frame = r#"{"type":"resource","name":"a","description":"d","uri":"a:b","text":""}"#;
        frame.replace(r#""text":"""#, &format!(r#""text":"{}""#, "t".repeat(bytes - frame.len())))
    };
    let over = document(registration::MAX_DOCUMENT_BYTES + 1);
    assert_eq!(gateway.send(post("/register", &[], &over)).await.status, 400);
    let at = document(registration::MAX_DOCUMENT_BYTES);
    assert_eq!(gateway.send(post("/register", &[], &at)).await.status, 201);
}

#[tokio::test]
async fn imports() {
    let gateway = TestGateway::empty();
    let path = format!("/register/import?lambdaArn={}", arn("plain"));
    let file = |tools: usize, prefix: &str| {
        let one = |n| json!({"name": format!("{prefix}{n}"), "description": "d", "inputSchema": {"type": "object"}});
        serde_json::Value::from_iter((0..tools).map(one)).to_string()
    };
    let over = file(registration::MAX_IMPORT + 1, "a");
    assert_eq!(gateway.send(post(&path, &[], &over)).await.status, 400);
    let at = file(registration::MAX_IMPORT, "b");
    assert_eq!(gateway.send(post(&path, &[], &at)).await.status, 201);
}

#[tokio::test]
async fn results() {
    let gateway = TestGateway::new().await;
    let text = |bytes: usize| format!("\"{}\"", "r".repeat(bytes - 2)).into_bytes();
    gateway.functions.add("plain", move |event| {
        Outcome::Returns(text(event["bytes"].as_u64().expect("a number") as usize))
    });
    let call = |bytes: usize| json!({"name": "plain", "arguments": {"bytes": bytes}});
    let at = gateway.modern("tools/call", &call(limits::MAX_RESULT_BYTES)).await;
    assert_eq!(at.result()["isError"], false);
    let over = gateway.modern("tools/call", &call(limits::MAX_RESULT_BYTES + 1)).await;
    assert_eq!(over.result()["isError"], true);
}

#[tokio::test]
async fn the_client_context_stays_within_lambdas_bound() {
    let gateway = TestGateway::new().await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let (state, baggage) = ("s".repeat(MAX_STATE_BYTES), "b".repeat(MAX_BAGGAGE_BYTES));
    let params = json!({
        "name": "plain",
        "_meta": {"traceparent": parent, "tracestate": state, "baggage": baggage}
    });
    gateway.modern("tools/call", &params).await;
    let call = gateway.functions.calls().remove(0);
    let context = call.client_context.expect("a context");
    assert!(context.len().div_ceil(3) * 4 <= limits::MAX_CLIENT_CONTEXT_BYTES);
    let custom: std::collections::HashMap<String, std::collections::HashMap<String, String>> =
        serde_json::from_str(&context).expect("strings only");
    assert_eq!(custom["custom"]["mcpName"], "plain");
    assert_eq!(custom["custom"]["traceparent"], parent);
    assert_eq!(custom["custom"]["tracestate"], state);
    assert!(!custom["custom"].contains_key("baggage"));
}

#[tokio::test(start_paused = true)]
async fn rounds_of_questions() {
    let gateway = TestGateway::new().await;
    gateway.functions.add("ask", |_| {
        Outcome::Returns(br#"{"resultType":"input_required","requestState":"more time"}"#.to_vec())
    });
    let session = gateway.initialize("2025-11-25", r#"{"elicitation":{}}"#).await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask"}}"#;
    let reply = gateway.post(&[("mcp-session-id", &session)], call).await;
    assert!(reply.body.contains("asked too often"), "{}", reply.body);
    assert_eq!(gateway.functions.calls().len(), limits::MAX_INPUT_ROUNDS);
}

#[tokio::test]
async fn schemas_that_multiply_work_are_bounded() {
    let gateway = TestGateway::new().await;
    let tool = |schema: serde_json::Value| {
        json!({
            "type": "tool", "name": "doubling", "description": "d", "lambdaArn": arn("plain"),
            "inputSchema": schema
        })
    };
    let endless = tool(json!({"type": "object", "$ref": "#"})).to_string();
    let refused = gateway.send(post("/register", &[], &endless)).await;
    assert!(refused.body.contains("refers to itself without end"), "{}", refused.body);

    let branch = json!({"type": "object", "properties": {"a": {"$ref": "#"}}});
    gateway.register(&tool(json!({"type": "object", "oneOf": [branch, branch]}))).await;
    let nested = |depth: usize| (0..depth).fold(json!({}), |inner, _| json!({"a": inner}));
    let call = |depth: usize| json!({"name": "doubling", "arguments": nested(depth)});
    let deep = gateway.modern("tools/call", &call(40)).await;
    assert!(deep.body.contains("nested too deep"), "{}", deep.body);
    let shallow = gateway.modern("tools/call", &call(3)).await;
    assert!(shallow.body.contains("oneOf"), "it is checked: {}", shallow.body);
}
