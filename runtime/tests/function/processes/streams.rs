//! Streams through a Function URL.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::world::{Setting, World, call, get, next, post, read};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_tool_says_first_arrives_first() {
    let world = World::start(Setting::default()).await;
    world.register("stream", "stream").await;
    let request = post("/mcp", &call("stream", &json!({ "ms": 1_000 })));
    let mut open = world.open("mcp", request).await;
    assert_eq!(open.status(), 200);
    assert_eq!(open.headers()["content-type"], "text/event-stream");
    let first = next(&mut open).await.expect("a message");
    let at = Instant::now();
    assert!(first.contains("on the way"), "{first}");
    let mut rest = String::new();
    while let Some(piece) = next(&mut open).await {
        rest.push_str(&piece);
    }
    assert!(at.elapsed() > Duration::from_millis(500), "it came all at once");
    assert!(rest.contains("done"), "{rest}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_takes_too_long_is_answered_before_lambda_ends_it() {
    for mode in ["RESPONSE_STREAM", "BUFFERED"] {
        let mut setting = Setting::with("MCP_LAMBDA_INVOKE_MODE", mode);
        setting.timeout = Some(3.0);
        let world = World::start(setting).await;
        world.register("slow", "raw").await;
        let (status, body) = world.post(&call("slow", &json!({ "ms": 20_000 }))).await;
        assert_eq!(status, 200, "{mode} {body}");
        assert!(body.contains(r#""isError":true"#) && body.contains("no answer"), "{mode} {body}");
        // The same process goes on.
        assert_eq!(world.host.instances(&super::world::name("mcp")), 1);
        let (status, _) = world.post(&call("slow", &json!({ "ms": 1 }))).await;
        assert_eq!(status, 200);
        assert!(!world.log().contains("answer lost"), "{}", world.log());
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_queues_there_is_no_sse() {
    let world = World::start(Setting::default()).await;
    let (status, body) = read(world.open("mcp", get("/sse")).await).await;
    assert_eq!(status, 503, "{body}");
    let (status, body) =
        read(world.open("mcp", post("/message?sessionId=x", &json!({}))).await).await;
    assert_eq!(status, 404, "{body}");
    world.end().await;
}
