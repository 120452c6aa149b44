//! HTTP+SSE, whose stream and whose messages are taken by different instances.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::world::{Open, Setting, World, call, get, ministack, next, post, read};

async fn until(open: &mut Open, word: &str) -> String {
    let mut all = String::new();
    while !all.contains(word) {
        all.push_str(&next(open).await.unwrap_or_else(|| panic!("it ended without {word}: {all}")));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn messages_reach_their_stream_which_ends_by_itself() {
    let Some(ministack) = ministack() else { return };
    let mut setting = Setting::with("AWS_ENDPOINT_URL_SQS", ministack.endpoint());
    setting.timeout = Some(8.0);
    let world = World::start(setting).await;
    world.register("echo", "raw").await;
    let started = Instant::now();
    let mut open = world.open("mcp", get("/sse")).await;
    assert_eq!(open.status(), 200, "{}", world.log());
    let first = until(&mut open, "\n\n").await;
    let endpoint = first.strip_prefix("event: endpoint\ndata: ").expect("an address").trim();
    let answer = world.open("mcp", post(endpoint, &call("echo", &json!({ "a": 1 })))).await;
    assert_eq!(read(answer).await, (202, "Accepted".to_owned()), "{}", world.log());
    let message = until(&mut open, "\n\n").await;
    assert!(message.contains(r#""id":7"#) && message.contains(r#"{\"a\":1}"#), "{message}");
    // The end is in good order, and the queue is gone with it.
    while next(&mut open).await.is_some() {}
    assert!(started.elapsed() > Duration::from_secs(7), "{:?}", started.elapsed());
    let answer = world.open("mcp", post(endpoint, &call("echo", &json!({})))).await;
    assert_eq!(read(answer).await.0, 404, "{}", world.log());
    assert!(!world.log().contains("answer lost"), "{}", world.log());
    // Nothing is left to sweep.
    let (swept, failed) = world.invoke("sweeper", &crate::events::file("scheduled")).await;
    assert_eq!((&swept["examined"], failed), (&json!(0), false), "{swept}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_part_can_be_a_function_of_its_own() {
    let Some(ministack) = ministack() else { return };
    let setting = Setting::with("AWS_ENDPOINT_URL_SQS", ministack.endpoint())
        .and("MCP_LAMBDA_PLANES", "message");
    let world = World::start(setting).await;
    assert_eq!(read(world.open("mcp", get("/sse")).await).await.0, 404);
    assert_eq!(world.post(&call("echo", &json!({}))).await.0, 404);
    let answer = world.open("mcp", post("/message?sessionId=x", &json!({}))).await;
    let (status, body) = read(answer).await;
    assert!(status == 404 && body.contains("no such session"), "{body}");
    world.end().await;
}
