//! The Invoke API of Lambda: what the AWS CLI and the AWS SDKs speak when their endpoint is set
//! to the host.
//!
//! Signatures are not verified, and no other operation of Lambda is offered.

use std::convert::Infallible;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use serde::de::IgnoredAny;

use crate::body::{self, Unreadable, full};
use crate::host::Host;
use crate::invocation::{self, Invocation};
use crate::limits;

mod error;
mod event_stream;
mod reference;
mod request;

use error::ApiError;
use event_stream::EventStream;
use reference::Reference;
use request::{InvocationType, Operation, Settings};

/// Answers one request of the Invoke API.
///
/// `POST /2015-03-31/functions/{function}/invocations` and
/// `POST /2021-11-15/functions/{function}/response-streaming-invocations`, where the function is a
/// name, a partial ARN or an ARN, with or without qualifier. Everything that goes wrong is an
/// answer, in AWS's form. At most [`limits::MAX_PAYLOAD_BYTES`] of the body are kept.
pub async fn answer<B>(
    host: &Host,
    request: http::Request<B>,
) -> Response<BoxBody<Bytes, Infallible>>
where
    B: Body<Data = Bytes>,
{
    match invoke(host, request).await {
        Ok(response) => response,
        Err(error) => error.render(),
    }
}

async fn invoke<B>(
    host: &Host,
    request: http::Request<B>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, ApiError>
where
    B: Body<Data = Bytes>,
{
    let (parts, body) = request.into_parts();
    let (operation, reference) = Operation::parse(parts.uri.path())
        .filter(|_| parts.method == Method::POST)
        .ok_or(ApiError::UnknownOperation)?;
    let reference = Reference::parse(&reference)?.qualify(parts.uri.query())?;
    let settings = Settings::parse(operation, &parts.headers)?;
    let limit = match settings.invocation_type {
        InvocationType::Event => limits::MAX_EVENT_PAYLOAD_BYTES,
        InvocationType::RequestResponse | InvocationType::DryRun => limits::MAX_PAYLOAD_BYTES,
    };
    let payload = body::read(body, limit).await.map_err(|unreadable| match unreadable {
        Unreadable::TooLarge { .. } => ApiError::TooLarge { limit, operation },
        Unreadable::Broken => ApiError::content("the request body is incomplete"),
    })?;
    let name = reference.find(host)?;
    let invocation = Invocation {
        payload: check_json(payload)?,
        client_context: settings.client_context,
        trace_id: settings.trace_id,
        qualifier: reference.qualifier,
        timeout: None,
    };
    let failed = |error| ApiError::from_host(error, operation);
    match settings.invocation_type {
        InvocationType::DryRun => Ok(empty(StatusCode::NO_CONTENT, None)),
        InvocationType::Event => {
            let request_id = host.enqueue(&name, invocation).map_err(failed)?;
            Ok(empty(StatusCode::ACCEPTED, Some(&request_id)))
        }
        InvocationType::RequestResponse => {
            let response = host.invoke(&name, invocation).await.map_err(failed)?;
            Ok(match operation {
                Operation::Invoke => buffered(response, settings.log_tail).await,
                Operation::InvokeWithResponseStream => streamed(response, settings.log_tail),
            })
        }
    }
}

/// Lambda refuses what is not JSON before any function sees it; nothing at all counts as `{}`.
fn check_json(payload: Bytes) -> Result<Bytes, ApiError> {
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    if std::str::from_utf8(&payload).is_err() {
        return Err(ApiError::content("Could not parse request body into json: invalid UTF-8"));
    }
    match serde_json::from_slice::<IgnoredAny>(&payload) {
        Ok(IgnoredAny) => Ok(payload),
        Err(error) => {
            Err(ApiError::content(&format!("Could not parse request body into json: {error}")))
        }
    }
}

async fn buffered(
    response: invocation::Response,
    log_tail: bool,
) -> Response<BoxBody<Bytes, Infallible>> {
    let mut body = response.body;
    let bytes = body.collect_within(limits::MAX_RESPONSE_BYTES).await;
    let error = body.function_error();
    let mut answer = empty(StatusCode::OK, Some(&response.request_id));
    let headers = answer.headers_mut();
    if let Some(error) = error {
        headers.insert("x-amz-function-error", text_header(&error.kind));
    }
    if log_tail {
        let log = STANDARD.encode(body.log_tail());
        headers.insert("x-amz-log-result", text_header(&log));
    }
    let (content_type, bytes) = match error {
        Some(error) => ("application/json", error.payload.clone()),
        None => (response.content_type.as_str(), bytes),
    };
    headers.insert("content-type", text_header(content_type));
    *answer.body_mut() = full(bytes);
    answer
}

fn streamed(
    response: invocation::Response,
    log_tail: bool,
) -> Response<BoxBody<Bytes, Infallible>> {
    let mut answer = empty(StatusCode::OK, Some(&response.request_id));
    let headers = answer.headers_mut();
    let content_type = HeaderValue::from_static("application/vnd.amazon.eventstream");
    headers.insert("content-type", content_type);
    headers.insert("x-amzn-remapped-content-type", text_header(&response.content_type));
    *answer.body_mut() = EventStream::new(response.body, log_tail).boxed();
    answer
}

fn empty(status: StatusCode, request_id: Option<&str>) -> Response<BoxBody<Bytes, Infallible>> {
    let mut response = Response::new(full(Bytes::new()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let request_id = request_id.map_or_else(error::request_id, text_header);
    headers.insert("x-amzn-requestid", request_id);
    // There is one version of every function here, whatever qualifier leads to it.
    headers.insert("x-amz-executed-version", HeaderValue::from_static("$LATEST"));
    response
}

/// A header value from a text that may come from the function.
fn text_header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("invalid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_json_or_nothing() {
        let check = |text: &'static [u8]| check_json(Bytes::from_static(text)).ok();
        assert_eq!(check(b"").as_deref(), Some(&b"{}"[..]));
        assert_eq!(check(b" [1] ").as_deref(), Some(&b" [1] "[..]));
        for bad in [&b"{"[..], b"nothing", b"{} {}", b"\"\xff\""] {
            assert!(check(bad).is_none(), "{bad:?}");
        }
    }
}
