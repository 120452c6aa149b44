//! Response headers: only those that are meant to be sent.

use serde_json::json;

use crate::support::{Reply, TestGateway, post};

const ALLOWED: [&str; 13] = [
    "allow",
    "cache-control",
    "content-type",
    "etag",
    "location",
    "mcp-session-id",
    "vary",
    "x-accel-buffering",
    "x-content-type-options",
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
];

fn check(reply: &Reply) {
    for name in reply.headers.keys() {
        let known = ALLOWED.contains(&name.as_str()) || name == "access-control-max-age";
        assert!(known, "{name} is sent");
    }
}

#[tokio::test(start_paused = true)]
async fn no_header_leaks() {
    let gateway = TestGateway::new().await;
    let initialize = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}"#;
    let origin = [("origin", "http://localhost:1")];
    check(&gateway.post(&origin, initialize).await);
    check(
        &gateway.modern("tools/call", &json!({"name": "echo", "arguments": {"text": "x"}})).await,
    );
    check(
        &gateway
            .modern("tools/call", &json!({"name": "progress", "_meta": {"progressToken": 1}}))
            .await,
    );
    check(&gateway.modern("tools/call", &json!({"name": "fail"})).await);
    check(&gateway.send(post("/register", &[], "{}")).await);
    check(&gateway.send(post("/none", &[], "{}")).await);
}

#[tokio::test]
async fn notifications_are_answered_with_nothing_at_all() {
    let gateway = TestGateway::new().await;
    let reply =
        gateway.post(&[], r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    // Some clients try to parse whatever is said to be JSON.
    assert_eq!((reply.status, reply.body.as_str(), reply.header("content-type")), (202, "", None));
}
