//! Calls that reach no function, and what functions say when they fail.

use mcp_lambda_runtime::port::InvokeError;
use serde_json::json;

use crate::support::TestGateway;
use crate::support::functions::{Outcome, arn};

async fn text(gateway: &TestGateway, name: &str) -> String {
    let reply = gateway.modern("tools/call", &json!({"name": name})).await;
    let result = reply.result();
    assert_eq!(result["isError"], true, "{result}");
    result["content"][0]["text"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn why_a_function_was_not_called() {
    let gateway = TestGateway::new().await;
    let name = || "secret-name".to_owned();
    let cases = [
        (InvokeError::NotFound(name()), "it is not available"),
        (InvokeError::Denied(name()), "it is not available"),
        (InvokeError::Unavailable("socket 7".to_owned()), "it is not available"),
        (InvokeError::Throttled(name()), "too many calls at once; try again"),
        (InvokeError::TooLarge, "the arguments are too large"),
        (InvokeError::TimedOut(name()), "no answer within 30 seconds"),
    ];
    for (error, expected) in cases {
        let refused = error.clone();
        gateway.functions.add("plain", move |_| Outcome::Refused(refused.clone()));
        let text = text(&gateway, "plain").await;
        assert!(text.starts_with(&format!("plain: {expected} (correlation id ")), "{text}");
        assert!(!text.contains("secret-name") && !text.contains("socket"), "{text}");
        let record = gateway.log.lock().expect("no panic").pop().expect("a record");
        assert_eq!(record.cause, Some(error.to_string()), "the log has the cause");
        assert!(text.contains(&record.correlation.expect("a correlation id")));
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_may_be_repeated_is_repeated() {
    let gateway = TestGateway::empty();
    let tool = |name: &str, more: serde_json::Value| {
        let mut body =
            json!({"type": "tool", "name": name, "description": "d", "lambdaArn": arn(name)});
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        body
    };
    gateway.register(&tool("once", json!({}))).await;
    let repeated = json!({"retries": 2, "annotations": {"idempotentHint": true}});
    gateway.register(&tool("again", repeated)).await;
    for name in ["once", "again"] {
        gateway.functions.add(name, |_| Outcome::Refused(InvokeError::Throttled("f".to_owned())));
    }
    text(&gateway, "once").await;
    assert_eq!(gateway.functions.calls().len(), 1);
    text(&gateway, "again").await;
    assert_eq!(gateway.functions.calls().len(), 3);
    gateway.functions.add("again", |_| Outcome::Fails("{}"));
    text(&gateway, "again").await;
    assert_eq!(gateway.functions.calls().len(), 1, "a function that ran is not run again");
}

#[tokio::test]
async fn details_are_shown_only_where_they_may_be() {
    let gateway = TestGateway::empty();
    gateway
        .register(&json!({
            "type": "tool", "name": "debug", "description": "d", "lambdaArn": arn("fail"), "exceptionLevel": "DEBUG"
        }))
        .await;
    let shown = text(&gateway, "debug").await;
    assert!(shown.starts_with("debug: the function failed: KeyError: 'city' in ***"), "{shown}");
    assert!(!shown.contains("line 1") && !shown.contains("/var/task"), "{shown}");
}

#[tokio::test]
async fn answers_that_are_no_json_are_texts() {
    let gateway = TestGateway::new().await;
    for (answer, expected) in [("{not json", "{not json"), ("", "null"), ("  \n", "null")] {
        gateway.functions.add("plain", move |_| Outcome::Returns(answer.as_bytes().to_vec()));
        let result = gateway.modern("tools/call", &json!({"name": "plain"})).await.result();
        assert_eq!(result["content"][0]["text"], expected);
    }
    gateway.functions.add("plain", |_| Outcome::Returns(vec![0xff, 0xfe]));
    assert!(text(&gateway, "plain").await.contains("not UTF-8 text"));
    gateway.functions.add("progress", |_| Outcome::Streams(vec!["\n"]));
    assert!(text(&gateway, "progress").await.contains("without a result"));
}

#[tokio::test]
async fn promised_output_is_checked() {
    let gateway = TestGateway::empty();
    for (name, mode, schema) in [
        (
            "object",
            "auto",
            json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}),
        ),
        ("string", "auto", json!({"type": "string"})),
        ("raw", "raw", json!({"type": "object", "required": ["a"]})),
        ("agentcore", "agentcore", json!({"type": "object", "required": ["a"]})),
    ] {
        gateway
            .register(&json!({
                "type": "tool", "name": name, "description": "d", "lambdaArn": arn("plain"),
                "invokeMode": mode, "outputSchema": schema
            }))
            .await;
    }
    gateway.functions.add("plain", |_| Outcome::Returns(br#"{"a":1}"#.to_vec()));
    for name in ["object", "raw", "agentcore"] {
        let result = gateway.modern("tools/call", &json!({"name": name})).await.result();
        assert_eq!(result["structuredContent"], json!({"a": 1}), "{name}");
    }
    assert!(text(&gateway, "string").await.contains("output schema"));
    gateway.functions.add("plain", |_| Outcome::Returns(br#""text""#.to_vec()));
    let result = gateway.modern("tools/call", &json!({"name": "string"})).await.result();
    assert_eq!(result["structuredContent"], "text");
    assert!(text(&gateway, "object").await.contains("output schema"));
    gateway.functions.add("plain", |_| Outcome::Returns(br#"{"content":[]}"#.to_vec()));
    assert!(text(&gateway, "object").await.contains("no structured content"));
    let failed = br#"{"content":[{"type":"text","text":"sorry"}],"isError":true}"#;
    gateway.functions.add("plain", |_| Outcome::Returns(failed.to_vec()));
    assert_eq!(text(&gateway, "object").await, "sorry");
}

#[tokio::test]
async fn arrays_are_never_taken_for_objects() {
    let gateway = TestGateway::new().await;
    for answer in ["[[],[]]", r#"[null,[{"type":"text"}]]"#, r#"{"content":[["text"]]}"#] {
        gateway.functions.add("plain", move |_| Outcome::Returns(answer.as_bytes().to_vec()));
        let result = gateway.modern("tools/call", &json!({"name": "plain"})).await.result();
        assert_eq!(result["content"][0]["text"], answer, "{result}");
    }
    let document = r#"["tool","a",null,"d","arn:aws:lambda:us-east-1:000000000000:function:f"]"#;
    let reply = gateway.send(crate::support::post("/register", &[], document)).await;
    assert_eq!(reply.status, 400);
    let message = r#"["2.0",1,"ping"]"#;
    let batch = gateway.post(&[], &format!("[{message}]")).await;
    assert_eq!(batch.json()[0]["error"]["code"], -32600);
}

/// What is read of a resource, or completed, or called, with one answer in every mode of HTTP.
#[tokio::test]
async fn http_answers_are_understood_inside_as_well() {
    let gateway = TestGateway::empty();
    let template = |name: &str, mode: &str| {
        json!({
            "type": "resource", "name": name, "description": "d", "invokeMode": mode,
            "uriTemplate": format!("{name}://{{id}}"), "lambdaArn": arn("f")
        })
    };
    let tool = |name: &str, mode: &str| json!({"type": "tool", "name": name, "description": "d", "invokeMode": mode, "lambdaArn": arn("f")});
    for (name, mode) in [("seed", "seed"), ("http", "apigw-v2"), ("rpc", "jsonrpc")] {
        gateway.register(&template(name, mode)).await;
        gateway.register(&tool(name, mode)).await;
    }
    let answer = |text: &'static str| {
        gateway.functions.add("f", move |_| Outcome::Returns(text.as_bytes().to_vec()));
    };
    let read = |uri: &'static str| {
        let gateway = &gateway;
        async move { gateway.modern("resources/read", &json!({"uri": uri})).await }
    };
    answer(r#"{"statusCode":200,"body":"{\"contents\":[]}"}"#);
    assert_eq!(read("seed://1").await.code(), -32602);
    answer(r#"{"jsonrpc":"2.0","id":1,"result":{"contents":[]}}"#);
    assert_eq!(read("rpc://1").await.code(), -32602);
    answer(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32002,"message":"none"}}"#);
    assert_eq!(read("rpc://1").await.json()["error"]["data"]["uri"], "rpc://1");
    answer(
        r#"{"statusCode":200,"headers":{"Content-Type":"image/png"},"isBase64Encoded":true,"body":"iVBORw=="}"#,
    );
    let contents = read("http://1").await.result()["contents"][0].clone();
    assert_eq!(
        (&contents["blob"], &contents["mimeType"]),
        (&json!("iVBORw=="), &json!("image/png"))
    );
    let call = gateway.modern("tools/call", &json!({"name": "http"})).await.result();
    let image = json!({"type": "image", "data": "iVBORw==", "mimeType": "image/png"});
    assert_eq!(call["content"][0], image);
    answer(r#"{"statusCode":200,"isBase64Encoded":true,"body":"/////w=="}"#);
    let call = gateway.modern("tools/call", &json!({"name": "http"})).await.result();
    assert_eq!(call["content"][0]["resource"]["mimeType"], "application/octet-stream");

    answer(r#"{"statusCode":200,"body":"{\"values\":[\"one\"]}"}"#);
    let complete = json!({"ref": {"type": "ref/resource", "uri": "http://{id}"}, "argument": {"name": "id", "value": ""}});
    let completed = gateway.modern("completion/complete", &complete).await.result();
    assert_eq!(completed["completion"]["values"], json!(["one"]));

    answer(
        r#"{"statusCode":"200","body":{"resultType":"input_required","inputRequests":{"q":{"method":"roots/list"}}}}"#,
    );
    for name in ["seed", "http"] {
        let asked = gateway.modern("tools/call", &json!({"name": name})).await.result();
        assert_eq!(asked["inputRequests"]["q"], json!({"method": "roots/list"}), "{name}");
    }
}
