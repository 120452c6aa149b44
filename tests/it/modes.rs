//! One golden file for each invoke mode: what goes into the function, what comes out for whom.

use serde_json::{Value, json};

use crate::support::functions::{Outcome, arn};
use crate::support::{TestGateway, post};

/// Answers that a function might give, apart from those that belong to one mode.
const ANSWERS: [&str; 8] = [
    r#"{"content":[{"type":"text","text":"t"},{"type":"x-new","y":1}],"x":1.0}"#,
    r#"{"statusCode":200,"body":"{\"a\":1}"}"#,
    r#"{"statusCode":404,"body":"no such city"}"#,
    r#"{"statusCode":200,"body":{"content":[{"type":"text","text":"inner"}]}}"#,
    r#""text""#,
    "[1,2]",
    "null",
    r#"{"a":{"b":[1.50]}}"#,
];

/// Answers of one mode's own form.
fn own(mode: &str) -> &'static [&'static str] {
    match mode {
        "converse" => &[
            r#"{"toolUseId":"i","name":"t","status":"success","content":[{"text":"a"},{"json":{"b":1}},{"image":{"format":"png","source":{"bytes":"AA=="}}}]}"#,
            r#"{"status":"error","content":[{"text":"bad"}]}"#,
        ],
        "jsonrpc" => &[
            r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"t"}],"x":1.0}}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"bad city"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":500,"message":"Internal failure"}}"#,
        ],
        "apigw-v2" => &[r#"{"statusCode":200,"isBase64Encoded":true,"body":"aGk="}"#],
        "stream" => {
            &["{\"method\":\"notifications/progress\",\"params\":{\"progress\":1}}\n{\"a\":1}\n"]
        }
        _ => &[],
    }
}

async fn transcript(mode: &str) -> String {
    let gateway = TestGateway::empty();
    let common = |kind: &str| json!({"type": kind, "description": "d", "lambdaArn": arn("f"), "invokeMode": mode});
    let with = |mut body: Value, more: Value| {
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        body
    };
    gateway.register(&with(common("tool"), json!({"name": "weather", "targetName": "maps"}))).await;
    gateway
        .register(&with(common("resource"), json!({"name": "page", "uriTemplate": "pages://{id}"})))
        .await;
    gateway
        .register(&with(common("prompt"), json!({"name": "ask", "arguments": [{"name": "who"}]})))
        .await;
    let mut out = String::new();
    for (name, method, params) in [
        (
            "tool",
            "tools/call",
            json!({"name": "weather", "arguments": {"city": "Bern", "days": 2}}),
        ),
        (
            "tool, called again",
            "tools/call",
            json!({"name": "weather", "arguments": {}, "inputResponses": {"k": {"action": "decline"}}}),
        ),
        ("resource", "resources/read", json!({"uri": "pages://a%20b"})),
        ("prompt", "prompts/get", json!({"name": "ask", "arguments": {"who": "Ann"}})),
        (
            "completion",
            "completion/complete",
            json!({
            "ref": {"type": "ref/resource", "uri": "pages://{id}"},
            "argument": {"name": "id", "value": "a"}, "context": {"arguments": {"x": "y"}}}),
        ),
    ] {
        let answer: &[u8] = if method == "completion/complete" { br#"["one"]"# } else { b"null" };
        answer_with(&gateway, answer);
        gateway.modern(method, &params).await;
        let call = gateway.functions.calls().remove(0);
        let event = String::from_utf8(call.payload.to_vec()).expect("UTF-8");
        out.push_str(&format!(
            "{name}\n  event   {event}\n  context {}\n",
            call.client_context.unwrap_or_default()
        ));
    }
    out.push('\n');
    for answer in ANSWERS.iter().chain(own(mode)) {
        answer_with(&gateway, answer.as_bytes());
        out.push_str(&format!("answer    {}\n", answer.trim_end().replace('\n', "\\n")));
        out.push_str(&format!("  modern  {}\n", modern(&gateway).await));
        out.push_str(&format!("  legacy  {}\n", legacy(&gateway).await));
    }
    gateway
        .functions
        .add("f", |_| Outcome::Fails(r#"{"errorType":"ValueError","errorMessage":"secret"}"#));
    out.push_str(&format!("failure\n  modern  {}\n", modern(&gateway).await));
    out
}

fn answer_with(gateway: &TestGateway, answer: &[u8]) {
    let answer = answer.to_vec();
    gateway.functions.add("f", move |_| match std::str::from_utf8(&answer) {
        // The text outlives the test; there are few of them.
        Ok(text) => Outcome::Streams(vec![Box::leak(text.to_owned().into_boxed_str())]),
        Err(_) => Outcome::Returns(answer.clone()),
    });
}

async fn modern(gateway: &TestGateway) -> String {
    let body = gateway.modern("tools/call", &json!({"name": "weather"})).await.body;
    // The stamp of the server is the same everywhere.
    let meta = r#""_meta":{"io.modelcontextprotocol/serverInfo":{"name":"mcp-lambda","title":"mcp-lambda","version":"0.0.0"}}"#;
    body.replace(meta, r#""_meta":{…}"#)
}

async fn legacy(gateway: &TestGateway) -> String {
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"weather"}}"#;
    gateway.send(post("/mcp", &[], call)).await.body
}

macro_rules! golden {
    ($($test:ident $mode:literal),* $(,)?) => {$(
        #[tokio::test(start_paused = true)]
        async fn $test() {
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path("../../snapshots/modes");
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            let transcript = transcript($mode).await;
            settings.bind(|| insta::assert_snapshot!($mode, transcript));
        }
    )*};
}

golden! {
    auto "auto", raw "raw", agentcore "agentcore", seed "seed", converse "converse",
    apigw_v2 "apigw-v2", jsonrpc "jsonrpc", stream "stream",
}

#[test]
fn every_mode_has_its_golden_file() {
    for mode in mcp_lambda_runtime::registration::InvokeMode::ALL {
        let name = serde_json::to_value(mode).expect("a name");
        let file = format!(
            "{}/snapshots/modes/{}.snap",
            env!("CARGO_MANIFEST_DIR"),
            name.as_str().expect("text")
        );
        assert!(std::path::Path::new(&file).exists(), "{file}");
    }
}
