//! Whose requests are served, and which.

use super::*;
use crate::events::file;

/// What a function set for IAM says to whom it does not know.
const UNSIGNED: u64 = 403;

#[tokio::test]
async fn verified_callers_are_served_and_told_to_tools() {
    let world = World::new(Setting::default()).await;
    let (status, body) = world.whole(&request("POST", "/mcp", &call("echo"))).await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("assumed-role/developers/alice"), "{body}");
    let logged = world.logged();
    assert_eq!(logged.len(), 1, "{logged:?}");
    assert_eq!((&logged[0]["event"], &logged[0]["level"]), (&json!("request"), &json!("INFO")));
    assert_eq!(logged[0]["rpc.call"], "tools/call echo");
    assert_eq!(logged[0]["http.status"], 200);
    assert_eq!(logged[0]["timestamp"], "2026-11-21T12:00:00.000Z");
}

#[tokio::test]
async fn nobody_else_is_served_before_anything_is_looked_at() {
    let world = World::new(Setting::default()).await;
    let mut forged = request("POST", "/mcp", &call("echo"));
    forged["requestContext"]["requestId"] = json!("11111111-1111-4111-8111-111111111111");
    let mut nonsense = request("POST", "/nowhere", &json!("no message"));
    nonsense["requestContext"]["authorizer"] = Value::Null;
    for event in [forged, nonsense, file("http_api_iam"), file("rest"), file("http_api")] {
        let (status, body) = world.whole(&event).await;
        assert_eq!(status, UNSIGNED, "{body}");
        assert!(body.contains("SigV4"), "{body}");
    }
    let logged = world.logged();
    let told = |event: &str| logged.iter().filter(|line| line["event"] == event).count();
    assert_eq!((told("request"), told("unverified caller")), (5, 2), "{logged:?}");
    assert!(logged.iter().all(|line| line["http.status"] == 403 || line["level"] == "WARN"));
}

#[tokio::test]
async fn health_is_everyones() {
    let world = World::new(Setting::default()).await;
    let open = json!(r#"{"status":"ok"}"#);
    assert_eq!(
        world.whole(&file("url_open")).await,
        (200, open.as_str().expect("text").to_owned())
    );
    assert_eq!(world.whole(&file("rest_bare")).await.0, 200);
    let mut other = file("url_open");
    other["rawPath"] = json!("/health/x");
    assert_eq!(world.whole(&other).await.0, UNSIGNED);
}

#[tokio::test]
async fn without_authentication_everyone_is_anonymous() {
    let setting = Setting { authentication: Authentication::None, ..Setting::default() };
    let world = World::new(setting).await;
    let mut forged = request("POST", "/mcp", &call("echo"));
    forged["requestContext"]["requestId"] = json!("11111111-1111-4111-8111-111111111111");
    let (status, body) = world.whole(&forged).await;
    assert_eq!(status, 200);
    assert!(
        body.contains(r#"mcpCallerType\\\":\\\"anonymous"#) && !body.contains("alice"),
        "{body}"
    );
    // Who is verified stays who he is.
    let (_, body) = world.whole(&request("POST", "/mcp", &call("echo"))).await;
    assert!(body.contains("alice"), "{body}");
}

#[tokio::test]
async fn planes_are_apart() {
    let none = Planes { mcp: false, sse: false, message: false, register: false, streams: true };
    let paths = [
        ("POST", "/mcp"),
        ("POST", "/"),
        ("DELETE", "/mcp"),
        ("GET", "/sse"),
        ("POST", "/message"),
        ("POST", "/mcp?sessionId=x"),
        ("GET", "/register"),
        ("GET", "/register/tool-echo"),
    ];
    for (planes, served) in [
        (none, vec![]),
        (Planes { mcp: true, ..none }, vec![0, 1, 2]),
        (Planes { sse: true, ..none }, vec![3]),
        (Planes { message: true, ..none }, vec![4, 5]),
        (Planes { register: true, ..none }, vec![6, 7]),
    ] {
        let world = World::new(Setting { planes, ..Setting::default() }).await;
        for (number, (method, path)) in paths.iter().enumerate() {
            let (path, query) = path.split_once('?').unwrap_or((path, ""));
            let mut event = request(method, path, &Value::Null);
            event["rawQueryString"] = json!(query);
            if path == "/sse" && planes.sse {
                continue;
            }
            let (_, body) = world.whole(&event).await;
            let refused = body.contains("this function does not serve this path");
            assert_eq!(!refused, served.contains(&number), "{planes:?} {path}: {body}");
        }
        assert_eq!(world.whole(&file("url_open")).await.0, 200, "health is always served");
    }
}
