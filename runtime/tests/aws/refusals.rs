//! What the Invoke API says no with, and an endpoint that says nothing.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Response;
use mcp_lambda_runtime::aws::lambda::LambdaInvoker;
use mcp_lambda_runtime::port::{InvokeError, Invoker};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::server::{self, breaking, full};
use crate::{SECRET, TOKEN, arn, configuration, invocation};

const LONG: Duration = Duration::from_secs(20);

/// Asks in all three ways; the refusals must be the same, and nothing is asked twice.
async fn check(status: u16, code: &'static str, message: &'static str) -> InvokeError {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = requests.clone();
    let address = server::start(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        let mut answer = Response::builder().status(status).header("x-amzn-requestid", "1234");
        if !code.is_empty() {
            answer = answer.header("x-amzn-errortype", code);
        }
        let answer = answer.body(full(message)).expect("an answer");
        async move { answer }
    })
    .await;
    let errors = refusals(&LambdaInvoker::new(configuration(address))).await;
    assert_eq!(requests.load(Ordering::Relaxed), errors.len(), "the registration decides retries");
    let [first, second, third] = errors;
    assert_eq!((&first, &first), (&second, &third));
    first
}

async fn refusals(invoker: &LambdaInvoker) -> [InvokeError; 3] {
    let call = || invocation("f", LONG);
    [
        invoker.invoke(call()).await.expect_err("a refusal"),
        invoker.invoke_streaming(call()).await.err().expect("a refusal"),
        invoker.probe(&arn("f")).await.expect_err("a refusal"),
    ]
}

fn unavailable(text: &str) -> InvokeError {
    InvokeError::Unavailable(text.to_owned())
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let name = || arn("f").to_string();
    let said = r#"{"Type":"User","message":"said"}"#;
    for (status, code, expected) in [
        (404, "ResourceNotFoundException", InvokeError::NotFound(name())),
        (403, "AccessDeniedException", InvokeError::Denied(name())),
        (429, "TooManyRequestsException", InvokeError::Throttled(name())),
        (402, "ServiceQuotaExceededException", InvokeError::Throttled(name())),
        (502, "EC2ThrottledException", InvokeError::Throttled(name())),
        (413, "RequestTooLargeException", InvokeError::TooLarge),
        (413, "RequestEntityTooLargeException", InvokeError::TooLarge),
        (500, "ServiceException", unavailable("HTTP 500, ServiceException, request 1234: said")),
        (
            502,
            "InvalidRuntimeException",
            unavailable("HTTP 502, InvalidRuntimeException, request 1234: said"),
        ),
        (409, "NewException", unavailable("HTTP 409, NewException, request 1234: said")),
    ] {
        assert_eq!(check(status, code, said).await, expected, "{status} {code}");
    }
}

#[tokio::test]
async fn whoever_stands_in_between_is_understood_too() {
    let page = "<html>no</html>";
    for (status, expected) in [
        (403, unavailable("HTTP 403, request 1234")),
        (404, unavailable("HTTP 404, request 1234")),
        (413, InvokeError::TooLarge),
        (429, InvokeError::Throttled(arn("f").to_string())),
        (500, unavailable("HTTP 500, request 1234")),
    ] {
        assert_eq!(check(status, "", page).await, expected, "{status}");
    }
}

#[tokio::test]
async fn no_text_holds_a_secret() {
    let said = r#"{"message":"The Canonical String was x-amz-security-token:the-session-token"}"#;
    for (status, code) in [
        (403, "InvalidSignatureException"),
        (400, "SignatureDoesNotMatch"),
        (400, "InvalidClientTokenId"),
        (403, "ExpiredTokenException"),
        (403, ""),
    ] {
        let error = check(status, code, said).await.to_string();
        assert!(!error.contains(SECRET) && !error.contains(TOKEN), "{error}");
        assert!(error.contains(code), "{error}");
    }
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    for error in refusals(&LambdaInvoker::new(configuration(address))).await {
        let text = error.to_string();
        assert!(matches!(error, InvokeError::Unavailable(_)), "{text}");
        assert!(text.contains("refused"), "{text}");
    }
}

#[tokio::test]
async fn nobody_answers() {
    let address = server::start(|_| std::future::pending()).await;
    let invoker = LambdaInvoker::new(configuration(address));
    let timeout = Duration::from_millis(300);
    let since = Instant::now();
    let expected = InvokeError::TimedOut(arn("f").to_string());
    let answered = invoker.invoke(invocation("f", timeout)).await;
    assert_eq!(answered.err().as_ref(), Some(&expected));
    let answered = invoker.invoke_streaming(invocation("f", timeout)).await;
    assert_eq!(answered.err(), Some(expected));
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
}

#[tokio::test]
async fn an_answer_that_breaks_off() {
    let address = server::start(|_| async { Response::new(breaking(vec![b"{".to_vec()])) }).await;
    let invoker = LambdaInvoker::new(configuration(address));
    let error = invoker.invoke(invocation("f", LONG)).await.expect_err("an error");
    assert!(matches!(error, InvokeError::Unavailable(_)), "{error}");
}
