//! Lambda's refusals, told apart and answered: tried again, replaced, or told.

use std::sync::{Arc, Mutex};

use http::{Method, Response};
use mcp_lambda_runtime::aws::permissions::LambdaPermissions;
use mcp_lambda_runtime::port::permissions::{PermissionError, Permissions};

use super::{role, statement};
use crate::server::{self, Body, breaking, full};
use crate::{SECRET, TOKEN, arn, configuration};

/// An answer of Lambda.
#[derive(Clone, Copy, Debug)]
enum Says {
    Good,
    /// A policy that permits the gateway's role, or another one.
    Policy(&'static str),
    No(u16, &'static str),
    Nothing,
}

const OURS: Says = Says::Policy("gateway");
const OTHERS: Says = Says::Policy("another");

/// An adapter before these answers, one after the other; the last one is repeated.
async fn scripted(says: &'static [Says]) -> (LambdaPermissions, Arc<Mutex<Vec<String>>>) {
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let hearing = heard.clone();
    let address = server::start(move |request| {
        let name = match *request.method() {
            Method::POST => "add",
            Method::GET => "get",
            Method::DELETE => "remove",
            _ => "?",
        };
        let mut heard = hearing.lock().expect("no panic");
        let said = says[heard.len().min(says.len() - 1)];
        heard.push(name.to_owned());
        let qualified = request.uri().query().is_some_and(|query| query == "Qualifier=live");
        let function = arn(if qualified { "f:live" } else { "f" });
        async move { answer(said, function.as_str()) }
    })
    .await;
    (LambdaPermissions::new(configuration(address), role()), heard)
}

fn answer(says: Says, function: &str) -> Response<Body> {
    match says {
        Says::Good => Response::new(full("{}")),
        Says::Policy(name) => {
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"MCP-Execute-tool-a",
                "Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"{function}",
                "Principal":{{"AWS":"arn:aws:iam::000000000000:role/{name}"}}}}]}}"#
            );
            Response::new(full(serde_json::json!({ "Policy": policy }).to_string()))
        }
        Says::No(status, code) => Response::builder()
            .status(status)
            .header("x-amzn-errortype", code)
            .header("x-amzn-requestid", "1234")
            .body(full(format!(r#"{{"message":"said {SECRET} {TOKEN}"}}"#)))
            .expect("an answer"),
        Says::Nothing => Response::new(breaking(vec![b"{".to_vec()])),
    }
}

const CONFLICT: Says = Says::No(409, "ResourceConflictException");
const CHANGED: Says = Says::No(412, "PreconditionFailedException");
const THROTTLED: Says = Says::No(429, "TooManyRequestsException");
const BROKEN: Says = Says::No(500, "ServiceException");
const MISSING: Says = Says::No(404, "ResourceNotFoundException");
const DENIED: Says = Says::No(403, "AccessDeniedException");

async fn grant(says: &'static [Says]) -> (Result<(), PermissionError>, String) {
    let (permissions, heard) = scripted(says).await;
    let granted = permissions.grant(&arn("f"), &statement("tool-a")).await;
    let heard = heard.lock().expect("no panic").join(" ");
    (granted, heard)
}

#[tokio::test]
async fn granting() {
    let name = || arn("f").to_string();
    for (says, expected, heard) in [
        (&[Says::Good][..], Ok(()), "add"),
        (&[CONFLICT, OURS], Ok(()), "add get"),
        (&[CONFLICT, OTHERS, Says::Good, Says::Good], Ok(()), "add get remove add"),
        (&[CONFLICT, MISSING, Says::Good], Ok(()), "add get add"),
        (&[THROTTLED, THROTTLED, BROKEN, Says::Good], Ok(()), "add add add add"),
        (&[CHANGED, CHANGED, Says::Good], Ok(()), "add add add"),
        (&[Says::No(503, "ServiceUnavailableException"), Says::Good], Ok(()), "add add"),
        // It was done, and its answer was lost.
        (&[Says::Nothing, CONFLICT, OURS], Ok(()), "add add get"),
        (&[MISSING], Err(PermissionError::NotFound(name())), "add"),
        (&[DENIED], Err(PermissionError::Denied(name())), "add"),
        (
            &[Says::No(400, "PolicyLengthExceededException")],
            Err(PermissionError::PolicyFull(name())),
            "add",
        ),
    ] {
        assert_eq!(grant(says).await, (expected, heard.to_owned()), "{says:?}");
    }
}

/// No call lasts for ever.
#[tokio::test]
async fn what_does_not_pass_is_told() {
    for (says, heard, told) in [
        (&[THROTTLED][..], "add add add add add", "HTTP 429, TooManyRequestsException"),
        (&[CHANGED], "add add add add add add", "all the time"),
        (&[Says::No(400, "InvalidParameterValueException")], "add", "HTTP 400"),
        (&[CONFLICT, Says::No(500, "ServiceException")], "add get get get get get", "HTTP 500"),
        (&[CONFLICT, Says::Good, CONFLICT, MISSING, MISSING], "add get add get add", "does not"),
    ] {
        let (granted, calls) = grant(says).await;
        let text = granted.expect_err("it does not pass").to_string();
        assert!(text.contains(told), "{says:?}: {text}");
        assert_eq!(calls, heard, "{says:?}");
    }
}

/// Of answers about signatures, which may quote the request, nothing is told but the code.
#[tokio::test]
async fn no_secret_is_told() {
    let (granted, _) = grant(&[Says::No(403, "InvalidSignatureException")]).await;
    let text = granted.expect_err("refused").to_string();
    assert!(text.contains("InvalidSignatureException"), "{text}");
    assert!(!text.contains(SECRET) && !text.contains(TOKEN), "{text}");
}

#[tokio::test]
async fn revoking_and_asking() {
    let (function, id) = (arn("f:live"), statement("tool-a"));
    let one = std::slice::from_ref(&id);
    for (says, expected) in [
        (&[Says::Good][..], Ok(())),
        (&[MISSING], Ok(())),
        (&[CHANGED, BROKEN, Says::Good], Ok(())),
        (&[DENIED], Err(PermissionError::Denied(function.to_string()))),
    ] {
        assert_eq!(scripted(says).await.0.revoke(&function, &id).await, expected, "{says:?}");
    }
    for (says, expected) in [
        (&[OURS][..], Ok(vec![true])),
        (&[OTHERS], Ok(vec![false])),
        (&[MISSING], Ok(vec![false])),
        (&[DENIED], Err(PermissionError::Denied(function.to_string()))),
    ] {
        assert_eq!(scripted(says).await.0.granted(&function, one).await, expected, "{says:?}");
    }
    let many: Vec<_> = (0..99).map(|number| statement(&format!("tool-{number}"))).collect();
    let full = PermissionError::PolicyFull(function.to_string());
    assert_eq!(scripted(&[OURS]).await.0.room(&function, &many).await, Err(full));
    assert_eq!(scripted(&[OURS]).await.0.room(&function, one).await, Ok(()));
}
