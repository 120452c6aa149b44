//! Legacy sessions: whose they are, how long they live, how their requests are cancelled.

use std::sync::Arc;
use std::time::Duration;

use mcp_lambda_runtime::principal::Principal;
use mcp_lambda_runtime::session::LIFETIME;

use crate::support::TestGateway;

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

#[tokio::test]
async fn a_session_is_its_principals_own() {
    let mut gateway = TestGateway::new().await;
    let session = gateway.initialize("2025-11-25", "{}").await;
    let headers = [("mcp-session-id", session.as_str())];
    assert_eq!(gateway.post(&headers, PING).await.status, 200);
    gateway.principal = Principal::Iam { arn: "arn:aws:iam::123456789012:user/eve".to_owned() };
    assert_eq!(gateway.post(&headers, PING).await.status, 404);
    gateway.principal = Principal::Anonymous;
    assert_eq!(gateway.post(&headers, PING).await.status, 200);
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let gateway = TestGateway::new().await;
    let session = gateway.initialize("2025-11-25", "{}").await;
    let headers = [("mcp-session-id", session.as_str())];
    gateway.clock.advance(LIFETIME - Duration::from_millis(1));
    assert_eq!(gateway.post(&headers, PING).await.status, 200);
    gateway.clock.advance(Duration::from_millis(1));
    assert_eq!(gateway.post(&headers, PING).await.status, 404);
}

#[tokio::test]
async fn a_session_costs_nothing_until_it_is_used() {
    use mcp_lambda_runtime::port::{Clock, SessionKey, Sessions};
    let gateway = TestGateway::new().await;
    for _ in 0..100 {
        gateway.initialize("2025-11-25", "{}").await;
    }
    // Ids are counted, so every key that a session could have can be looked for.
    for number in 0..1_000u64 {
        let mut key = [0; 16];
        key[8..].copy_from_slice(&number.to_be_bytes());
        let row = gateway.store.load(SessionKey(key), gateway.clock.now()).await;
        assert_eq!(row, Ok(None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_can_be_cancelled() {
    let gateway = Arc::new(TestGateway::new().await);
    let session = gateway.initialize("2025-11-25", "{}").await;
    let headers = [("mcp-session-id", session.as_str())];
    let call = r#"{"jsonrpc":"2.0","id":"slow-1","method":"tools/call","params":{"name":"slow"}}"#;
    let cancel =
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"slow-1"}}"#;
    let start = tokio::time::Instant::now();
    let (called, cancelled) = tokio::join!(gateway.post(&headers, call), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        gateway.post(&headers, cancel).await
    });
    assert_eq!(cancelled.status, 202);
    assert_eq!((called.status, called.body.as_str()), (202, ""));
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn nobody_else_can_cancel_a_request() {
    let gateway = Arc::new(TestGateway::new().await);
    let session = gateway.initialize("2025-11-25", "{}").await;
    let other = gateway.initialize("2025-11-25", "{}").await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow"}}"#;
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    let own = [("mcp-session-id", session.as_str())];
    let (called, ()) = tokio::join!(gateway.post(&own, call), async {
        gateway.post(&[("mcp-session-id", other.as_str())], cancel).await;
        gateway.post(&[], cancel).await;
    });
    assert_eq!(called.result()["isError"], true, "it ran into its own time limit");
}
