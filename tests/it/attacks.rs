//! Attacks on the doors, each as an attacker would send it. `docs/security.md` names these tests.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use http::Request;
use mcp_lambda_runtime::door::{MAX_TOKEN_BYTES, OAuthSettings, ScopeRules};
use mcp_lambda_runtime::principal::Principal;
use ring::hmac;
use serde_json::{Value, json};

use crate::doors::{Kept, oauth, ping};
use crate::support::issuer::{ISSUER, Issuer, Key, NOW, RESOURCE, base64, claims, settings};
use crate::support::{TestGateway, post};

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
const TOKEN: &str = "the-token-of-the-stack-0123456789-abcdef";

async fn is_refused(gateway: &TestGateway, token: &str, what: &str) {
    let reply = ping(gateway, token).await;
    assert_eq!(reply.status, 401, "{what}: {}", reply.body);
    let challenge = reply.header("www-authenticate").expect("a challenge");
    assert!(challenge.contains("invalid_token") || token.is_empty(), "{what}: {challenge}");
    assert!(token.is_empty() || !reply.body.contains(token), "{what}: it repeats the token");
}

/// A code with the issuer's public key as the secret, which is no secret.
#[tokio::test]
async fn algorithm_confusion() {
    let (gateway, issuer) = oauth(settings()).await;
    let public = issuer.key.public("first");
    let secrets = [
        public.to_string().into_bytes(),
        public["x"].as_str().expect("a text").as_bytes().to_vec(),
        Vec::new(),
    ];
    for secret in &secrets {
        for alg in ["HS256", "ES256", "RS256", "none"] {
            let header = json!({ "alg": alg, "kid": "first" });
            let text = format!(
                "{}.{}",
                base64(header.to_string()),
                base64(claims(&json!({})).to_string())
            );
            let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes());
            let token = format!("{text}.{}", base64(code.as_ref()));
            is_refused(&gateway, &token, alg).await;
        }
    }
    // A right signature under a header that says something else.
    let good = issuer.token(&json!({}));
    let (_, rest) = good.split_once('.').expect("dots");
    for alg in ["EdDSA", "RS256", "PS256", "none", "es256"] {
        let header = base64(json!({ "alg": alg, "kid": "first" }).to_string());
        is_refused(&gateway, &format!("{header}.{rest}"), alg).await;
    }
    // No signature at all.
    let (head, _) = good.rsplit_once('.').expect("dots");
    is_refused(&gateway, &format!("{head}."), "no signature").await;
    is_refused(&gateway, head, "two parts").await;
    let none = base64(r#"{"alg":"none"}"#);
    is_refused(&gateway, &format!("{none}.{}.", base64(claims(&json!({})).to_string())), "none")
        .await;
}

/// A header that brings its own key, or says where one is.
#[tokio::test]
async fn a_key_of_the_attackers() {
    let (gateway, issuer) = oauth(settings()).await;
    let own = Key::p256();
    for header in [
        json!({ "alg": "ES256", "kid": "first" }),
        json!({ "alg": "ES256", "kid": "first", "jwk": own.public("first") }),
        json!({ "alg": "ES256", "kid": "evil", "jku": "https://evil.example/keys" }),
        json!({ "alg": "ES256", "kid": "first", "x5u": "https://evil.example/cert", "x5c": ["AA"] }),
        json!({ "alg": "ES256", "kid": "../first" }),
        json!({ "alg": "ES256", "kid": "https://evil.example/keys#first" }),
        json!({ "alg": "ES256", "kid": "first' OR '1'='1" }),
        json!({ "alg": "ES256" }),
    ] {
        is_refused(&gateway, &own.token(&header, &claims(&json!({}))), &header.to_string()).await;
    }
    assert_eq!(issuer.fetched(), 2, "nothing that a token names is fetched");
}

#[tokio::test]
async fn a_token_that_was_changed() {
    let (gateway, issuer) = oauth(settings()).await;
    let good = issuer.token(&json!({}));
    assert_eq!(ping(&gateway, &good).await.status, 200);
    let parts: Vec<&str> = good.split('.').collect();
    let admin = base64(claims(&json!({ "sub": "admin" })).to_string());
    is_refused(&gateway, &format!("{}.{admin}.{}", parts[0], parts[2]), "another subject").await;
    for at in (0..good.len()).step_by(7) {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("ASCII");
        is_refused(&gateway, &changed, &format!("byte {at}")).await;
    }
}

#[tokio::test]
async fn expired_foreign_and_misused_tokens() {
    let (gateway, issuer) = oauth(settings()).await;
    for changes in [
        json!({ "exp": NOW - 31 }),
        json!({ "exp": 0 }),
        json!({ "exp": -1 }),
        json!({ "exp": 1e300 }),
        json!({ "exp": null }),
        json!({ "exp": "never" }),
        json!({ "nbf": NOW + 3_600 }),
        json!({ "iss": "https://evil.example" }),
        json!({ "iss": format!("{ISSUER}/") }),
        json!({ "iss": format!("{ISSUER}.evil.example") }),
        json!({ "iss": ISSUER.to_uppercase() }),
        json!({ "iss": null }),
        json!({ "iss": [ISSUER] }),
        json!({ "aud": "https://other.example/mcp" }),
        json!({ "aud": format!("{RESOURCE}/other") }),
        json!({ "aud": "http://127.0.0.1" }),
        json!({ "aud": "http://127.0.0.1.evil.example/mcp" }),
        json!({ "aud": null }),
        json!({ "aud": "*" }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": "x".repeat(256) }),
        json!({ "token_use": "id" }),
        json!({ "token_use": "refresh" }),
    ] {
        is_refused(&gateway, &issuer.token(&changes), &changes.to_string()).await;
    }
    for typ in ["logout+jwt", "dpop+jwt", "secevent+jwt", "id+jwt"] {
        let header = json!({ "alg": "ES256", "kid": "first", "typ": typ });
        is_refused(&gateway, &issuer.key.token(&header, &claims(&json!({}))), typ).await;
    }
}

/// A token for another server of the same issuer is replayed here, with whatever the request itself
/// can say about where it came to.
#[tokio::test]
async fn a_token_for_another_server_is_replayed() {
    let (gateway, issuer) = oauth(settings()).await;
    let token = issuer.token(&json!({ "aud": "http://localhost/mcp" }));
    let bearer = format!("Bearer {token}");
    for (name, value) in [
        ("x-forwarded-host", "localhost"),
        ("forwarded", "host=localhost"),
        ("x-forwarded-proto", "https"),
        ("x-original-url", "http://localhost/mcp"),
    ] {
        let headers = [("authorization", bearer.as_str()), (name, value)];
        assert_eq!(gateway.post(&headers, PING).await.status, 401, "{name}");
    }
    let mut request = post("/mcp", &[("authorization", &bearer)], PING);
    request.headers_mut().insert("host", "localhost".parse().expect("a value"));
    assert_eq!(gateway.send(request).await.status, 401, "Host");
    // The metadata does not say what Host says either.
    let request = Request::get("/.well-known/oauth-protected-resource").header("host", "localhost");
    let reply = gateway.send(request.body(bytes::Bytes::new()).expect("a request")).await;
    assert_eq!(reply.json()["resource"], RESOURCE);
}

/// Tokens with made-up keys make the gateway ask for keys, but not often.
#[tokio::test]
async fn flooding_the_issuer() {
    let (gateway, issuer) = oauth(settings()).await;
    let own = Key::p256();
    for number in 0..2_000 {
        let header = json!({ "alg": "ES256", "kid": format!("made-up-{number}") });
        is_refused(&gateway, &own.token(&header, &claims(&json!({}))), "a flood").await;
        gateway.clock.advance(Duration::from_millis(30));
    }
    // Within a minute: at the start, and after thirty seconds.
    assert!(issuer.fetched() <= 2 * 3, "{} documents", issuer.fetched());
    assert_eq!(ping(&gateway, &issuer.token(&json!({}))).await.status, 200);
}

#[tokio::test]
async fn an_issuer_that_is_down_is_not_flooded_either() {
    let (gateway, issuer) = oauth(settings()).await;
    *issuer.broken.lock().expect("no panic") = true;
    for _ in 0..500 {
        assert_eq!(ping(&gateway, &issuer.token(&json!({}))).await.status, 503);
        gateway.clock.advance(Duration::from_millis(10));
    }
    // Every two seconds, for five.
    assert!(issuer.fetched() <= 3, "{} documents", issuer.fetched());
    *issuer.broken.lock().expect("no panic") = false;
    gateway.clock.advance(Duration::from_secs(2));
    assert_eq!(ping(&gateway, &issuer.token(&json!({}))).await.status, 200);
}

/// An identity in a header, in a query, or in two headers of one name.
#[tokio::test]
async fn header_smuggling() {
    let (gateway, issuer) = oauth(settings()).await;
    let good = issuer.token(&json!({}));
    let bearer = format!("Bearer {good}");
    for name in [
        "x-amzn-oidc-data",
        "x-amzn-oidc-identity",
        "x-forwarded-user",
        "x-forwarded-access-token",
        "x-amz-security-token",
        "proxy-authorization",
        "cookie",
        "authorization-x",
    ] {
        assert_eq!(gateway.post(&[(name, bearer.as_str())], PING).await.status, 401, "{name}");
    }
    let query = post(&format!("/mcp?access_token={good}"), &[], PING);
    assert_eq!(gateway.send(query).await.status, 401);
    let body = format!("access_token={good}");
    assert_eq!(gateway.post(&[], &body).await.status, 401);
    for twice in [
        [("authorization", bearer.as_str()), ("authorization", bearer.as_str())],
        [("authorization", "Bearer x"), ("authorization", bearer.as_str())],
        [("authorization", bearer.as_str()), ("authorization", "Basic eDp4")],
    ] {
        assert_eq!(gateway.post(&twice, PING).await.status, 400);
    }
    for value in [
        format!("Basic {good}"),
        good.clone(),
        format!("Bearer{good}"),
        format!("Bearer  {good}, Bearer x"),
        format!("Bearer {good} x"),
        format!("Token {good}"),
    ] {
        let reply = gateway.post(&[("authorization", &value)], PING).await;
        assert!(matches!(reply.status, 400 | 401), "{value}: {}", reply.status);
    }
    let long = "x".repeat(MAX_TOKEN_BYTES + 1);
    is_refused(&gateway, &long, "a long one").await;
}

/// Whoever stands before the gateway says who calls; behind a door nobody can.
#[tokio::test]
async fn a_caller_who_is_named_from_outside_still_needs_the_door() {
    let (mut gateway, issuer) = oauth(settings()).await;
    for principal in [
        Principal::Iam { arn: "arn:aws:iam::123456789012:user/alice".to_owned() },
        Principal::DirectInvoke,
        Principal::Bearer { name: "stack".to_owned() },
    ] {
        gateway.principal = principal;
        assert_eq!(gateway.post(&[], PING).await.status, 401);
        assert_eq!(ping(&gateway, &issuer.token(&json!({}))).await.status, 200);
        let log = gateway.log.lock().expect("no panic");
        let details = log.last().and_then(|record| record.details.clone()).expect("details");
        assert_eq!((details.principal.kind(), details.principal.name()), ("oauth", "alice"));
    }
}

async fn begin(gateway: &TestGateway, token: &str) -> String {
    let body = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let bearer = format!("Bearer {token}");
    let reply = gateway.post(&[("authorization", &bearer)], body).await;
    reply.header("mcp-session-id").expect("a session").to_owned()
}

async fn with_session(gateway: &TestGateway, token: &str, session: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("mcp-session-id", session)];
    gateway.post(&headers, PING).await.status
}

#[tokio::test]
async fn a_session_of_another_principal() {
    let (gateway, issuer) = oauth(settings()).await;
    let alice = issuer.token(&json!({}));
    let session = begin(&gateway, &alice).await;
    assert_eq!(with_session(&gateway, &alice, &session).await, 200);
    // The same person with another client, or with other scopes.
    let again = issuer.token(&json!({ "client_id": "client-2", "scope": "mcp:tools more" }));
    assert_eq!(with_session(&gateway, &again, &session).await, 200);
    for changes in [json!({ "sub": "bob" }), json!({ "sub": "alice " }), json!({ "sub": "Alice" })]
    {
        let other = issuer.token(&changes);
        assert_eq!(with_session(&gateway, &other, &session).await, 404, "{changes}");
        let bearer = format!("Bearer {other}");
        let end = Request::delete("/mcp")
            .header("host", "127.0.0.1")
            .header("authorization", bearer)
            .header("mcp-session-id", &session);
        let reply = gateway.send(end.body(bytes::Bytes::new()).expect("a request")).await;
        assert_eq!(reply.status, 404, "{changes}");
    }
    assert_eq!(with_session(&gateway, &alice, &session).await, 200, "nobody has ended it");
    // A session is no proof of anything by itself.
    assert_eq!(gateway.post(&[("mcp-session-id", &session)], PING).await.status, 401);
    // The same gateway behind another door: the same name is another caller.
    let gateway = gateway.behind_bearer(Kept::new(TOKEN, None));
    assert_eq!(with_session(&gateway, TOKEN, &session).await, 404);
}

/// An id that the attacker has chosen, or that is his own, is given to a victim.
#[tokio::test]
async fn session_fixation() {
    let (gateway, issuer) = oauth(settings()).await;
    let (alice, eve) = (issuer.token(&json!({})), issuer.token(&json!({ "sub": "eve" })));
    let planted = begin(&gateway, &eve).await;
    assert_eq!(with_session(&gateway, &alice, &planted).await, 404);
    for chosen in ["chosen", "00000000-0000-4000-8000-000000000000", &"A".repeat(planted.len())] {
        assert_eq!(with_session(&gateway, &alice, chosen).await, 404, "{chosen}");
    }
    // Beginning with a planted id gives another one.
    let body = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let bearer = format!("Bearer {alice}");
    let headers = [("authorization", bearer.as_str()), ("mcp-session-id", planted.as_str())];
    let reply = gateway.post(&headers, body).await;
    assert_ne!(reply.header("mcp-session-id"), Some(planted.as_str()));
}

#[tokio::test]
async fn an_event_stream_of_another_principal() {
    let (gateway, issuer) = oauth(settings()).await;
    let (alice, eve) = (issuer.token(&json!({})), issuer.token(&json!({ "sub": "eve" })));
    let open = Request::get("/sse")
        .header("host", "127.0.0.1")
        .header("accept", "text/event-stream")
        .header("authorization", format!("Bearer {alice}"));
    let response = gateway.open(open.body(bytes::Bytes::new()).expect("a request")).await;
    let mut body = response.into_body();
    let first = crate::support::next_piece(&mut body).await.expect("an endpoint");
    let path =
        first.lines().find_map(|line| line.strip_prefix("data: ")).expect("a path").to_owned();
    let send = async |token: &str| {
        let bearer = format!("Bearer {token}");
        gateway.send(post(&path, &[("authorization", &bearer)], PING)).await.status
    };
    assert_eq!((send(&eve).await, send(&alice).await), (404, 202));
    assert_eq!(gateway.send(post(&path, &[], PING)).await.status, 401);
}

/// Calls that need a scope, written in ways that a check might overlook.
#[tokio::test]
async fn a_scope_is_evaded() {
    let rules = ScopeRules::parse("tools/echo=echo:call").expect("rules");
    let (gateway, issuer) = oauth(OAuthSettings { rules, ..settings() }).await;
    let bearer = format!("Bearer {}", issuer.token(&json!({})));
    let params = r#""params":{"name":"echo","arguments":{"text":"x"}}"#;
    for body in [
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call",{params}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools\/call",{params}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":1,"\u006dethod":"tools/call",{params}}}"#),
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\u0065cho"}}"#
            .to_owned(),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call",{params}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping",{params}}}"#),
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","name":"echo"}}"#
            .to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"x"}}"#
            .to_owned(),
        format!(r#"[{{"jsonrpc":"2.0","id":1,"method":"tools/call",{params}}}]"#),
    ] {
        for path in ["/mcp", "/", "/mcp/"] {
            let reply = gateway.send(post(path, &[("authorization", &bearer)], &body)).await;
            let called = !gateway.functions.calls().is_empty();
            assert!(!called && matches!(reply.status, 400 | 403 | 200), "{body}: {}", reply.body);
        }
    }
    // The name in a header is not what counts.
    let params = json!({ "name": "echo", "arguments": { "text": "x" } });
    let mut request = crate::support::modern("tools/call", &params, "{}");
    request.headers_mut().insert("authorization", bearer.parse().expect("a value"));
    request.headers_mut().insert("mcp-name", "other".parse().expect("a value"));
    assert_eq!(gateway.send(request).await.status, 403);
    assert!(gateway.functions.calls().is_empty());
}

/// Nothing that is refused tells what was presented, nor what is expected.
#[tokio::test]
async fn what_the_log_and_the_answers_tell() {
    let settings =
        OAuthSettings { audiences: BTreeSet::from(["secret-audience".to_owned()]), ..settings() };
    let (gateway, issuer) = oauth(settings).await;
    let token = issuer.token(&json!({}));
    let reply = ping(&gateway, &token).await;
    let log = format!("{:?}", gateway.log.lock().expect("no panic"));
    for text in [reply.body.as_str(), log.as_str(), &format!("{:?}", reply.headers)] {
        for part in token.split('.') {
            assert!(!text.contains(part), "{text}");
        }
        assert!(!text.contains("secret-audience"), "{text}");
    }
    assert!(log.contains("it was not issued for this server"), "{log}");
    let gateway = gateway.behind_bearer(Kept::new(TOKEN, None));
    let wrong = "a-wrong-token-that-somebody-has-sent-here";
    let reply = ping(&gateway, wrong).await;
    let log = format!("{:?}{}", gateway.log.lock().expect("no panic"), reply.body);
    assert!(!log.contains(wrong) && !log.contains(TOKEN));
}

/// How long a comparison takes says nothing of how much of a token is right.
///
/// What is compared are codes of 32 bytes, of which nobody can choose a part; the test measures that
/// a nearly right token takes as long as a wrong one, with much patience for a busy machine.
#[tokio::test]
async fn timing_of_the_comparison() {
    let gateway = TestGateway::new().await.behind_bearer(Kept::new(TOKEN, None));
    let near = format!("{}X", &TOKEN[..TOKEN.len() - 1]);
    let far = "X".repeat(TOKEN.len());
    let mut times: [Vec<u128>; 2] = [Vec::new(), Vec::new()];
    for round in 0..600 {
        // In turns, so that what slows the machine slows both.
        for (index, token) in [&near, &far].into_iter().enumerate() {
            let start = now();
            let status = ping(&gateway, token).await.status;
            if round >= 100 {
                times[index].push(start.elapsed().as_nanos());
            }
            assert_eq!(status, 401);
        }
    }
    let [near, far] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2] as f64
    });
    let ratio = near / far;
    assert!((0.5..2.0).contains(&ratio), "a nearly right token takes {ratio} times as long");
}

#[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
fn now() -> Instant {
    Instant::now()
}

/// An issuer whose metadata is somebody else's, or whose keys are unusable, opens nothing.
#[tokio::test]
async fn an_issuer_whose_keys_are_no_good() {
    let issuer = Issuer::new(Key::p256());
    let gateway = TestGateway::new().await.behind_oauth(settings(), &issuer);
    let secret = json!({ "kty": "oct", "kid": "first", "k": base64("secret"), "alg": "HS256" });
    *issuer.published.lock().expect("no panic") = vec![secret];
    let header = json!({ "alg": "HS256", "kid": "first" });
    let text = format!(
        "{}.{}",
        base64(header.to_string()),
        base64(claims(&Value::Object(Default::default())).to_string())
    );
    let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"secret"), text.as_bytes());
    is_refused(&gateway, &format!("{text}.{}", base64(code.as_ref())), "a shared secret").await;
    assert_eq!(ping(&gateway, &issuer.token(&json!({}))).await.status, 503);
}
