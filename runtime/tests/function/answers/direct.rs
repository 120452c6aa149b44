//! JSON-RPC messages by direct invocation.

use super::*;
use crate::events::file;

fn allowed() -> Setting {
    Setting { direct_invoke: true, ..streaming() }
}

#[tokio::test]
async fn messages_are_answered_with_their_answer() {
    let world = World::new(allowed()).await;
    let ping = json!({ "jsonrpc": "2.0", "id": "a", "method": "ping" });
    let answer = json_of(world.invoke(&ping).await);
    assert_eq!(answer, json!({ "jsonrpc": "2.0", "id": "a", "result": {} }));
    let answer = json_of(world.invoke(&call("echo")).await);
    let text = answer["result"]["content"][0]["text"].as_str().expect("text");
    assert!(text.contains(r#"\"mcpCallerType\":\"direct-invoke\""#), "{text}");
    assert!(!text.contains("mcpCaller\\\""), "{text}");
    let initialize = json!({
        "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": { "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } }
    });
    let answer = json_of(world.invoke(&initialize).await);
    assert_eq!(answer["result"]["protocolVersion"], "2025-06-18");
    // What is said on the way cannot be heard.
    let answer = json_of(world.invoke(&call("tell")).await);
    assert!(answer["result"]["content"].is_array(), "{answer}");
}

#[tokio::test]
async fn messages_of_2026_07_28_need_no_headers() {
    let world = World::new(allowed()).await;
    let message = |method: &str, params: Value| {
        let mut params = params;
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}
        });
        json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
    };
    let answer = json_of(world.invoke(&message("server/discover", json!({}))).await);
    assert!(answer["result"]["supportedVersions"].is_array(), "{answer}");
    let named = message("tools/call", json!({ "name": "echo", "arguments": {} }));
    let answer = json_of(world.invoke(&named).await);
    assert_eq!(answer["result"]["resultType"], "complete", "{answer}");
    let unknown = message("tools/call", json!({ "name": "ünknown", "arguments": {} }));
    let answer = json_of(world.invoke(&unknown).await);
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
}

#[tokio::test]
async fn errors_have_the_codes_of_the_contract() {
    let world = World::new(allowed()).await;
    let answer = |event: Value| {
        let world = &world;
        async move { json_of(world.invoke(&event).await) }
    };
    let none = json!({});
    let notification = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(answer(notification).await, none);
    let response = json!({ "jsonrpc": "2.0", "id": 1, "result": {} });
    assert_eq!(answer(response).await, none);
    for (event, id) in [
        (json!({ "jsonrpc": "1.0", "id": 3, "method": "ping" }), json!(3)),
        (json!({ "jsonrpc": "2.0", "id": 3 }), json!(3)),
        (json!({ "jsonrpc": "2.0", "id": [], "method": "ping" }), json!(0)),
        (json!({ "jsonrpc": "2.0" }), json!(0)),
    ] {
        let answer = answer(event.clone()).await;
        assert_eq!(
            (&answer["error"]["code"], &answer["id"]),
            (&json!(400), &id),
            "{event} {answer}"
        );
    }
    // What is understood is MCP's own.
    let unknown = json!({ "jsonrpc": "2.0", "id": 1, "method": "no/such" });
    assert_eq!(answer(unknown).await["error"]["code"], -32601);
}

#[tokio::test]
async fn large_messages_at_and_above_the_bound() {
    let world = World::new(allowed()).await;
    let of = |length: usize| {
        let ping = |pad: &str| json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "pad": pad });
        let bare = ping("").to_string().len();
        ping(&"x".repeat(length - bare))
    };
    let limit = mcp_lambda_runtime::protocol::limits::MAX_BODY_BYTES;
    let answer = json_of(world.invoke(&of(limit)).await);
    assert!(answer.get("result").is_some(), "{answer}");
    let answer = json_of(world.invoke(&of(limit + 1)).await);
    assert_eq!(answer["error"]["code"], 400, "{answer}");
}

#[tokio::test]
async fn only_where_it_is_allowed() {
    let world = World::new(streaming()).await;
    let answer = json_of(world.invoke(&call("echo")).await);
    assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(403), &json!(7)));
    assert_eq!(world.logged()[0]["http.status"], 403);
}

#[tokio::test]
async fn other_events_are_failures_in_lambdas_form() {
    let world = World::new(allowed()).await;
    for event in [file("scheduled"), json!([call("echo")]), json!({}), Value::Null] {
        match world.invoke(&event).await {
            Answer::Failed(failure) => assert_eq!(failure.kind, "Event.Unsupported"),
            Answer::Whole(_) | Answer::Streamed(_) => panic!("{event} was answered"),
        }
    }
}
