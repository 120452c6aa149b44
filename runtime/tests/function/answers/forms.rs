//! The forms of answers: all at once, and as they come.

use std::future::poll_fn;

use super::*;

#[tokio::test]
async fn all_at_once() {
    let world = World::new(Setting::default()).await;
    let answer = json_of(world.invoke(&request("POST", "/mcp", &call("echo"))).await);
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(answer["headers"]["content-type"], "application/json");
    assert_eq!(answer["isBase64Encoded"], false);
    let notification = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let answer = json_of(world.invoke(&request("POST", "/mcp", &notification)).await);
    assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(202), &json!("")));
}

#[tokio::test]
async fn a_stream_all_at_once() {
    let world = World::new(Setting::default()).await;
    let answer = json_of(world.invoke(&request("POST", "/mcp", &call("tell"))).await);
    assert_eq!(answer["headers"]["content-type"], "text/event-stream");
    let body = answer["body"].as_str().expect("text");
    let events: Vec<&str> = body.split("\n\n").collect();
    assert_eq!(events.len(), 3, "{body}");
    assert!(events[0].contains("on the way") && events[1].contains("done"), "{body}");
}

#[tokio::test]
async fn sse_needs_a_stream() {
    let world = World::new(Setting::default()).await;
    let (status, body) = world.whole(&request("GET", "/sse", &Value::Null)).await;
    assert_eq!(status, 501);
    assert!(body.contains("cannot stream"), "{body}");
}

async fn pieces(mut streamed: Box<Streamed>) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    while let Some(piece) = poll_fn(|context| streamed.poll_piece(context)).await {
        pieces.push(piece);
    }
    pieces
}

#[tokio::test]
async fn everything_streams_where_the_front_end_does() {
    let world = World::new(streaming()).await;
    for (event, status, ends) in [
        (request("POST", "/mcp", &call("echo")), 200, "}"),
        (request("POST", "/mcp", &call("tell")), 200, "}\n\n"),
        (request("GET", "/mcp", &Value::Null), 405, "}"),
        (crate::events::file("http_api"), 403, "}"),
        (crate::events::file("url_open"), 200, r#"{"status":"ok"}"#),
    ] {
        let pieces = pieces(streamed(world.invoke(&event).await)).await;
        let head = pieces[0].strip_suffix(&[0; 8]).expect("eight zeros");
        let head: Value = serde_json::from_slice(head).expect("JSON");
        assert_eq!(head["statusCode"], status);
        assert!(head["headers"].is_object());
        assert!(pieces.last().expect("a body").ends_with(ends.as_bytes()));
    }
    let notification = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let accepted = world.invoke(&request("POST", "/mcp", &notification)).await;
    let pieces = pieces(streamed(accepted)).await;
    assert_eq!(pieces.len(), 1, "no body");
    assert!(pieces[0].starts_with(br#"{"statusCode":202"#));
}

#[tokio::test]
async fn bad_requests_are_answers() {
    let world = World::new(Setting::default()).await;
    let mut event = crate::events::file("http_api");
    event["body"] = json!("no base64!");
    let (status, body) = world.whole(&event).await;
    assert_eq!(status, 400);
    assert!(body.contains("base64"), "{body}");
}

#[tokio::test]
async fn urls_are_told_with_their_mount() {
    let planes = Planes::ALL;
    let setting = Setting { planes, authentication: Authentication::None, ..Setting::default() };
    let world = World::new(setting).await;
    let mut event = crate::events::file("http_api");
    event["rawPath"] = json!("/prod/register");
    event["requestContext"]["http"]["method"] = json!("POST");
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:echo";
    let tool = json!({ "type": "tool", "name": "new", "description": "d", "lambdaArn": arn });
    event["isBase64Encoded"] = json!(false);
    event["body"] = tool.to_string().into();
    let answer = json_of(world.invoke(&event).await);
    assert_eq!(answer["statusCode"], 201, "{answer}");
    assert_eq!(answer["headers"]["location"], "/prod/register/tool-new");
}
