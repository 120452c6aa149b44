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

/// Begins a session of a client that can be asked: its id.
async fn session(world: &World) -> String {
    let initialize = json!({
        "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18", "capabilities": { "elicitation": {} },
            "clientInfo": { "name": "t", "version": "1" }
        }
    });
    let event = request("POST", "/mcp", &initialize);
    let head = match world.invoke(&event).await {
        Answer::Whole(bytes) => bytes,
        Answer::Streamed(body) => pieces(body).await[0]
            .split(|b| *b == 0)
            .next()
            .map(Bytes::copy_from_slice)
            .expect("a head"),
        Answer::Failed(failure) => panic!("{failure:?}"),
    };
    let head: Value = serde_json::from_slice(&head).expect("JSON");
    head["headers"]["mcp-session-id"].as_str().expect("a session").to_owned()
}

fn within(session: &str, message: &Value) -> Value {
    let mut event = request("POST", "/mcp", message);
    event["headers"]["mcp-session-id"] = json!(session);
    event["headers"]["mcp-protocol-version"] = json!("2025-06-18");
    event
}

#[tokio::test]
async fn a_client_that_hears_the_question_after_the_answer_is_not_asked() {
    let world = World::new(Setting::default()).await;
    let session = session(&world).await;
    let (status, body) = world.whole(&within(&session, &call("ask"))).await;
    assert_eq!(status, 200);
    assert!(body.contains(r#""isError":true"#) && !body.contains("Who?"), "{body}");
}

#[tokio::test]
async fn a_question_is_answered_by_another_request() {
    let world = World::new(streaming()).await;
    let session = session(&world).await;
    let mut open = streamed(world.invoke(&within(&session, &call("ask"))).await);
    let mut next = async || poll_fn(|context| open.poll_piece(context)).await;
    assert!(next().await.expect("a head").ends_with(&[0; 8]));
    let asked = String::from_utf8(next().await.expect("a question").to_vec()).expect("text");
    let asked = asked.strip_prefix("event: message\ndata: ").expect("an event");
    let asked: Value = serde_json::from_str(asked).expect("JSON");
    assert_eq!(asked["method"], "elicitation/create");
    let answer = json!({
        "jsonrpc": "2.0", "id": asked["id"], "result": { "action": "accept", "content": {} }
    });
    // Somebody else's session is not his.
    let mut other = within(&session, &answer);
    other["requestContext"]["authorizer"]["iam"]["userArn"] =
        json!("arn:aws:sts::123456789012:assumed-role/developers/eve");
    assert!(
        pieces(streamed(world.invoke(&other).await)).await[0].starts_with(br#"{"statusCode":404"#)
    );
    let answer = world.invoke(&within(&session, &answer)).await;
    assert!(pieces(streamed(answer)).await[0].starts_with(br#"{"statusCode":202"#));
    let last = next().await.expect("the result");
    assert!(String::from_utf8_lossy(&last).contains(r#""id":7"#), "{last:?}");
}
