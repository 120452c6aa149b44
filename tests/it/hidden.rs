//! Attempts to find out what policies hide.
//!
//! The same requests are sent to two gateways: one hides some registrations from the caller, and
//! in the other nobody has registered them. Every answer must be the same, byte for byte.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use mcp_lambda_runtime::edge::access::Record;
use mcp_lambda_runtime::edge::audit::Audit;
use mcp_lambda_runtime::embedded::buckets::MemoryBuckets;
use mcp_lambda_runtime::gateway::admit::RateLimits;
use mcp_lambda_runtime::port::row::RowId;
use mcp_lambda_runtime::port::{Clock, Registrations};
use mcp_lambda_runtime::principal::Principal;
use mcp_lambda_runtime::protocol::limits::PAGE_SIZE;
use serde_json::{Value, json};

use crate::support::{ALL_CAPABILITIES, Reply, TestGateway, functions, modern, post};

/// Who may not know of the secrets.
const EVE: &str = "arn:aws:sts::123456789012:assumed-role/Visitor/eve";
/// Who may.
const ALICE: &str = "arn:aws:sts::123456789012:assumed-role/Keeper/alice";

fn iam(arn: &str) -> Principal {
    Principal::Iam { arn: arn.to_owned() }
}

/// Registrations that only keepers may use. Their names are before, between and behind the others,
/// and one has a URI that fits a template which everybody may read.
fn secrets() -> Vec<Value> {
    let tool = |name: &str| {
        json!({"type": "tool", "name": name, "description": "Secret.", "tags": ["secret"],
               "lambdaArn": functions::arn("plain"), "inputSchema": {
                   "type": "object", "required": ["region"],
                   "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}})
    };
    vec![
        tool("a-first"),
        tool("plain-secret"),
        tool("zz-last"),
        json!({"type": "resource", "name": "a-note", "description": "Secret.", "tags": ["secret"],
               "uri": "notes://secret", "text": "The secret."}),
        json!({"type": "resource", "name": "covered", "description": "Secret.", "tags": ["secret"],
               "uri": "pages://secret", "text": "The secret."}),
        json!({"type": "resource", "name": "vault", "description": "Secret.", "tags": ["secret"],
               "uriTemplate": "vault://{id}", "lambdaArn": functions::arn("page"),
               "completions": {"id": ["one", "two"]}}),
        json!({"type": "prompt", "name": "confess", "description": "Secret.", "tags": ["secret"],
               "arguments": [{"name": "who", "required": true, "completions": ["Ann"]}],
               "messages": [{"role": "user", "content": {"type": "text", "text": "I, {{who}}"}}]}),
    ]
}

/// Everybody may everything, but what is secret.
fn forbidding() -> Value {
    json!({"statements": [
        {"effect": "permit", "principal": "*", "action": "*", "resource": "*"},
        {"id": "secrets", "effect": "forbid", "principal": {"arn": "arn:aws:*::*:*role/Visitor*"},
         "action": "*", "resource": {"tag": "secret"}},
    ]})
}

/// Visitors may what is named, and nothing else; keepers may everything.
fn permitting() -> Value {
    let named =
        ["echo", "plain", "fail", "ask", "progress", "slow", "mirror", "notes", "page", "greet"];
    json!({"statements": [
        {"effect": "permit", "principal": {"arn": "arn:aws:iam::123456789012:role/Keeper"},
         "action": "*", "resource": "*"},
        {"effect": "permit", "principal": "*", "action": "*", "resource": {"name": named}},
    ]})
}

pub(crate) async fn put(gateway: &TestGateway, path: &str, document: &Value) -> Reply {
    let request =
        Request::put(path).header("host", "127.0.0.1").header("content-type", "application/json");
    let body = Bytes::from(document.to_string());
    gateway.send(request.body(body).expect("a request")).await
}

pub(crate) async fn bare(gateway: &TestGateway, method: &str, path: &str) -> Reply {
    let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1");
    gateway.send(request.body(Bytes::new()).expect("a request")).await
}

/// A gateway with the policy, with the secrets or without them.
async fn world(policy: &Value, with_secrets: bool) -> TestGateway {
    let limits =
        RateLimits { per_tool: Some("5/1m".parse().expect("a rate")), ..RateLimits::default() };
    let buckets = Arc::new(MemoryBuckets::default());
    let mut gateway = TestGateway::new_with(|gateway| gateway.limited(limits, buckets)).await;
    if with_secrets {
        for body in secrets() {
            gateway.register(&body).await;
        }
        let hidden = json!({"offers": [{"tag": "secret"}]});
        assert_eq!(put(&gateway, "/servers/hidden", &hidden).await.status, 201);
    }
    let open = json!({"offers": ["*"]});
    assert_eq!(put(&gateway, "/servers/open", &open).await.status, 201);
    assert_eq!(put(&gateway, "/policies/p", policy).await.status, 201);
    gateway.principal = iam(EVE);
    gateway
}

/// What an attacker tries, each with a label.
fn attempts(session: &str) -> Vec<(String, Request<Bytes>)> {
    let mut all: Vec<(String, Request<Bytes>)> = Vec::new();
    let headers = [("mcp-session-id", session), ("mcp-protocol-version", "2025-11-25")];
    let mut both = |method: &str, params: Value| {
        let label = format!("{method} {params}");
        all.push((format!("modern {label}"), modern(method, &params, ALL_CAPABILITIES)));
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        all.push((format!("legacy {label}"), post("/mcp", &[], &body.to_string())));
        all.push((format!("session {label}"), post("/mcp", &headers, &body.to_string())));
        all.push((format!("server {label}"), post("/s/open/mcp", &[], &body.to_string())));
    };
    for list in ["tools/list", "resources/list", "resources/templates/list", "prompts/list"] {
        both(list, json!({}));
        let mark = match list {
            "tools/list" => "1t:",
            "resources/list" => "1r:",
            "resources/templates/list" => "1u:",
            _ => "1p:",
        };
        for after in ["a-firsr", "a-first", "confess", "vault", "plain-secret", "zz-last", "a-note"]
        {
            both(list, json!({"cursor": cursor(&format!("{mark}{after}"))}));
        }
    }
    for name in ["a-first", "plain-secret", "zz-last", "confess", "A-FIRST", "plain-secre", "vault"]
    {
        for arguments in
            [json!({}), json!({"region": "x"}), json!({"region": 7}), json!({"_mcp": 1})]
        {
            both("tools/call", json!({"name": name, "arguments": arguments}));
            both("prompts/get", json!({"name": name, "arguments": arguments}));
        }
        both("tools/call", json!({"name": name, "requestState": "x", "inputResponses": {"a": {}}}));
        both("prompts/get", json!({"name": name, "arguments": {"who": "me"}}));
        both("completion/complete", complete(json!({"type": "ref/prompt", "name": name}), "who"));
        both("completion/complete", complete(json!({"type": "ref/prompt", "name": name}), "x"));
    }
    for uri in ["notes://secret", "vault://one", "vault://{id}", "pages://secret", "notes://SECRET"]
    {
        both("resources/read", json!({"uri": uri}));
        both("resources/subscribe", json!({"uri": uri}));
        both("resources/unsubscribe", json!({"uri": uri}));
        both("completion/complete", complete(json!({"type": "ref/resource", "uri": uri}), "id"));
        both("completion/complete", complete(json!({"type": "ref/resource", "uri": uri}), "x"));
    }
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a-first"}}"#;
    let old = [("mcp-protocol-version", "2025-03-26")];
    all.push(("batch".to_owned(), post("/mcp", &old, &format!("[{call},{call}]"))));
    for path in [
        "/s/hidden/mcp",
        "/s/hidden/mcp/",
        "/s/hidden/sse",
        "/s/hidden/message?sessionId=x",
        "/s/hidden",
        "/s/hidden/",
        "/s/hidden/health",
        "/s/hidden/register",
        "/s/hidden/mcp?sessionId=x",
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"] {
            let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1");
            let request = request.header("content-type", "application/json");
            let request = request.body(Bytes::from_static(call.as_bytes())).expect("a request");
            all.push((format!("{method} {path}"), request));
        }
        all.push((
            format!("list {path}"),
            post(path, &headers, r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#),
        ));
    }
    all
}

fn complete(reference: Value, argument: &str) -> Value {
    json!({"ref": reference, "argument": {"name": argument, "value": ""}})
}

fn cursor(plain: &str) -> String {
    use std::fmt::Write;
    // The alphabet of base64 for URLs, by hand: what a client sends is only text.
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in plain.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            let _ = write!(text, "{}", char::from(DIGITS[bits >> (18 - 6 * digit) & 63]));
        }
    }
    text
}

/// Everything of an answer but the session's id, which never repeats.
fn told(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let headers = reply.headers.iter().filter(|(name, _)| *name != "mcp-session-id");
    let headers = headers.map(|(n, v)| (n.to_string(), v.to_str().unwrap_or("?").to_owned()));
    (reply.status, headers.collect(), reply.body.clone())
}

#[tokio::test(start_paused = true)]
async fn what_is_hidden_answers_as_what_is_not_there() {
    for policy in [forbidding(), permitting()] {
        let hiding = world(&policy, true).await;
        let empty = world(&policy, false).await;
        let mut sessions = Vec::new();
        for gateway in [&hiding, &empty] {
            sessions.push(gateway.initialize("2025-11-25", "{}").await);
        }
        let pairs = attempts(&sessions[0]).into_iter().zip(attempts(&sessions[1]));
        let mut differences = Vec::new();
        for ((label, one), (_, other)) in pairs {
            let (one, other) = (hiding.send(one).await, empty.send(other).await);
            if told(&one) != told(&other) {
                differences.push(format!("{label}:\n  {:?}\n  {:?}", told(&one), told(&other)));
            }
        }
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}

/// The attempts above are worth something only if there is something to find.
#[tokio::test(start_paused = true)]
async fn keepers_find_what_visitors_do_not() {
    for policy in [forbidding(), permitting()] {
        let mut gateway = world(&policy, true).await;
        gateway.principal = iam(ALICE);
        let listed = gateway.modern("tools/list", &json!({})).await.body;
        assert!(listed.contains("plain-secret") && listed.contains(r#""cacheScope":"private""#));
        for (method, params) in [
            ("resources/read", json!({"uri": "notes://secret"})),
            ("resources/read", json!({"uri": "vault://one"})),
            ("prompts/get", json!({"name": "confess", "arguments": {"who": "me"}})),
            (
                "completion/complete",
                complete(json!({"type": "ref/prompt", "name": "confess"}), "who"),
            ),
        ] {
            gateway.modern(method, &params).await.result();
        }
        let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        assert_eq!(gateway.send(post("/s/hidden/mcp", &[], ping)).await.status, 200);
    }
}

/// A bucket that others have emptied must not tell that there is one.
#[tokio::test(start_paused = true)]
async fn limits_tell_nothing() {
    let mut gateway = world(&forbidding(), true).await;
    let call = json!({"name": "plain-secret", "arguments": {"region": "x"}});
    let header = [("mcp-param-region", "x")];
    let send = async |gateway: &TestGateway| {
        let mut request = modern("tools/call", &call, ALL_CAPABILITIES);
        for (name, value) in header {
            request.headers_mut().insert(name, value.parse().expect("a value"));
        }
        gateway.send(request).await
    };
    let before = send(&gateway).await;
    gateway.principal = iam(ALICE);
    let statuses = [send(&gateway).await.status, send(&gateway).await.status];
    assert_eq!(statuses, [200, 200]);
    for _ in 0..4 {
        send(&gateway).await;
    }
    assert_eq!(send(&gateway).await.status, 429, "the tool's bucket is empty");
    gateway.principal = iam(EVE);
    for _ in 0..20 {
        assert_eq!(told(&send(&gateway).await), told(&before));
    }
    gateway.principal = iam(ALICE);
    assert_eq!(send(&gateway).await.status, 429, "nor do attempts of others take anything from it");
}

#[tokio::test]
async fn pages_are_full_and_their_cursors_name_nothing_hidden() {
    let policy = forbidding();
    let (mut pages, mut names) = (Vec::new(), Vec::new());
    for with_secrets in [true, false] {
        let mut gateway = TestGateway::empty();
        for number in 0..(2 * PAGE_SIZE + 50) {
            let tool = |name: String, tags: Value| {
                json!({"type": "tool", "name": name, "description": "d", "tags": tags,
                       "lambdaArn": functions::arn("plain")})
            };
            gateway.register(&tool(format!("t{number:04}"), json!([]))).await;
            if with_secrets {
                for hidden in 0..3 {
                    let name = format!("t{number:04}-hidden{hidden}");
                    gateway.register(&tool(name, json!(["secret"]))).await;
                }
            }
        }
        put(&gateway, "/policies/p", &policy).await;
        gateway.principal = iam(EVE);
        let (mut bodies, mut cursor) = (Vec::new(), Some(String::new()));
        while let Some(at) = cursor {
            let params = if at.is_empty() { json!({}) } else { json!({"cursor": at}) };
            let reply = gateway.modern("tools/list", &params).await;
            let page = reply.result();
            names.push(page["tools"].as_array().expect("tools").len());
            cursor = page["nextCursor"].as_str().map(str::to_owned);
            bodies.push(reply.body);
        }
        pages.push(bodies);
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(names, [PAGE_SIZE, PAGE_SIZE, 50, PAGE_SIZE, PAGE_SIZE, 50]);
}

/// Lists, completion and calls decide alike, whatever the policy and whoever calls.
#[tokio::test(start_paused = true)]
async fn what_is_listed_may_be_called_and_nothing_else() {
    let everything = json!({"effect": "permit", "principal": "*", "action": "*", "resource": "*"});
    let policies = [
        forbidding(),
        permitting(),
        json!({"statements": [everything, {"effect": "forbid", "principal": "*", "action": "tools/call",
            "resource": {"name": ["p*", "*c*"]}}]}),
        json!({"statements": [{"effect": "permit", "principal": {"account": "123456789012"},
            "action": ["resources/read", "prompts/get"], "resource": "*"}]}),
        json!({"statements": [{"effect": "permit", "principal": {"arn": "arn:aws:iam::123456789012:role/Keeper"},
            "action": "*", "resource": {"tag": "secret"}}]}),
        json!({"statements": [{"effect": "forbid", "principal": "*", "action": "*", "resource": "*"}]}),
    ];
    for policy in policies {
        let mut gateway = world(&policy, true).await;
        for principal in [iam(EVE), iam(ALICE), Principal::Anonymous] {
            gateway.principal = principal;
            check_alike(&gateway, &policy).await;
        }
    }
}

async fn check_alike(gateway: &TestGateway, policy: &Value) {
    let listed = async |method: &str, member: &str, key: &str| -> Vec<String> {
        let result = gateway.modern(method, &json!({})).await.result();
        let entries = result[member].as_array().expect("entries").clone();
        entries.iter().map(|entry| entry[key].as_str().expect("text").to_owned()).collect()
    };
    let tools = listed("tools/list", "tools", "name").await;
    let prompts = listed("prompts/list", "prompts", "name").await;
    let uris = listed("resources/list", "resources", "uri").await;
    let templates = listed("resources/templates/list", "resourceTemplates", "uriTemplate").await;
    let all: Vec<Value> = functions::registrations().into_iter().chain(secrets()).collect();
    for registration in all {
        let name = registration["name"].as_str().expect("a name").to_owned();
        let who = format!("{name} for {:?} with {policy}", gateway.principal);
        let unknown = async |method: &str, params: Value| {
            let reply = gateway.modern(method, &params).await;
            let code = reply.json()["error"]["code"].clone();
            let text = reply.json()["error"]["message"].to_string();
            code == -32602 && (text.contains("unknown") || text.contains("not found"))
        };
        match registration["type"].as_str() {
            Some("tool") => {
                // A value of the wrong type: nothing is called, and only a known tool says so.
                let params = json!({"name": name, "arguments": {"_mcp": 1}});
                assert_eq!(unknown("tools/call", params).await, !tools.contains(&name), "{who}");
            }
            Some("prompt") => {
                let params = json!({"name": name, "arguments": {"who": "me"}});
                assert_eq!(unknown("prompts/get", params).await, !prompts.contains(&name), "{who}");
                let params = complete(json!({"type": "ref/prompt", "name": name}), "who");
                let hidden = unknown("completion/complete", params).await;
                assert_eq!(hidden, !prompts.contains(&name), "{who}");
            }
            _ => match registration["uriTemplate"].as_str() {
                Some(template) => {
                    let params = complete(json!({"type": "ref/resource", "uri": template}), "id");
                    let hidden = unknown("completion/complete", params).await;
                    assert_eq!(hidden, !templates.contains(&template.to_owned()), "{who}");
                    let uri = template.replace("{id}", "other");
                    let hidden = unknown("resources/read", json!({"uri": uri})).await;
                    assert_eq!(hidden, !templates.contains(&template.to_owned()), "{who}");
                }
                None => {
                    let uri = registration["uri"].as_str().expect("a URI").to_owned();
                    // Where a template covers the URI, it answers for it.
                    let covered = uri.starts_with("pages://")
                        && templates.contains(&"pages://{id}".to_owned());
                    let hidden = unknown("resources/read", json!({"uri": uri})).await;
                    assert_eq!(hidden, !uris.contains(&uri) && !covered, "{who}");
                }
            },
        }
    }
}

fn audited(gateway: &TestGateway) -> Value {
    let record: Record = gateway.log.lock().expect("no panic").last().expect("a record").clone();
    serde_json::to_value(Audit::of(&record, false)).expect("JSON")
}

#[tokio::test(start_paused = true)]
async fn the_log_tells_what_the_caller_is_not_told() {
    let gateway = world(&forbidding(), true).await;
    for (method, params) in [
        ("tools/call", json!({"name": "a-first"})),
        ("prompts/get", json!({"name": "confess"})),
        ("resources/read", json!({"uri": "notes://secret"})),
        ("resources/read", json!({"uri": "vault://one"})),
        ("completion/complete", complete(json!({"type": "ref/prompt", "name": "confess"}), "who")),
        (
            "completion/complete",
            complete(json!({"type": "ref/resource", "uri": "vault://{id}"}), "id"),
        ),
    ] {
        gateway.modern(method, &params).await;
        let line = audited(&gateway);
        assert_eq!(
            (&line["decision"], &line["policy.by"]),
            (&json!("denied"), &json!("p/secrets")),
            "{method}"
        );
        assert_eq!((&line["policy.verdict"], &line["caller"]), (&json!("forbidden"), &json!(EVE)));
    }
    gateway.modern("tools/call", &json!({"name": "plain"})).await;
    let line = audited(&gateway);
    assert_eq!((&line["decision"], &line["policy.by"]), (&json!("allowed"), &json!("p/0")));
    gateway.modern("tools/call", &json!({"name": "nothing"})).await;
    let line = audited(&gateway);
    assert_eq!(
        (&line["decision"], line.get("policy.by")),
        (&json!("allowed"), None),
        "no decision"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_only_logged_hides_nothing() {
    let mut policy = forbidding();
    policy["mode"] = json!("log-only");
    let gateway = world(&policy, true).await;
    assert!(gateway.modern("tools/list", &json!({})).await.body.contains("a-first"));
    gateway.modern("resources/read", &json!({"uri": "notes://secret"})).await.result();
    let line = audited(&gateway);
    assert_eq!(
        (&line["decision"], &line["policy.verdict"]),
        (&json!("allowed"), &json!("no-policy"))
    );
    assert_eq!(line["policy.log_only.verdict"], "forbidden");
    assert_eq!(line["policy.log_only.by"], "p/secrets");
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_cannot_be_understood_hides_everything_until_it_is_repaired() {
    let gateway = TestGateway::new().await;
    let broken = RowId::parse("policy-old").expect("a key");
    let row = vec![(broken, r#"{"statements":[{"effect":"allow"}]}"#.to_owned())];
    gateway.store.create(row, gateway.clock.now()).await.expect("stored");
    for method in ["tools/list", "resources/list", "resources/templates/list", "prompts/list"] {
        let listed = gateway.modern(method, &json!({})).await.body;
        assert!(listed.contains("[]") && !listed.contains("description"), "{listed}");
    }
    let called = gateway.modern("tools/call", &json!({"name": "plain"})).await;
    assert_eq!(called.json()["error"]["message"], "unknown tool: plain");
    assert_eq!(audited(&gateway)["policy.verdict"], "broken-policy");
    let shown = bare(&gateway, "GET", "/policies/old").await.json();
    assert_eq!(shown["status"], "broken");
    assert!(shown["problem"].as_str().expect("text").contains("/statements/0"), "{shown}");
    let listed = bare(&gateway, "GET", "/policies").await.json();
    assert_eq!(listed["policies"][0]["status"], "broken");

    assert_eq!(put(&gateway, "/policies/old", &forbidding()).await.status, 200);
    gateway.modern("tools/call", &json!({"name": "plain"})).await.result();
    assert_eq!(bare(&gateway, "DELETE", "/policies/old").await.status, 204);
    gateway.modern("tools/call", &json!({"name": "plain"})).await.result();
}

/// Registrations and policies share a table, but not a list.
#[tokio::test]
async fn lists_of_administrators_are_apart() {
    let gateway = world(&forbidding(), true).await;
    let registrations = bare(&gateway, "GET", "/register").await;
    assert_eq!(registrations.json()["registrations"].as_array().expect("all").len(), 17);
    for path in ["/register/policy-p", "/register/virtual-open", "/register/policy-p/status"] {
        assert_eq!(bare(&gateway, "GET", path).await.status, 404, "{path}");
        assert_eq!(
            bare(&gateway, "DELETE", path).await.status % 100,
            if path.ends_with('s') { 5 } else { 4 }
        );
    }
    let policies = bare(&gateway, "GET", "/policies").await.json();
    assert_eq!(policies["policies"].as_array().expect("all").len(), 1);
    let servers = bare(&gateway, "GET", "/servers").await.json();
    assert_eq!(servers["servers"].as_array().expect("all").len(), 2);
}
