//! Limits and what becomes of them, sessions that end when nobody uses them, traces, and what the
//! log is told.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use mcp_lambda_runtime::edge::access::{Ending, Record};
use mcp_lambda_runtime::edge::audit::Audit;
use mcp_lambda_runtime::embedded::buckets::MemoryBuckets;
use mcp_lambda_runtime::gateway::admit::RateLimits;
use mcp_lambda_runtime::port::buckets::{BucketKey, Buckets, Rate, Taken};
use mcp_lambda_runtime::port::{Clock, SessionKey, Sessions, StoreError, Timestamp};
use mcp_lambda_runtime::principal::Principal;
use mcp_lambda_runtime::protocol::call;
use mcp_lambda_runtime::protocol::version::{LegacyVersion, Version};
use mcp_lambda_runtime::session::Expiry;
use serde_json::{Value, json};

use crate::support::functions::Outcome;
use crate::support::{Reply, TestGateway, events, modern, next_piece, post};

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
const ECHO: &str = r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}"#;

fn rate(text: &str) -> Option<Rate> {
    Some(text.parse().expect("a rate"))
}

async fn limited(limits: RateLimits) -> TestGateway {
    let buckets = Arc::new(MemoryBuckets::default());
    TestGateway::new_with(|gateway| gateway.limited(limits, buckets)).await
}

fn assert_limited(reply: &Reply, seconds: &str, what: &str) {
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some(seconds)), "{}", reply.body);
    let error = &reply.json()["error"];
    assert_eq!(error["code"], 429);
    assert_eq!(error["message"], format!("{what}; try again in {seconds} s"));
    assert_eq!(error["data"]["retryAfterSeconds"].to_string(), seconds);
}

fn last(gateway: &TestGateway) -> Record {
    gateway.log.lock().expect("no panic").last().expect("a record").clone()
}

#[tokio::test]
async fn every_request_of_a_principal_counts() {
    let mut gateway =
        limited(RateLimits { per_principal: rate("3/1m"), ..RateLimits::default() }).await;
    assert_eq!(gateway.post(&[], PING).await.status, 200);
    assert_eq!(gateway.modern("tools/list", &json!({})).await.status, 200);
    assert_eq!(gateway.post(&[], ECHO).await.status, 200);
    for _ in 0..2 {
        let refused = gateway.post(&[], ECHO).await;
        assert_limited(&refused, "20", "too many requests of this caller");
        assert_eq!(refused.json()["id"], "a");
    }
    let refused = gateway.modern("tools/list", &json!({})).await;
    assert_limited(&refused, "20", "too many requests of this caller");
    assert_eq!(gateway.functions.calls().len(), 1);
    let record = last(&gateway);
    assert_eq!((record.ending, record.status), (Ending::Throttled, 429));

    gateway.clock.advance(Duration::from_millis(19_999));
    assert_limited(&gateway.post(&[], PING).await, "1", "too many requests of this caller");
    gateway.clock.advance(Duration::from_millis(1));
    assert_eq!(gateway.post(&[], PING).await.status, 200);
    gateway.principal = Principal::Iam { arn: "arn:aws:iam::123456789012:user/eve".to_owned() };
    assert_eq!(gateway.post(&[], PING).await.status, 200, "somebody else's bucket is full");
}

#[tokio::test]
async fn calls_of_functions_count_for_each_registration() {
    let gateway = limited(RateLimits { per_tool: rate("2/1m"), ..RateLimits::default() }).await;
    for _ in 0..2 {
        assert_eq!(gateway.post(&[], ECHO).await.status, 200);
    }
    let what = "too many calls of this tool, resource or prompt";
    assert_limited(&gateway.post(&[], ECHO).await, "30", what);
    let echo = json!({"name": "echo", "arguments": {"text": "hi"}});
    assert_limited(&gateway.modern("tools/call", &echo).await, "30", what);
    // What calls no function, or another one, goes on.
    let plain = json!({"name": "plain", "arguments": {}});
    assert_eq!(gateway.modern("tools/call", &plain).await.status, 200);
    for _ in 0..5 {
        assert_eq!(gateway.post(&[], PING).await.status, 200);
        assert_eq!(gateway.modern("tools/list", &json!({})).await.status, 200);
        let wrong = json!({"name": "echo", "arguments": {"text": 7}});
        let refused = gateway.modern("tools/call", &wrong).await;
        assert_eq!(refused.result()["isError"], true, "wrong arguments call nothing");
    }
    gateway.clock.advance(Duration::from_secs(30));
    assert_eq!(gateway.post(&[], ECHO).await.status, 200);
}

#[tokio::test]
async fn elements_of_a_batch_count_one_by_one() {
    let gateway =
        limited(RateLimits { per_principal: rate("2/1m"), ..RateLimits::default() }).await;
    let session = gateway.initialize("2025-03-26", "{}").await;
    let batch = format!("[{PING},{PING}]");
    let reply = gateway.post(&[("mcp-session-id", session.as_str())], &batch).await;
    assert_eq!(reply.status, 200);
    let answers = reply.json();
    assert_eq!((&answers[0]["result"], &answers[1]["error"]["code"]), (&json!({}), &json!(429)));
}

#[tokio::test]
async fn on_a_stream_the_refusal_is_a_message() {
    let gateway =
        limited(RateLimits { per_principal: rate("2/1m"), ..RateLimits::default() }).await;
    let open = || {
        let request = Request::get("/sse").header("host", "localhost");
        gateway.open(request.body(Bytes::new()).expect("a request"))
    };
    let mut body = open().await.into_body();
    let first = next_piece(&mut body).await.expect("the endpoint");
    let path = first.strip_prefix("event: endpoint\ndata: ").expect("an address").trim_end();
    for expected in [None, Some(429)] {
        assert_eq!(gateway.send(post(path, &[], PING)).await.status, 202);
        let answer = events(&next_piece(&mut body).await.expect("an answer")).remove(0);
        assert_eq!(answer["error"]["code"].as_i64(), expected);
        assert_eq!(answer["id"], 1);
    }
    let refused = open().await;
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (429, &"30".parse().expect("a value"))
    );
}

#[tokio::test]
async fn sessions_are_limited() {
    let gateway = limited(RateLimits { sessions: rate("2/24h"), ..RateLimits::default() }).await;
    let first = gateway.initialize("2025-11-25", "{}").await;
    gateway.initialize("2025-11-25", "{}").await;
    let body = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let refused = gateway.post(&[], body).await;
    assert_limited(&refused, "43200", "too many sessions of this caller");
    assert!(refused.header("mcp-session-id").is_none());
    let stream = Request::get("/sse").header("host", "localhost").body(Bytes::new());
    let refused = gateway.send(stream.expect("a request")).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("43200")));
    // Those that there are go on.
    assert_eq!(gateway.post(&[("mcp-session-id", &first)], PING).await.status, 200);
    gateway.clock.advance(Duration::from_secs(43_200));
    gateway.initialize("2025-11-25", "{}").await;
}

/// Buckets that nobody can reach.
struct Unreachable;

#[async_trait::async_trait]
impl Buckets for Unreachable {
    async fn take(
        &self,
        _: &BucketKey,
        _: Rate,
        _: u32,
        _: Timestamp,
    ) -> Result<Taken, StoreError> {
        Err(StoreError::Unavailable("no way".to_owned()))
    }
}

#[tokio::test]
async fn limits_that_cannot_be_asked_for_let_through_and_are_told() {
    let limits = RateLimits {
        per_principal: rate("1/24h"),
        per_tool: rate("1/24h"),
        sessions: rate("1/24h"),
    };
    let gateway =
        TestGateway::new_with(|gateway| gateway.limited(limits, Arc::new(Unreachable))).await;
    for _ in 0..3 {
        gateway.initialize("2025-11-25", "{}").await;
        assert_eq!(gateway.post(&[], ECHO).await.status, 200);
        let record = last(&gateway);
        let warning = record.facts.warning.as_deref();
        assert_eq!(warning, Some("limits are not kept: the store is unavailable: no way"));
    }
}

fn sliding(text: &str) -> Expiry {
    Expiry::Sliding(text.parse().expect("a time"))
}

const MILLISECOND: Duration = Duration::from_millis(1);

#[tokio::test]
async fn sessions_that_nobody_uses_end() {
    let gateway = TestGateway::new_with(|gateway| gateway.expiring(sliding("10m"))).await;
    let idle = Duration::from_secs(600);
    let session = gateway.initialize("2025-11-25", "{}").await;
    let headers = [("mcp-session-id", session.as_str())];
    let ping = || gateway.post(&headers, PING);
    // Used before a tenth has passed, which is not noted: it counts from its beginning.
    gateway.clock.advance(idle / 10);
    assert_eq!(ping().await.status, 200);
    gateway.clock.advance(idle * 9 / 10 - MILLISECOND);
    assert_eq!(ping().await.status, 200, "just below, and noted");
    for _ in 0..20 {
        gateway.clock.advance(idle - MILLISECOND);
        assert_eq!(ping().await.status, 200, "it lives on while it is used");
    }
    gateway.clock.advance(idle);
    assert_eq!(ping().await.status, 404);
    assert_eq!(ping().await.status, 404, "for good");

    let unused = gateway.initialize("2025-11-25", "{}").await;
    gateway.clock.advance(idle);
    assert_eq!(gateway.post(&[("mcp-session-id", &unused)], PING).await.status, 404);
}

#[tokio::test]
async fn a_chatty_session_costs_ten_writes_in_its_idle_time() {
    let gateway = TestGateway::new_with(|gateway| gateway.expiring(sliding("10m"))).await;
    let session = gateway.initialize("2025-11-25", "{}").await;
    let headers = [("mcp-session-id", session.as_str())];
    for _ in 0..600 {
        assert_eq!(gateway.post(&headers, PING).await.status, 200);
        gateway.clock.advance(Duration::from_secs(1));
    }
    let revision = revision(&gateway).await;
    assert!((9..=10).contains(&revision), "{revision} writes");
    // State is kept by its use, and keeps the session by itself.
    let level =
        r#"{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"error"}}"#;
    assert_eq!(gateway.post(&headers, level).await.status, 200);
    gateway.clock.advance(Duration::from_secs(599));
    assert_eq!(gateway.post(&headers, PING).await.status, 200);
}

/// The writes of the only session that has a row; ids are counted.
async fn revision(gateway: &TestGateway) -> u64 {
    let mut found = Vec::new();
    for number in 0..2_000u64 {
        let mut key = [0; 16];
        key[8..].copy_from_slice(&number.to_be_bytes());
        let row = gateway.store.load(SessionKey(key), gateway.clock.now()).await;
        found.extend(row.expect("it can be read"));
    }
    assert_eq!(found.len(), 1);
    found[0].revision
}

#[tokio::test]
async fn an_ended_session_stays_ended_while_it_would_have_lived() {
    let gateway = TestGateway::new_with(|gateway| gateway.expiring(sliding("10m"))).await;
    let session = gateway.initialize("2025-11-25", "{}").await;
    let headers = [("mcp-session-id", session.as_str())];
    gateway.clock.advance(Duration::from_secs(599));
    assert_eq!(gateway.post(&headers, PING).await.status, 200);
    let delete = || {
        let request = Request::delete("/mcp").header("host", "localhost");
        request.header("mcp-session-id", &session).body(Bytes::new()).expect("a request")
    };
    assert_eq!(gateway.send(delete()).await.status, 204);
    for _ in 0..4 {
        assert_eq!(gateway.post(&headers, PING).await.status, 404);
        gateway.clock.advance(Duration::from_secs(300));
    }
}

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const XRAY: &str = "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1";

#[tokio::test]
async fn traces_go_on_in_functions() {
    let gateway = TestGateway::new().await;
    let call = json!({"name": "echo", "arguments": {"text": "hi"}, "_meta": {
        "traceparent": PARENT, "tracestate": "a=b", "baggage": "k=v"
    }});
    gateway.modern("tools/call", &call).await;
    let headers = [("traceparent", PARENT), ("tracestate", "a=b"), ("baggage", "k=v")];
    gateway.post(&headers, ECHO).await;
    gateway.post(&[("x-amzn-trace-id", XRAY)], ECHO).await;
    gateway.post(&[("traceparent", "junk"), ("x-amzn-trace-id", "junk")], ECHO).await;
    let calls = gateway.functions.calls();
    let context = |number: usize| -> Value {
        let text = calls[number].client_context.as_deref().expect("a context");
        serde_json::from_str::<Value>(text).expect("JSON")["custom"].take()
    };
    for (number, call) in calls.iter().enumerate().take(2) {
        assert_eq!(call.trace.as_deref(), Some(XRAY));
        let context = context(number);
        assert_eq!(
            [&context["traceparent"], &context["tracestate"], &context["baggage"]],
            [PARENT, "a=b", "k=v"]
        );
    }
    assert_eq!(
        (calls[2].trace.as_deref(), &context(2)["traceparent"]),
        (Some(XRAY), &json!(PARENT))
    );
    assert_eq!((calls[3].trace.as_deref(), &context(3)["traceparent"]), (None, &Value::Null));
}

fn line(record: &Record, hashed: bool) -> Value {
    serde_json::to_value(Audit::of(record, hashed)).expect("JSON")
}

#[tokio::test]
async fn one_line_tells_who_called_what() {
    let mut gateway = TestGateway::new().await;
    let arn = "arn:aws:iam::123456789012:user/eve";
    gateway.principal = Principal::Iam { arn: arn.to_owned() };
    let call =
        json!({"name": "echo", "arguments": {"text": "hi"}, "_meta": {"traceparent": PARENT}});
    let request = modern("tools/call", &call, "{}");
    let (sent, reply) = (request.body().len(), gateway.send(request).await);
    let record = last(&gateway);
    let line = line(&record, false);
    for (name, expected) in [
        ("http.status", json!(200)),
        ("caller.type", json!("iam")),
        ("caller", json!(arn)),
        ("mcp.method", json!("tools/call")),
        ("mcp.name", json!("echo")),
        ("arguments", json!({"text": "string"})),
        ("decision", json!("allowed")),
        ("outcome", json!("success")),
        ("trace", json!("1-4bf92f35-77b34da6a3ce929d0e0e4736")),
        ("bytes_in", json!(sent)),
        ("bytes_out", json!(reply.body.len())),
    ] {
        assert_eq!(line[name], expected, "{name}");
    }
    assert!(line["target_ms"].is_f64() && line["latency_ms"].is_f64());
    let hashed = self::line(&record, true);
    assert_eq!(hashed["caller"].as_str().map(str::len), Some(32));
    assert!(!hashed.to_string().contains("eve"), "{hashed}");
}

#[tokio::test]
async fn endings_are_told_apart() {
    let gateway = TestGateway::new().await;
    let wrong = json!({"name": "echo", "arguments": {"text": 7}});
    let cases = [
        (json!({"name": "echo", "arguments": {"text": "hi"}}), Ending::Success, true),
        (wrong, Ending::UserError, false),
        (json!({"name": "none"}), Ending::UserError, false),
        (json!({"name": "fail", "arguments": {}}), Ending::SystemError, true),
    ];
    for (params, ending, called) in cases {
        gateway.modern("tools/call", &params).await;
        let record = last(&gateway);
        assert_eq!(
            (record.ending, record.facts.target_time.is_some()),
            (ending, called),
            "{params}"
        );
    }
    gateway.send(post("/nowhere", &[], "{}")).await;
    assert_eq!(last(&gateway).ending, Ending::UserError);
    gateway.post(&[], "{").await;
    assert_eq!(last(&gateway).ending, Ending::UserError);
}

#[tokio::test]
async fn messages_and_sessions_are_counted() {
    let gateway = TestGateway::new().await;
    let session = gateway.initialize("2025-03-26", "{}").await;
    let begun = last(&gateway);
    assert!(begun.facts.session_began && begun.session.is_none());
    let headers = [("mcp-session-id", session.as_str())];
    let unknown = r#"{"jsonrpc":"2.0","id":1,"method":"evil/method"}"#.to_owned();
    let note = r#"{"jsonrpc":"2.0","method":"evil/note"}"#.to_owned();
    for (body, operation, counted) in [
        (PING.to_owned(), Some("ping"), (1, 1)),
        (ECHO.to_owned(), Some("tools/call"), (1, 1)),
        (format!("[{PING},{PING}]"), None, (2, 2)),
        (unknown, None, (1, 1)),
        (note, None, (1, 0)),
        ("{".to_owned(), None, (0, 1)),
    ] {
        gateway.post(&headers, &body).await;
        let record = last(&gateway);
        assert_eq!(record.operation.map(call::Method::as_str), operation, "{body}");
        assert_eq!((record.messages_in, record.messages_out), counted, "{body}");
        assert!(!record.facts.session_began);
        assert_eq!(record.session.is_some(), operation.is_some(), "{body}");
    }
}

#[test]
fn methods_and_their_names_are_one_list() {
    for name in ["initialize", "ping", "tools/list", "resources/templates/list", "tools/call"] {
        let version = Version::Legacy(LegacyVersion::NEWEST);
        let method = call::Method::parse(name, version).expect("a method");
        assert_eq!(method.as_str(), name);
    }
}

/// What must never be logged, wherever it is planted.
const SECRET: &str = "hunter2-s3cr3t";

#[tokio::test]
async fn secrets_reach_no_line() {
    let mut gateway = TestGateway::new().await;
    gateway.principal = Principal::Iam { arn: "arn:aws:iam::123456789012:user/eve".to_owned() };
    gateway
        .functions
        .add("plain", |_| Outcome::Returns(format!("{{\"token\":\"{SECRET}\"}}").into_bytes()));
    let session = gateway.initialize("2025-11-25", "{}").await;
    let bearer = format!("Bearer {SECRET}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("cookie", SECRET),
        ("x-api-key", SECRET),
        ("baggage", SECRET),
        ("tracestate", SECRET),
        ("traceparent", SECRET),
        ("mcp-session-id", session.as_str()),
    ];
    let call = |name: &str, arguments: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":"{SECRET}","method":"tools/call","params":{{"name":"{name}","arguments":{arguments},"_meta":{{"progressToken":"{SECRET}"}}}}}}"#
        )
    };
    let quoted = format!("\"{SECRET}\"");
    for body in [
        call("echo", &format!(r#"{{"text":{quoted}}}"#)),
        call("echo", &format!(r#"{{"text":[{quoted}]}}"#)),
        call("echo", &format!(r#"{{"text":"x","_mcp":{quoted}}}"#)),
        call("echo", &quoted),
        call("plain", &format!(r#"{{"more":{{"deep":{quoted}}}}}"#)),
        call("fail", &format!(r#"{{"city":{quoted}}}"#)),
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{{"name":"none","arguments":{{"a":{quoted}}}}}}}"#
        ),
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{{"ref":{{"type":"ref/prompt","name":"none"}},"argument":{{"name":"a","value":{quoted}}}}}}}"#
        ),
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{{"level":{quoted}}}}}"#
        ),
        format!("{{{SECRET}"),
        quoted.clone(),
    ] {
        gateway.post(&headers, &body).await;
    }
    gateway.post(&[("mcp-session-id", SECRET)], PING).await;
    gateway.send(post(&format!("/message?sessionId={SECRET}"), &headers, PING)).await;
    gateway.send(post(&format!("/mcp?token={SECRET}"), &headers, PING)).await;
    let records = gateway.log.lock().expect("no panic").clone();
    assert!(records.len() > 12);
    for record in &records {
        for text in [line(record, false).to_string(), line(record, true).to_string()] {
            assert!(!text.contains(SECRET), "{text}");
            assert!(!text.contains(&session), "{text}");
        }
    }
}
