//! The program behind a public door: tokens of a parameter store, and access tokens of an issuer.

use std::net::{Ipv4Addr, SocketAddr};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use mcp_lambda_runtime::port::Clock;
use mcp_lambda_runtime::system::SystemClock;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::world::{Setting, World, get, post, read};

const TOKEN: &str = "the-token-of-the-stack-0123456789-abcdef";

/// Answers each path with a document, and every other with 404.
async fn serve(
    documents: impl Fn(&str, SocketAddr) -> Option<Value> + Clone + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let documents = documents.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let document = documents(request.uri().path(), address);
                let status = if document.is_some() { 200 } else { 404 };
                let body = document.unwrap_or_default().to_string();
                let response = Response::builder().status(status).body(Full::<Bytes>::from(body));
                async move { response }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

fn ping(token: Option<&str>) -> Request<Full<Bytes>> {
    let mut request = post("/mcp", &json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }));
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().expect("a value");
        request.headers_mut().insert("authorization", value);
    }
    request
}

async fn status(world: &World, token: Option<&str>) -> u16 {
    read(world.open_as("mcp", ping(token), None).await).await.0
}

async fn parameters() -> SocketAddr {
    let value = json!({ "current": TOKEN }).to_string();
    serve(move |_, _| Some(json!({ "Parameter": { "Value": value } }))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bearers() {
    let parameters = parameters().await;
    let setting = Setting::with("MCP_LAMBDA_AUTHENTICATION", "BEARER")
        .and("MCP_LAMBDA_BEARER_TOKENS", "/mcp-lambda/stack/tokens")
        .and("AWS_ENDPOINT_URL_SSM", format!("http://{parameters}"));
    let world = World::start(setting).await;
    assert_eq!(status(&world, None).await, 401);
    assert_eq!(status(&world, Some("wrong")).await, 401);
    assert_eq!(status(&world, Some(TOKEN)).await, 200, "{}", world.log());
    // A signature that AWS has verified is no token.
    let (signed, _) = read(world.open("mcp", ping(None)).await).await;
    assert_eq!(signed, 401);
    let log = world.log();
    assert!(log.contains(r#""caller.type":"bearer""#), "{log}");
    assert!(log.contains(r#""caller":"stack""#) && !log.contains(TOKEN), "{log}");
    // Administrators sign, so this setting is none for their function.
    let (_, failed) = world.invoke("registration", &json!({})).await;
    assert!(failed && world.log().contains("for administrators"), "{}", world.log());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_tokens() {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key");
    let base64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let point = key.public_key().as_ref().to_vec();
    let (x, y) = (base64(&point[1..33]), base64(&point[33..]));
    let issuer = serve(move |path, address| match path {
        "/.well-known/openid-configuration" => Some(json!({
            "issuer": format!("http://{address}"), "jwks_uri": format!("http://{address}/keys")
        })),
        "/keys" => {
            Some(json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "k", "x": x, "y": y }] }))
        }
        _ => None,
    })
    .await;
    let setting = Setting::with("MCP_LAMBDA_AUTHENTICATION", "OAUTH")
        .and("MCP_LAMBDA_OAUTH_ISSUER", format!("http://{issuer}"))
        .and("MCP_LAMBDA_OAUTH_SCOPES", "mcp:tools");
    let world = World::start(setting).await;
    let open = world.open_as("mcp", ping(None), None).await;
    let challenge = open.headers()["www-authenticate"].to_str().expect("text").to_owned();
    assert_eq!(open.status(), 401);
    assert!(challenge.contains(r#"resource_metadata="https://"#), "{challenge}");
    let metadata = get("/.well-known/oauth-protected-resource/mcp");
    let (code, metadata) = read(world.open_as("mcp", metadata, None).await).await;
    assert_eq!(code, 200, "{metadata}");
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    assert_eq!(metadata["authorization_servers"], json!([format!("http://{issuer}")]));
    let now = SystemClock.now().0 / 1_000;
    let token = |audience: &Value, scope: &str| {
        let header = json!({ "alg": "ES256", "kid": "k", "typ": "at+jwt" });
        let claims = json!({
            "iss": format!("http://{issuer}"), "sub": "alice", "aud": audience,
            "exp": now + 300, "scope": scope
        });
        let text = format!(
            "{}.{}",
            base64(header.to_string().as_bytes()),
            base64(claims.to_string().as_bytes())
        );
        let signature = key.sign(&random, text.as_bytes()).expect("a signature");
        format!("{text}.{}", base64(signature.as_ref()))
    };
    let resource = &metadata["resource"];
    let good = token(resource, "mcp:tools");
    assert_eq!(status(&world, Some(&good)).await, 200, "{}", world.log());
    assert_eq!(status(&world, Some(&token(resource, "other"))).await, 403);
    assert_eq!(
        status(&world, Some(&token(&json!("https://evil.example/mcp"), "mcp:tools"))).await,
        401
    );
    let log = world.log();
    assert!(log.contains(r#""caller.type":"oauth","caller":"alice""#), "{log}");
    assert!(!log.contains(good.rsplit('.').next().expect("a part")), "{log}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authorizer() {
    let parameters = parameters().await;
    let setting = Setting::with("_HANDLER", "authorizer")
        .and("MCP_LAMBDA_AUTHENTICATION", "BEARER")
        .and("MCP_LAMBDA_BEARER_TOKENS", "/mcp-lambda/stack/tokens")
        .and("AWS_ENDPOINT_URL_SSM", format!("http://{parameters}"));
    let world = World::start(setting).await;
    let event = |token: &str| {
        json!({
            "type": "TOKEN", "authorizationToken": format!("Bearer {token}"),
            "methodArn": "arn:aws:execute-api:us-east-1:123456789012:abc/prod/POST/mcp"
        })
    };
    let (policy, failed) = world.invoke("mcp", &event(TOKEN)).await;
    assert!(!failed, "{}", world.log());
    assert_eq!(policy["policyDocument"]["Statement"][0]["Effect"], "Allow");
    let (refused, failed) = world.invoke("mcp", &event("wrong")).await;
    assert!(failed && refused["errorMessage"] == "Unauthorized", "{refused}");
    world.end().await;
}
