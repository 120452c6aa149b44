//! Function URLs: an HTTP request becomes an event of payload format 2.0, the function's answer an
//! HTTP response, buffered or streamed.
//!
//! Who may call is decided by the caller of this module, who also says whom the function is told.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use http_body::Body;
use http_body_util::combinators::BoxBody;

use crate::body::{self, Unreadable, full};
use crate::host::{self, Host};
use crate::invocation::{Invocation, InvokeError};
use crate::limits;
use crate::name::FunctionName;

mod event;
mod head;
mod reply;
mod stream;

/// How a function answers behind its URL.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum InvokeMode {
    /// The answer is read to its end, interpreted, and sent; AWS's `BUFFERED`.
    #[default]
    Buffered,
    /// The answer is sent on while it comes in; AWS's `RESPONSE_STREAM`.
    ResponseStream,
}

/// What a function's URL is like.
#[derive(Clone, Debug)]
pub struct UrlOptions {
    /// How the function answers.
    pub invoke_mode: InvokeMode,
    /// A path under which the URL is mounted and that the function must not see, such as `/f`.
    /// It is taken away only where whole segments match.
    pub strip_prefix: Option<String>,
    /// The caller as `requestContext.authorizer.iam`; none is a URL without authentication.
    pub authorizer: Option<serde_json::Map<String, serde_json::Value>>,
    /// The address that the request came from.
    pub source_ip: IpAddr,
}

impl Default for UrlOptions {
    fn default() -> Self {
        Self {
            invoke_mode: InvokeMode::default(),
            strip_prefix: None,
            authorizer: None,
            source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }
}

/// Answers one HTTP request through a function.
///
/// At most [`limits::MAX_PAYLOAD_BYTES`] of the body are kept, and the event made of it may not be
/// larger either; more is answered with 413. What the function does wrong is a 502; once a stream
/// has begun it can only end early.
pub async fn answer<B>(
    host: &Host,
    name: &FunctionName,
    options: UrlOptions,
    request: http::Request<B>,
) -> Response<BoxBody<Bytes, Infallible>>
where
    B: Body<Data = Bytes>,
{
    let (parts, body) = request.into_parts();
    let body = match body::read(body, limits::MAX_PAYLOAD_BYTES).await {
        Ok(body) => body,
        Err(Unreadable::TooLarge { .. }) => return too_large(),
        Err(Unreadable::Broken) => return message(StatusCode::BAD_REQUEST, "Bad Request"),
    };
    let trace_id = parts.headers.get("x-amzn-trace-id").and_then(|value| value.to_str().ok());
    let request_id = host::new_request_id();
    let received = event::Received { parts: &parts, body, request_id: &request_id };
    let invocation = Invocation {
        trace_id: trace_id.map(str::to_owned),
        payload: event::render(host, name, &options, received),
        ..Invocation::default()
    };
    let response = match host.invoke_as(name, request_id, invocation).await {
        Ok(response) => response,
        Err(error) => return refuse(&error),
    };
    match options.invoke_mode {
        InvokeMode::Buffered => reply::interpret(response).await,
        InvokeMode::ResponseStream => stream::forward(response).await,
    }
}

fn refuse(error: &InvokeError) -> Response<BoxBody<Bytes, Infallible>> {
    match error {
        InvokeError::NotFound { .. } => message(StatusCode::NOT_FOUND, "Not Found"),
        InvokeError::Throttled => message(StatusCode::TOO_MANY_REQUESTS, "Rate Exceeded."),
        InvokeError::PayloadTooLarge { .. } => too_large(),
        InvokeError::Invalid { reason } => message(StatusCode::BAD_REQUEST, reason),
        // Not AWS's words: whoever runs a host on his own machine wants to know.
        InvokeError::CannotStart(error) => message(StatusCode::BAD_GATEWAY, &error.to_string()),
        InvokeError::ShutDown => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
    }
}

fn too_large() -> Response<BoxBody<Bytes, Infallible>> {
    message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
}

/// What a caller sees of a function that fails; the cause is in the log.
fn function_failed() -> Response<BoxBody<Bytes, Infallible>> {
    message(StatusCode::BAD_GATEWAY, "Internal Server Error")
}

fn message(status: StatusCode, text: &str) -> Response<BoxBody<Bytes, Infallible>> {
    let content = serde_json::json!({ "Message": text }).to_string();
    let mut response = Response::new(full(content));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert("content-type", content_type);
    response
}
