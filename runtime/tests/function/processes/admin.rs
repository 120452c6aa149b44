//! The admin plane and the client plane, each in a function of its own.

use serde_json::json;

use super::world::{Setting, World, call, get, post, read};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_function_registers_the_other_serves() {
    let world = World::start(Setting::default()).await;
    world.register("echo", "raw").await;
    let (status, body) = world.post(&call("echo", &json!({ "a": 1 }))).await;
    assert_eq!(status, 200, "{body}\n{}", world.log());
    assert!(body.contains(r#"{\"a\":1}"#), "{body}");
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    assert!(world.post(&list).await.1.contains(r#""name":"echo""#));
    let (status, body) = read(world.open("mcp", get("/register")).await).await;
    assert_eq!(status, 404, "{body}");
    let (status, body) = read(world.open("registration", post("/mcp", &list)).await).await;
    assert_eq!(status, 404, "{body}");
    for function in ["mcp", "registration"] {
        let (status, body) = read(world.open_as(function, get("/health"), None).await).await;
        assert_eq!((status, body.as_str()), (200, r#"{"status":"ok"}"#));
    }
    // One line for each request, with the invocation's id and no arguments.
    let log = world.log();
    let line = log.lines().find(|line| line.contains("tools/call echo")).expect("a line");
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(line["requestId"].as_str().map(str::len), Some(36), "{line}");
    assert_eq!((&line["http.status"], &line["http.path"]), (&json!(200), &json!("/mcp")));
    assert!(!log.contains("AKID") && !log.contains(r#"\"a\""#), "{log}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_signed_requests_are_served() {
    let world = World::start(Setting::default()).await;
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    for function in ["mcp", "registration"] {
        let (status, body) = read(world.open_as(function, post("/mcp", &ping), None).await).await;
        assert_eq!(status, 403, "{body}");
    }
    // A forged event by direct invocation: the response is that of an HTTP request.
    let event = crate::events::file("url");
    let (_, failed) = world.invoke("registration", &json!({ "x": 1 })).await;
    assert!(failed);
    let invocation = lambda_host::Invocation {
        payload: event.to_string().into(),
        ..lambda_host::Invocation::default()
    };
    let response = world.host.invoke(&super::world::name("mcp"), invocation).await;
    let (body, _) = response.expect("it was invoked").body.collect().await;
    assert!(body.starts_with(br#"{"statusCode":403"#), "{body:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_by_direct_invocation() {
    let setting = Setting::with("MCP_LAMBDA_DIRECT_INVOKE", "ALLOW");
    let world = World::start(setting).await;
    world.register("echo", "raw").await;
    let (answer, failed) = world.invoke("mcp", &call("echo", &json!({ "a": "b" }))).await;
    assert!(!failed && answer["id"] == 7, "{answer}");
    assert!(answer["result"]["content"][0]["text"].as_str().expect("text").contains('b'));
    let notification = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(world.invoke("mcp", &notification).await, (json!({}), false));
    let (answer, failed) = world.invoke("mcp", &json!({ "jsonrpc": "2.0", "id": 5 })).await;
    assert_eq!((&answer["error"]["code"], &answer["id"], failed), (&json!(400), &json!(5), false));
    // Never to the admin plane.
    let (answer, _) = world.invoke("registration", &call("echo", &json!({}))).await;
    assert_eq!(answer["error"]["code"], 403);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_all_at_once() {
    let world = World::start(Setting::with("MCP_LAMBDA_INVOKE_MODE", "BUFFERED")).await;
    world.register("echo", "raw").await;
    world.register("stream", "stream").await;
    let (status, body) = world.post(&call("echo", &json!({ "a": 1 }))).await;
    assert_eq!(status, 200, "{body}");
    let (status, body) = read(world.open("mcp", get("/sse")).await).await;
    assert_eq!(status, 501, "{body}");
    let notification = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(world.post(&notification).await, (202, String::new()));
    world.end().await;
}
