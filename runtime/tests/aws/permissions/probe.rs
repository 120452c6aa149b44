//! The gateway asked whether it can call a function.

use std::sync::{Arc, Mutex};

use http::Response;
use mcp_lambda_runtime::aws::gateway_probe::GatewayProbe;
use mcp_lambda_runtime::aws::lambda::LambdaInvoker;
use mcp_lambda_runtime::port::{InvokeError, Invoker};
use serde_json::{Value, json};
use std::time::Duration;

use crate::server::{self, full};
use crate::{arn, configuration, invocation};

/// What the probe says when the gateway's function answers so, and what was asked of it.
async fn probe(
    status: u16,
    header: (&'static str, &'static str),
    said: &'static str,
) -> (Result<(), InvokeError>, Vec<(String, Value)>) {
    let heard: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let hearing = heard.clone();
    let address = server::start(move |request| {
        let event = serde_json::from_slice(request.body()).expect("JSON");
        hearing.lock().expect("no panic").push((request.uri().path().to_owned(), event));
        let answer = Response::builder().status(status).header(header.0, header.1);
        async move { answer.body(full(said)).expect("an answer") }
    })
    .await;
    let probe = GatewayProbe::new(LambdaInvoker::new(configuration(address)), arn("gateway"));
    let probed = probe.probe(&arn("f:live")).await;
    let heard = heard.lock().expect("no panic").clone();
    (probed, heard)
}

const PLAIN: (&str, &str) = ("x-nothing", "of note");

#[tokio::test]
async fn the_gateway_is_asked_for_what_it_may() {
    let (probed, heard) = probe(200, PLAIN, r#"{"outcome":"callable"}"#).await;
    assert_eq!(probed, Ok(()));
    let [(path, event)] = heard.try_into().expect("one call");
    assert!(path.contains("gateway") && path.ends_with("/invocations"), "{path}");
    assert_eq!(event, json!({"mcp-lambda": "probe", "function": arn("f:live").as_str()}));
}

#[tokio::test]
async fn outcomes_are_told_apart() {
    let name = || arn("f:live").to_string();
    for (said, expected) in [
        (r#"{"outcome":"not_found"}"#, InvokeError::NotFound(name())),
        (r#"{"outcome":"denied"}"#, InvokeError::Denied(name())),
        (r#"{"outcome":"throttled","more":1}"#, InvokeError::Throttled(name())),
    ] {
        assert_eq!(probe(200, PLAIN, said).await.0, Err(expected), "{said}");
    }
    let failed = ("x-amz-function-error", "Unhandled");
    let refused = ("x-amzn-errortype", "ResourceNotFoundException");
    let denied = ("x-amzn-errortype", "AccessDeniedException");
    for (status, header, said, why) in [
        (200, PLAIN, r#"{"outcome":"unavailable"}"#, "could not find out"),
        (200, PLAIN, r#"{"statusCode":404}"#, "does not understand"),
        (200, PLAIN, "", "does not understand"),
        (200, failed, r#"{"outcome":"callable"}"#, "failed when it was asked"),
        (404, refused, "{}", "could not be asked"),
        (403, denied, "{}", "could not be asked"),
    ] {
        match probe(status, header, said).await.0 {
            Err(InvokeError::Unavailable(text)) => assert!(text.contains(why), "{text}"),
            other => panic!("{said}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn nothing_is_called() {
    let nowhere = server::start(|_| async { panic!("nothing is asked") }).await;
    let probe = GatewayProbe::new(LambdaInvoker::new(configuration(nowhere)), arn("gateway"));
    let call = || invocation("f", Duration::from_secs(1));
    assert!(matches!(probe.invoke(call()).await, Err(InvokeError::Unavailable(_))));
    assert!(matches!(probe.invoke_streaming(call()).await, Err(InvokeError::Unavailable(_))));
}
