//! Virtual servers: what each offers, under which paths, and whose sessions are whose.

use bytes::Bytes;
use http::Request;
use mcp_lambda_runtime::policy::limits;
use mcp_lambda_runtime::principal::Principal;
use serde_json::{Value, json};

use crate::hidden::{bare, put};
use crate::support::issuer::{ISSUER, Issuer, Key, settings};
use crate::support::{ALL_CAPABILITIES, Reply, TestGateway, functions, modern, next_piece, post};

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

async fn world() -> TestGateway {
    let gateway = TestGateway::new().await;
    let tagged = json!({"type": "tool", "name": "restart", "description": "Restarts.",
        "tags": ["ops"], "lambdaArn": functions::arn("plain")});
    gateway.register(&tagged).await;
    let ops = json!({"title": "Operations", "instructions": "Be careful.",
        "offers": [{"tag": "ops"}, {"type": "tool", "name": ["pl*"]}, {"type": "prompt"}]});
    assert_eq!(put(&gateway, "/servers/ops", &ops).await.status, 201);
    let docs = json!({"offers": [{"type": "resource"}]});
    assert_eq!(put(&gateway, "/servers/docs", &docs).await.status, 201);
    gateway
}

async fn at(gateway: &TestGateway, path: &str, method: &str, params: &Value) -> Reply {
    let mut request = modern(method, params, ALL_CAPABILITIES);
    *request.uri_mut() = path.parse().expect("a path");
    gateway.send(request).await
}

fn names(reply: &Reply, member: &str) -> Vec<String> {
    let entries = reply.result()[member].as_array().expect("entries").clone();
    entries.iter().map(|entry| entry["name"].as_str().expect("a name").to_owned()).collect()
}

fn initialize() -> String {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"}}})
    .to_string()
}

#[tokio::test(start_paused = true)]
async fn a_server_offers_its_part_and_no_more() {
    let gateway = world().await;
    let list = |path, method| {
        let gateway = &gateway;
        async move { at(gateway, path, method, &json!({})).await }
    };
    for path in ["/s/ops/mcp", "/s/ops/mcp/"] {
        assert_eq!(names(&list(path, "tools/list").await, "tools"), ["plain", "restart"]);
        assert_eq!(names(&list(path, "prompts/list").await, "prompts"), ["greet"]);
        assert!(names(&list(path, "resources/list").await, "resources").is_empty());
    }
    let templates = list("/s/docs/mcp", "resources/templates/list").await;
    assert_eq!(names(&templates, "resourceTemplates"), ["page"]);
    assert!(names(&list("/s/docs/mcp", "tools/list").await, "tools").is_empty());
    assert_eq!(names(&list("/mcp", "tools/list").await, "tools").len(), 8);

    let call = async |path: &str, name: &str| {
        at(&gateway, path, "tools/call", &json!({"name": name})).await
    };
    call("/s/ops/mcp", "restart").await.result();
    let unknown = call("/s/ops/mcp", "fail").await;
    assert_eq!(unknown.json()["error"]["message"], "unknown tool: fail");
    let uri = json!({"uri": "notes://today"});
    assert_eq!(at(&gateway, "/s/ops/mcp", "resources/read", &uri).await.code(), -32602);
    at(&gateway, "/s/docs/mcp", "resources/read", &uri).await.result();
}

#[tokio::test(start_paused = true)]
async fn a_server_has_its_own_name() {
    let gateway = world().await;
    let info = json!({"name": "ops", "title": "Operations", "version": "0.0.0"});
    let discovered = at(&gateway, "/s/ops/mcp", "server/discover", &json!({})).await.result();
    assert_eq!(discovered["_meta"]["io.modelcontextprotocol/serverInfo"], info);
    assert_eq!(discovered["instructions"], "Be careful.");
    let begun = gateway.send(post("/s/ops/mcp", &[], &initialize())).await.result();
    assert_eq!((&begun["serverInfo"], &begun["instructions"]), (&info, &json!("Be careful.")));
    let called = at(&gateway, "/s/ops/mcp", "tools/call", &json!({"name": "plain"})).await.result();
    assert_eq!(called["_meta"]["io.modelcontextprotocol/serverInfo"], info);
    let begun = gateway.send(post("/s/docs/mcp", &[], &initialize())).await.result();
    assert_eq!(begun["serverInfo"]["title"], "docs");
    assert_eq!(begun.get("instructions"), None);
    let begun = gateway.send(post("/mcp", &[], &initialize())).await.result();
    assert_eq!(begun["serverInfo"]["name"], "mcp-lambda");
}

#[tokio::test(start_paused = true)]
async fn a_session_lives_at_its_server() {
    let gateway = world().await;
    let paths = ["/mcp", "/s/ops/mcp", "/s/docs/mcp"];
    for own in paths {
        let begun = gateway.send(post(own, &[], &initialize())).await;
        let id = begun.header("mcp-session-id").expect("a session").to_owned();
        let headers = [("mcp-session-id", id.as_str())];
        for other in paths {
            let expected = if own == other { 200 } else { 404 };
            assert_eq!(
                gateway.send(post(other, &headers, PING)).await.status,
                expected,
                "{own} {other}"
            );
            let mut delete = post(other, &headers, "");
            *delete.method_mut() = http::Method::DELETE;
            if own != other {
                assert_eq!(gateway.send(delete).await.status, 404, "{own} {other}");
            }
        }
        let unknown = gateway.send(post("/mcp", &[("mcp-session-id", "x")], PING)).await;
        let others = paths.iter().find(|path| **path != own).expect("another");
        let foreign = gateway.send(post(others, &headers, PING)).await;
        assert_eq!(foreign.body, unknown.body, "as an id that nobody gave");
        let mut delete = post(own, &headers, "");
        *delete.method_mut() = http::Method::DELETE;
        assert_eq!(gateway.send(delete).await.status, 204);
        assert_eq!(gateway.send(post(own, &headers, PING)).await.status, 404);
    }
}

#[tokio::test(start_paused = true)]
async fn paths_that_are_no_paths_lead_nowhere() {
    let gateway = world().await;
    let nowhere = bare(&gateway, "POST", "/nowhere").await;
    for path in [
        "/s/ops",
        "/s/ops/",
        "/s//mcp",
        "/s/ops//mcp",
        "/s/ops/mcp//",
        "//s/ops/mcp",
        "/s/../mcp",
        "/s/ops/../mcp",
        "/s/docs/../ops/mcp",
        "/s/./ops/mcp",
        "/s/%2e%2e/mcp",
        "/s/ops%2fmcp",
        "/s/ops/%6dcp",
        "/s/%6fps/mcp",
        "/s/OPS/mcp",
        "/S/ops/mcp",
        "/s/ops/MCP",
        "/s/ops/mcp/x",
        "/s/ops;a=b/mcp",
        "/s/ops%00/mcp",
        "/s/unknown/mcp",
        "/s/ops/health",
        "/s/ops/register",
        "/s/ops/policies",
        "/mcp/s/ops/mcp",
    ] {
        for body in [PING, &initialize()] {
            let reply = gateway.send(post(path, &[], body)).await;
            assert_eq!((reply.status, &reply.body), (404, &nowhere.body), "{path}");
        }
        assert_eq!(bare(&gateway, "GET", path).await.body, nowhere.body, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn policies_know_the_server() {
    let mut gateway = world().await;
    // At the whole nobody may do anything; at ops an agent may restart.
    let policy = json!({"statements": [{"effect": "permit", "server": "ops", "action": "tools/call",
        "principal": {"arn": "arn:aws:iam::123456789012:role/Agent"}, "resource": {"name": "restart"}}]});
    assert_eq!(put(&gateway, "/policies/ops", &policy).await.status, 201);
    let agent = "arn:aws:sts::123456789012:assumed-role/Agent/x".to_owned();
    gateway.principal = Principal::Iam { arn: agent };
    let list = json!({});
    assert!(names(&at(&gateway, "/mcp", "tools/list", &list).await, "tools").is_empty());
    assert_eq!(names(&at(&gateway, "/s/ops/mcp", "tools/list", &list).await, "tools"), ["restart"]);
    assert_eq!(at(&gateway, "/s/docs/mcp", "tools/list", &list).await.status, 404);
    gateway.principal = Principal::Anonymous;
    assert_eq!(at(&gateway, "/s/ops/mcp", "tools/list", &list).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn streams_of_http_and_sse_belong_to_their_server() {
    let gateway = world().await;
    let request = Request::get("/s/ops/sse").header("host", "localhost");
    let response = gateway.open(request.body(Bytes::new()).expect("a request")).await;
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    let first = next_piece(&mut body).await.expect("the endpoint");
    let path = first.strip_prefix("event: endpoint\ndata: ").expect("an address").trim_end();
    let query = path.strip_prefix("/s/ops/message?").expect("the server's own path");
    for wrong in ["/message", "/s/docs/message", "/mcp", "/s/docs/mcp"] {
        let reply = gateway.send(post(&format!("{wrong}?{query}"), &[], PING)).await;
        assert_eq!(reply.status, 404, "{wrong}");
    }
    let list = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;
    assert_eq!(gateway.send(post(path, &[], list)).await.status, 202);
    let answer = next_piece(&mut body).await.expect("the answer");
    assert!(answer.contains("restart") && !answer.contains("echo"), "{answer}");
    let unknown = Request::get("/s/unknown/sse").header("host", "localhost");
    let unknown = gateway.send(unknown.body(Bytes::new()).expect("a request")).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_server_comes_and_goes() {
    let gateway = world().await;
    let begun = gateway.send(post("/s/ops/mcp", &[], &initialize())).await;
    let id = begun.header("mcp-session-id").expect("a session").to_owned();
    assert_eq!(bare(&gateway, "DELETE", "/servers/ops").await.status, 204);
    let headers = [("mcp-session-id", id.as_str())];
    assert_eq!(gateway.send(post("/s/ops/mcp", &headers, PING)).await.status, 404);
    assert_eq!(bare(&gateway, "DELETE", "/servers/ops").await.status, 404);
    // One that offers nothing is not there either.
    let nothing = json!({"offers": [{"tag": "nobody-has-it"}]});
    assert_eq!(put(&gateway, "/servers/ops", &nothing).await.status, 201);
    assert_eq!(gateway.send(post("/s/ops/mcp", &[], PING)).await.status, 404);
}

#[tokio::test]
async fn how_many_there_may_be() {
    let gateway = TestGateway::empty();
    let server = json!({"offers": ["*"]});
    let permit = json!({"effect": "permit", "principal": "*", "action": "*", "resource": "*"});
    let policy = json!({"statements": [permit]});
    for (path, most, document) in
        [("servers", limits::MAX_SERVERS, &server), ("policies", limits::MAX_POLICIES, &policy)]
    {
        for number in 0..most {
            let path = format!("/{path}/d{number:03}");
            assert_eq!(put(&gateway, &path, document).await.status, 201, "{path}");
        }
        let refused = put(&gateway, &format!("/{path}/more"), document).await;
        assert_eq!(refused.status, 409, "{}", refused.body);
        let replaced = put(&gateway, &format!("/{path}/d000"), document).await;
        assert_eq!(replaced.status, 200, "what is there can still be changed");
        let first = bare(&gateway, "GET", &format!("/{path}?limit=99")).await.json();
        assert_eq!(first[path].as_array().expect("all").len(), 99);
        let cursor = first["nextCursor"].as_str().expect("another page");
        let second =
            bare(&gateway, "GET", &format!("/{path}?limit=99&cursor={cursor}")).await.json();
        assert_eq!(
            (second[path].as_array().map(Vec::len), second.get("nextCursor")),
            (Some(1), None)
        );
    }
}

/// The fenced blocks of a document, with what stands behind their fences.
fn blocks(text: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut pieces = text.split("\n```");
    while let (Some(_), Some(block)) = (pieces.next(), pieces.next()) {
        let (kind, json) = block.split_once('\n').expect("a fence has a line");
        let value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"));
        found.push((kind.to_owned(), value));
    }
    found
}

#[tokio::test(start_paused = true)]
async fn the_manual_says_what_is_so() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policies.md");
    let manual = std::fs::read_to_string(path).expect("the manual");
    let gateway = world().await;
    let mut seen = Vec::new();
    for (kind, document) in blocks(&manual) {
        let reply = match kind.as_str() {
            "json policy" => put(&gateway, "/policies/example", &document).await,
            "json server" => put(&gateway, "/servers/example", &document).await,
            "json question" => {
                let asked = post("/policies/explain", &[], &document.to_string());
                let reply = gateway.send(asked).await;
                let by = &reply.json()["by"];
                assert_eq!(*by, json!([{"policy": "example", "statement": "never-the-database"}]));
                reply
            }
            other => panic!("a block of {other}"),
        };
        assert!([200, 201].contains(&reply.status), "{}", reply.body);
        seen.push((kind, reply.status));
    }
    let kinds: Vec<&str> = seen.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["json policy", "json question", "json policy", "json server"]);
    // The last policy was the kill switch.
    assert_eq!(at(&gateway, "/s/example/mcp", "tools/list", &json!({})).await.status, 404);
    assert!(names(&at(&gateway, "/mcp", "tools/list", &json!({})).await, "tools").is_empty());
}

/// Every place that does something asks who is there, and a virtual server is a resource of its own
/// for which tokens are issued.
#[tokio::test(start_paused = true)]
async fn a_door_stands_before_virtual_servers_and_their_administration() {
    let issuer = Issuer::new(Key::p256());
    let gateway = world().await.behind_oauth(settings(), &issuer);
    let root = "/.well-known/oauth-protected-resource";
    for path in ["/s/ops/mcp", "/s/unknown/mcp", "/s/ops/mcp/", "/s/ops/message?sessionId=x"] {
        let reply = gateway.send(post(path, &[], PING)).await;
        let challenge = reply.header("www-authenticate").expect("a challenge");
        let server = if path.contains("ops") { "ops" } else { "unknown" };
        let metadata = format!("http://127.0.0.1{root}/s/{server}/mcp");
        assert!(reply.status == 401 && challenge.contains(&metadata), "{path} {challenge}");
    }
    for path in ["/policies", "/policies/a", "/policies/explain", "/servers", "/servers/ops"] {
        for method in ["GET", "PUT", "POST", "DELETE"] {
            assert_eq!(bare(&gateway, method, path).await.status, 401, "{method} {path}");
        }
    }
    for server in ["ops", "unknown"] {
        let metadata = bare(&gateway, "GET", &format!("{root}/s/{server}/mcp")).await.json();
        assert_eq!(metadata["resource"], format!("http://127.0.0.1/s/{server}/mcp"));
    }
    let send = async |path: &str, audience: &str, scopes: &str| {
        let claims = json!({"aud": audience, "scope": scopes});
        let bearer = format!("Bearer {}", issuer.token(&claims));
        gateway.send(post(path, &[("authorization", &bearer)], PING)).await.status
    };
    let (whole, ops) = ("http://127.0.0.1/mcp", "http://127.0.0.1/s/ops/mcp");
    assert_eq!(send("/s/ops/mcp", ops, "mcp:tools").await, 200);
    assert_eq!(send("/mcp", whole, "mcp:tools").await, 200);
    for (path, audience) in [("/mcp", ops), ("/s/docs/mcp", ops), ("/s/ops/mcp", whole)] {
        assert_eq!(send(path, audience, "mcp:tools").await, 401, "{path} for {audience}");
    }
    assert_eq!(send("/policies/explain", whole, "mcp:tools").await, 403);
    assert_eq!(send("/policies/explain", whole, "mcp:tools mcp:admin").await, 400);
}

/// What policies know of a token is what the door has verified.
#[tokio::test(start_paused = true)]
async fn policies_know_what_tokens_say() {
    let issuer = Issuer::new(Key::p256());
    let gateway = world().await;
    let policy = json!({"statements": [{"effect": "permit", "action": "tools/call",
        "principal": {"issuer": ISSUER, "claims": {"department": ["tools", "crew"]}, "anyScope": "call"},
        "resource": {"name": "plain"}}]});
    assert_eq!(put(&gateway, "/policies/p", &policy).await.status, 201);
    let gateway = gateway.behind_oauth(settings(), &issuer);
    for (department, scopes, expected) in [
        (json!("tools"), "mcp:tools call", 1),
        (json!(["crew", "other"]), "mcp:tools call", 1),
        (json!("tools"), "mcp:tools", 0),
        (json!("other"), "mcp:tools call", 0),
        (json!(null), "mcp:tools call", 0),
    ] {
        let claims = json!({"department": department, "scope": scopes});
        let bearer = format!("Bearer {}", issuer.token(&claims));
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
        let reply = gateway.send(post("/mcp", &[("authorization", &bearer)], body)).await;
        assert_eq!(names(&reply, "tools").len(), expected, "{claims}");
    }
}
