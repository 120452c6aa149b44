//! Doors over HTTP: who is let in, what he is told who is not, and what a tool learns of its caller.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use http::Request;
use mcp_lambda_runtime::door::{LEEWAY, OAuthSettings, ScopeRules};
use mcp_lambda_runtime::port::StoreError;
use mcp_lambda_runtime::port::doors::{BearerToken, LiveTokens, Tokens};
use serde_json::{Value, json};

use crate::support::issuer::{ISSUER, Issuer, Key, NOW, RESOURCE, settings};
use crate::support::{Reply, TestGateway, post};

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

/// Tokens in memory, which tests change.
pub(crate) struct Kept(Mutex<Option<LiveTokens>>);

impl Kept {
    pub(crate) fn new(current: &str, previous: Option<&str>) -> Arc<Self> {
        let kept = Self(Mutex::new(None));
        kept.set(current, previous);
        Arc::new(kept)
    }

    pub(crate) fn set(&self, current: &str, previous: Option<&str>) {
        let token = |text: &str| BearerToken::parse(text).expect("a token");
        let live = LiveTokens { current: token(current), previous: previous.map(token) };
        *self.0.lock().expect("no panic") = Some(live);
    }

    pub(crate) fn lose(&self) {
        *self.0.lock().expect("no panic") = None;
    }
}

#[async_trait]
impl Tokens for Kept {
    async fn load(&self) -> Result<LiveTokens, StoreError> {
        let kept = self.0.lock().expect("no panic").clone();
        kept.ok_or_else(|| StoreError::Unavailable("the store has a fault".to_owned()))
    }

    async fn save(&self, tokens: &LiveTokens) -> Result<(), StoreError> {
        *self.0.lock().expect("no panic") = Some(tokens.clone());
        Ok(())
    }
}

/// Posts a ping with a token.
pub(crate) async fn ping(gateway: &TestGateway, token: &str) -> Reply {
    gateway.post(&[("authorization", &format!("Bearer {token}"))], PING).await
}

async fn get(gateway: &TestGateway, path: &str) -> Reply {
    let request = Request::get(path).header("host", "127.0.0.1");
    gateway.send(request.body(bytes::Bytes::new()).expect("a request")).await
}

pub(crate) async fn oauth(settings: OAuthSettings) -> (TestGateway, Arc<Issuer>) {
    let issuer = Issuer::new(Key::p256());
    (TestGateway::new().await.behind_oauth(settings, &issuer), issuer)
}

const CURRENT: &str = "current-token-of-the-stack-0123456789";
const PREVIOUS: &str = "previous-token-of-the-stack-012345678";

#[tokio::test]
async fn bearers_have_one_of_two_tokens() {
    let gateway = TestGateway::new().await.behind_bearer(Kept::new(CURRENT, Some(PREVIOUS)));
    for token in [CURRENT, PREVIOUS] {
        assert_eq!(ping(&gateway, token).await.status, 200);
    }
    let without = gateway.post(&[], PING).await;
    assert_eq!(without.status, 401);
    assert_eq!(without.header("www-authenticate"), Some(r#"Bearer realm="mcp-lambda""#));
    assert_eq!(without.header("content-type"), Some("application/problem+json"));
    let wrong = ping(&gateway, "wrong").await;
    assert_eq!(wrong.status, 401);
    let challenge = wrong.header("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with(r#"Bearer error="invalid_token""#), "{challenge}");
    // Clients that find metadata would go to an authorization server, which there is not.
    assert_eq!(get(&gateway, "/.well-known/oauth-protected-resource").await.status, 404);
    assert_eq!(get(&gateway, "/health").await.status, 200);
}

#[tokio::test]
async fn a_rotation_changes_nobodys_identity() {
    let kept = Kept::new(PREVIOUS, None);
    let gateway = TestGateway::new().await.behind_bearer(kept.clone());
    let bearer = |token: &str| format!("Bearer {token}");
    let begin = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let begun = gateway.post(&[("authorization", &bearer(PREVIOUS))], begin).await;
    let session = begun.header("mcp-session-id").expect("a session").to_owned();
    kept.set(CURRENT, Some(PREVIOUS));
    gateway.clock.advance(Duration::from_secs(6));
    for token in [CURRENT, PREVIOUS] {
        let headers = [("authorization", bearer(token)), ("mcp-session-id", session.clone())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(gateway.post(&headers, PING).await.status, 200, "{token}");
    }
    // What was revoked is refused within a minute.
    kept.set(CURRENT, None);
    gateway.clock.advance(Duration::from_secs(60));
    assert_eq!(ping(&gateway, PREVIOUS).await.status, 401);
    assert_eq!(ping(&gateway, CURRENT).await.status, 200);
}

#[tokio::test]
async fn a_door_that_cannot_judge_lets_nobody_in() {
    let kept = Kept::new(CURRENT, None);
    kept.lose();
    let gateway = TestGateway::new().await.behind_bearer(kept);
    let reply = ping(&gateway, CURRENT).await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("2")));
    assert!(!reply.body.contains("fault"), "{}", reply.body);
    let log = gateway.log.lock().expect("no panic");
    let cause = log.last().and_then(|record| record.cause.clone()).expect("a cause");
    assert!(cause.contains("the store has a fault"), "{cause}");
}

#[tokio::test]
async fn tokens_of_the_issuer_are_taken() {
    for key in [Key::p256(), Key::ed25519()] {
        let issuer = Issuer::new(key);
        let gateway = TestGateway::new().await.behind_oauth(settings(), &issuer);
        assert_eq!(issuer.fetched(), 0, "nothing is fetched before it is needed");
        for _ in 0..3 {
            let reply = ping(&gateway, &issuer.token(&json!({}))).await;
            assert_eq!(reply.status, 200, "{}", reply.body);
        }
        assert_eq!(issuer.fetched(), 2, "metadata and keys, once");
    }
}

#[tokio::test]
async fn nobody_comes_in_without_a_token() {
    let (gateway, issuer) = oauth(settings()).await;
    for path in ["/mcp", "/", "/mcp/", "/message?sessionId=x", "/register"] {
        let reply = gateway.send(post(path, &[], PING)).await;
        assert_eq!(reply.status, 401, "{path}");
        assert_eq!(
            reply.header("www-authenticate"),
            Some(
                r#"Bearer resource_metadata="http://127.0.0.1/.well-known/oauth-protected-resource/mcp", scope="mcp:tools""#
            ),
            "{path}"
        );
    }
    let sse = get(&gateway, "/sse").await;
    let challenge = sse.header("www-authenticate").expect("a challenge");
    assert!(
        sse.status == 401 && challenge.contains("/oauth-protected-resource/sse"),
        "{challenge}"
    );
    assert_eq!(get(&gateway, "/health").await.status, 200);
    assert_eq!(get(&gateway, "/elsewhere").await.status, 404);
    assert_eq!(get(&gateway, "/.well-known/oauth-authorization-server").await.status, 404);
    assert_eq!(issuer.fetched(), 0);
}

#[tokio::test]
async fn metadata_is_at_the_path_and_at_the_root() {
    let rules = ScopeRules::parse("tools/echo=echo:call").expect("rules");
    let (gateway, _) = oauth(OAuthSettings { rules, ..settings() }).await;
    let expected = |resource: &str| {
        json!({
            "resource": resource,
            "authorization_servers": [ISSUER],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["echo:call", "mcp:tools"]
        })
    };
    let root = "/.well-known/oauth-protected-resource";
    for (path, resource) in [("", RESOURCE), ("/mcp", RESOURCE), ("/sse", "http://127.0.0.1/sse")] {
        let reply = get(&gateway, &format!("{root}{path}")).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.json(), expected(resource));
    }
    assert_eq!(get(&gateway, &format!("{root}/other")).await.status, 404);
    assert_eq!(gateway.send(post(&format!("{root}/mcp"), &[], "{}")).await.status, 405);
    // For a page of an allowed origin.
    let request = Request::get(format!("{root}/mcp"))
        .header("host", "127.0.0.1")
        .header("origin", "http://localhost:6274");
    let reply = gateway.send(request.body(bytes::Bytes::new()).expect("a request")).await;
    assert_eq!(reply.header("access-control-allow-origin"), Some("http://localhost:6274"));
    let exposed = reply.header("access-control-expose-headers").expect("a list");
    assert!(exposed.contains("www-authenticate"), "{exposed}");
}

#[tokio::test]
async fn a_preflight_needs_no_token() {
    let (gateway, _) = oauth(settings()).await;
    let request = Request::options("/mcp")
        .header("host", "127.0.0.1")
        .header("origin", "http://localhost:6274")
        .header("access-control-request-headers", "authorization");
    let reply = gateway.send(request.body(bytes::Bytes::new()).expect("a request")).await;
    assert_eq!(reply.status, 204);
    let allowed = reply.header("access-control-allow-headers").expect("a list");
    assert!(allowed.contains("authorization"), "{allowed}");
}

fn call(tool: &str) -> String {
    json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": tool, "arguments": { "text": "hello" } }
    })
    .to_string()
}

#[tokio::test]
async fn scopes_are_asked_for_all_at_once() {
    let rules = ScopeRules::parse("tools/echo=echo:call prompts/*=p").expect("rules");
    let (gateway, issuer) = oauth(OAuthSettings { rules, ..settings() }).await;
    let ask = async |scopes: &str, body: &str| {
        let token = issuer.token(&json!({ "scope": scopes }));
        gateway.post(&[("authorization", &format!("Bearer {token}"))], body).await
    };
    let echo = call("echo");
    let few = ask("mcp:tools", &echo).await;
    assert_eq!(few.status, 403, "{}", few.body);
    let challenge = few.header("www-authenticate").expect("a challenge");
    assert!(challenge.contains(r#"error="insufficient_scope""#), "{challenge}");
    assert!(challenge.contains(r#"scope="echo:call mcp:tools""#), "{challenge}");
    assert!(challenge.contains("resource_metadata="), "{challenge}");
    assert!(gateway.functions.calls().is_empty());
    let enough = ask("echo:call mcp:tools", &echo).await;
    assert_eq!(enough.status, 200, "{}", enough.body);
    // The door's own scope goes first, whatever is called.
    let other = ask("echo:call", PING).await;
    assert!(other.status == 403 && !other.body.contains("echo:call"), "{}", other.body);
    assert_eq!(ask("mcp:tools", PING).await.status, 200);
    // One element of a batch is enough.
    let batch = format!("[{PING},{echo}]");
    let token = issuer.token(&json!({}));
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("mcp-protocol-version", "2025-03-26")];
    assert_eq!(gateway.post(&headers, &batch).await.status, 403);
}

#[tokio::test]
async fn administrators_need_a_scope() {
    let (gateway, issuer) = oauth(settings()).await;
    let list = async |gateway: &TestGateway, scopes: &str| {
        let token = issuer.token(&json!({ "scope": scopes }));
        let request = Request::get("/register")
            .header("host", "127.0.0.1")
            .header("authorization", format!("Bearer {token}"));
        gateway.send(request.body(bytes::Bytes::new()).expect("a request")).await
    };
    let refused = list(&gateway, "mcp:tools").await;
    let challenge = refused.header("www-authenticate").expect("a challenge");
    assert!(refused.status == 403 && challenge.contains(r#"scope="mcp:admin mcp:tools""#));
    assert_eq!(list(&gateway, "mcp:tools mcp:admin").await.status, 200);
    let gateway = gateway.behind_oauth(OAuthSettings { admin: None, ..settings() }, &issuer);
    assert_eq!(list(&gateway, "mcp:tools mcp:admin").await.status, 403);
}

#[tokio::test]
async fn a_tool_learns_who_calls_and_never_the_token() {
    let (gateway, issuer) = oauth(settings()).await;
    let token = issuer.token(&json!({
        "scope": "mcp:tools b a", "department": ["tools", "é"], "secret": "not let through"
    }));
    let bearer = format!("Bearer {token}");
    assert_eq!(gateway.post(&[("authorization", &bearer)], &call("echo")).await.status, 200);
    let calls = gateway.functions.calls();
    let context: Value =
        serde_json::from_str(calls[0].client_context.as_deref().expect("a context")).expect("JSON");
    let custom = &context["custom"];
    for (name, value) in [
        ("mcpCallerType", "oauth"),
        ("mcpCaller", "alice"),
        ("mcpCallerIssuer", ISSUER),
        ("mcpCallerClient", "client-1"),
        ("mcpCallerScopes", "a b mcp:tools"),
        ("mcpCallerClaim.department", r#"["tools","é"]"#),
    ] {
        assert_eq!(custom[name], value, "{name}");
    }
    assert!(custom.as_object().expect("an object").values().all(Value::is_string));
    let whole = format!("{calls:?}{:?}", gateway.log.lock().expect("no panic"));
    assert!(!whole.contains(&token) && !whole.contains("not let through"));
}

#[tokio::test]
async fn what_does_not_fit_into_the_context_is_left_out() {
    let (gateway, issuer) = oauth(settings()).await;
    let many = |count: usize| {
        let scopes: Vec<String> = (0..count).map(|number| format!("scope-{number:03}")).collect();
        format!("mcp:tools {}", scopes.join(" "))
    };
    for (scopes, there) in [(many(100), true), (many(250), false)] {
        let bearer = format!("Bearer {}", issuer.token(&json!({ "scope": scopes })));
        let reply = gateway.post(&[("authorization", &bearer)], &call("echo")).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let calls = gateway.functions.calls();
        let context = calls[0].client_context.as_deref().expect("a context");
        assert_eq!(context.contains("mcpCallerScopes"), there);
        assert!(context.contains(r#""mcpCaller":"alice""#) && context.contains("mcpDeadlineMs"));
    }
}

#[tokio::test]
async fn a_token_is_good_until_it_expires() {
    let (gateway, issuer) = oauth(settings()).await;
    let token = issuer.token(&json!({ "exp": NOW + 100 }));
    gateway.clock.advance(Duration::from_secs(100) + LEEWAY - Duration::from_millis(1));
    assert_eq!(ping(&gateway, &token).await.status, 200);
    gateway.clock.advance(Duration::from_millis(1));
    let late = ping(&gateway, &token).await;
    assert_eq!(late.status, 401);
    assert!(late.body.contains("the token has expired"), "{}", late.body);
    let early = |seconds: u64| issuer.token(&json!({ "nbf": NOW + seconds, "exp": NOW + 9_000 }));
    let now = 100 + 2 * LEEWAY.as_secs();
    assert_eq!(ping(&gateway, &early(now)).await.status, 200);
    assert_eq!(ping(&gateway, &early(now + 1)).await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_token() {
    let (gateway, issuer) = oauth(settings()).await;
    let token = issuer.token(&json!({ "exp": NOW + 60 }));
    let request = Request::get("/sse")
        .header("host", "127.0.0.1")
        .header("accept", "text/event-stream")
        .header("authorization", format!("Bearer {token}"));
    let start = tokio::time::Instant::now();
    let reply = gateway.send(request.body(bytes::Bytes::new()).expect("a request")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(start.elapsed(), Duration::from_secs(60) + LEEWAY);
}

#[tokio::test]
async fn audiences_are_the_deployments_choice() {
    let set = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let named = OAuthSettings { audiences: set(&["a", "b"]), ..settings() };
    let clients = OAuthSettings { clients: set(&["client-1"]), ..settings() };
    let cognito = json!({ "aud": null, "token_use": "access" });
    for (settings, changes, status) in [
        (settings(), json!({}), 200),
        (settings(), json!({ "aud": "http://127.0.0.1/sse" }), 200),
        (settings(), json!({ "aud": ["other", RESOURCE] }), 200),
        (settings(), json!({ "aud": "a" }), 401),
        (settings(), json!({ "aud": [] }), 401),
        (settings(), cognito.clone(), 401),
        (named.clone(), json!({ "aud": "b" }), 200),
        (named.clone(), json!({ "aud": ["x", "a"] }), 200),
        // Who names audiences means these, and not the server's own URL.
        (named, json!({}), 401),
        (clients.clone(), json!({}), 200),
        (clients.clone(), json!({ "client_id": "client-2" }), 401),
        (clients.clone(), json!({ "client_id": null, "azp": "client-1" }), 200),
        (clients.clone(), json!({ "client_id": null }), 401),
        (clients.clone(), cognito, 200),
        (clients.clone(), json!({ "aud": null }), 401),
        (clients.clone(), json!({ "aud": null, "token_use": "id" }), 401),
        (clients, json!({ "aud": "a", "token_use": "access" }), 401),
    ] {
        let (gateway, issuer) = oauth(settings).await;
        let reply = ping(&gateway, &issuer.token(&changes)).await;
        assert_eq!(reply.status, status, "{changes}: {}", reply.body);
    }
}

#[tokio::test]
async fn new_keys_are_found_and_old_ones_kept_while_nobody_answers() {
    let (gateway, issuer) = oauth(settings()).await;
    assert_eq!(ping(&gateway, &issuer.token(&json!({}))).await.status, 200);
    let second = Key::p256();
    issuer.published.lock().expect("no panic").push(second.public("second"));
    let header = json!({ "alg": "ES256", "kid": "second" });
    let of_second = |seconds: u64| {
        second.token(&header, &crate::support::issuer::claims(&json!({ "exp": NOW + seconds })))
    };
    gateway.clock.advance(Duration::from_secs(30));
    assert_eq!(ping(&gateway, &of_second(600)).await.status, 200);
    assert_eq!(issuer.fetched(), 4);
    *issuer.broken.lock().expect("no panic") = true;
    gateway.clock.advance(Duration::from_secs(5 * 3_600));
    assert_eq!(ping(&gateway, &of_second(90_000)).await.status, 200);
    gateway.clock.advance(Duration::from_secs(3_600));
    assert_eq!(ping(&gateway, &of_second(90_000)).await.status, 503);
}
