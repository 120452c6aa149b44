//! JSON-RPC messages by direct invocation: one message in, its answer out.
//!
//! This is what the Lambda transports of run-mcp-servers speak: a request is answered with its
//! JSON-RPC answer, everything else with `{}`, and what is not understood with the codes 400 and
//! 500 in place of JSON-RPC's own.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Request, StatusCode, Uri};
use tokio::time::Instant;

use crate::edge::{Edge, From};
use crate::function::answer::{MAX_WHOLE_BYTES, collect};
use crate::protocol::header;
use crate::protocol::json;
use crate::protocol::jsonrpc::{self, Body, Message, RequestId};
use crate::protocol::meta::Meta;
use crate::protocol::version;

/// The message was not understood.
const INVALID: u16 = 400;
/// Direct invocations are not served.
const FORBIDDEN: u16 = 403;
/// It could not be answered.
const INTERNAL: u16 = 500;

/// Answers a message; `trace` are the headers that continue the invocation's trace.
pub(super) async fn answer(
    edge: &Arc<Edge>,
    event: &Bytes,
    trace: HeaderMap,
    from: From,
    end: Instant,
) -> Bytes {
    let request = match jsonrpc::parse(event) {
        Ok(Body::Single(Message::Request(request))) => request,
        Ok(Body::Single(Message::Notification { .. } | Message::Response(_))) => {
            // Without sessions there is nothing that it could belong to.
            return Bytes::from_static(b"{}");
        }
        Ok(Body::Batch(_)) => return error(None, INVALID, "the event must be one message"),
        Err(refused) => return error(refused.id.as_ref(), INVALID, &refused.error.message),
    };
    let mut http = as_http(&request, event.clone());
    http.headers_mut().extend(trace);
    let failed = || error(Some(&request.id), INTERNAL, "the message could not be answered");
    let Ok(response) = tokio::time::timeout_at(end, edge.answer(http, from)).await else {
        return error(Some(&request.id), INTERNAL, "there was no time left to answer; try again");
    };
    let (parts, body) = response.into_parts();
    let is_message = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if !is_message {
        return match parts.status {
            StatusCode::PAYLOAD_TOO_LARGE => {
                error(Some(&request.id), INVALID, "the message is larger than 4 MiB")
            }
            _ => failed(),
        };
    }
    match collect(body, MAX_WHOLE_BYTES, end).await {
        Some(body) => body.into(),
        None => error(Some(&request.id), INTERNAL, "the answer is larger than Lambda's 6 MB"),
    }
}

/// The answer to a message that is not served.
pub(super) fn refuse(event: &[u8]) -> Bytes {
    let id = match jsonrpc::parse(event) {
        Ok(Body::Single(Message::Request(request))) => Some(request.id),
        Ok(_) => None,
        Err(refused) => refused.id,
    };
    error(id.as_ref(), FORBIDDEN, "this function takes no messages by direct invocation")
}

/// The request that a client would have sent by HTTP. Where the revision wants headers that repeat
/// the body, there is nothing else that they could be.
fn as_http(request: &jsonrpc::Request<'_>, body: Bytes) -> Request<Bytes> {
    let mut http = Request::new(body);
    *http.method_mut() = Method::POST;
    *http.uri_mut() = Uri::from_static("/mcp");
    let headers = http.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(CONTENT_TYPE, json.clone());
    // Nothing can be said before the answer.
    headers.insert(ACCEPT, json);
    let Ok(meta) = Meta::read(request.params) else { return http };
    let text = |raw: &serde_json::value::RawValue| {
        serde_json::from_str::<json::Text<'_>>(raw.get()).ok().map(|text| text.0.into_owned())
    };
    let Some(revision) = meta.protocol_version.and_then(text) else { return http };
    if !version::is_modern(&revision) {
        return http;
    }
    let target = meta.name.or(meta.uri).and_then(text);
    let named = [
        ("mcp-protocol-version", Some(revision)),
        ("mcp-method", Some(request.method.0.to_string())),
        ("mcp-name", target),
    ];
    for (name, value) in named {
        let value = value.and_then(|value| HeaderValue::from_str(&header::encode(&value)).ok());
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    http
}

fn error(id: Option<&RequestId>, code: u16, message: &str) -> Bytes {
    let id = id.map_or("0", RequestId::as_json);
    let message = json::string(message);
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":{message}}}}}"#).into()
}
