//! Answers out: HTTP responses in the forms that Lambda's front ends take.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::HeaderMap;
use http::{Response, StatusCode};
use http_body::Body as _;
use tokio::time::{Instant, Sleep};

use crate::edge::body::Body;
use crate::protocol::json;

/// Bytes of an answer that does not stream, as Lambda counts them: the JSON, with escapes.
pub const MAX_WHOLE_BYTES: usize = 6_291_556;
/// What stands between the head and the body of an answer that streams.
const SEPARATOR: [u8; 8] = [0; 8];

/// An answer to an invocation.
pub enum Answer {
    /// JSON, all at once.
    Whole(Bytes),
    /// A head, and then a body as it comes.
    Streamed(Box<Streamed>),
    /// The function's own error: the caller sees its type and message.
    Failed(Failure),
}

/// Why an event was not taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// Lambda's `errorType`.
    pub kind: &'static str,
    /// Lambda's `errorMessage`.
    pub message: String,
}

/// A response as it is streamed: status and headers as JSON, eight zero bytes, the body.
pub struct Streamed {
    prelude: Option<Bytes>,
    body: Body,
    end: Pin<Box<Sleep>>,
    over: bool,
}

impl Streamed {
    /// Streams a response, and ends it in good order if it has not ended by then.
    pub fn new(response: Response<Body>, end: Instant) -> Self {
        let (parts, body) = response.into_parts();
        let mut prelude = head(parts.status, &parts.headers).into_bytes();
        prelude.push(b'}');
        prelude.extend_from_slice(&SEPARATOR);
        let end = Box::pin(tokio::time::sleep_until(end));
        Self { prelude: Some(prelude.into()), body, end, over: false }
    }

    /// The next bytes. Never fails: what Lambda would be told of a failure would become part of
    /// the body.
    pub fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(prelude) = self.prelude.take() {
            return Poll::Ready(Some(prelude));
        }
        if self.over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(piece) = poll_body(&mut self.body, context) {
            return Poll::Ready(piece);
        }
        std::task::ready!(self.end.as_mut().poll(context));
        self.over = true;
        Poll::Ready(None)
    }
}

fn poll_body(body: &mut Body, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
    Pin::new(body).poll_frame(context).map(|frame| {
        let Ok(frame) = frame?;
        frame.into_data().ok()
    })
}

/// Reads a body to its end, or to the given moment; `None` when it has more than `limit` bytes.
pub async fn collect(mut body: Body, limit: usize, end: Instant) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    let reading = async {
        while let Some(piece) = poll_fn(|context| poll_body(&mut body, context)).await {
            if whole.len() + piece.len() > limit {
                return None;
            }
            whole.extend_from_slice(&piece);
        }
        Some(())
    };
    // What is there by the end is what there is.
    let read = tokio::time::timeout_at(end, reading).await;
    read.unwrap_or(Some(())).map(|()| whole)
}

/// A response all at once, as Function URLs and API Gateway take it.
pub async fn whole(response: Response<Body>, end: Instant) -> Bytes {
    let (parts, body) = response.into_parts();
    let body = collect(body, MAX_WHOLE_BYTES, end).await;
    let text = body.and_then(|body| described(parts.status, &parts.headers, &body));
    text.unwrap_or_else(too_large).into()
}

/// `None` when it is more than Lambda takes.
fn described(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let mut text = head(status, headers);
    text.push_str(r#","body":"#);
    match std::str::from_utf8(body) {
        Ok(body) => {
            json::write_string(&mut text, body);
            text.push_str(r#","isBase64Encoded":false}"#);
        }
        Err(_) => {
            text.push('"');
            STANDARD.encode_string(body, &mut text);
            text.push_str(r#"","isBase64Encoded":true}"#);
        }
    }
    (text.len() <= MAX_WHOLE_BYTES).then_some(text)
}

fn too_large() -> String {
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "the answer is larger than the 6 MB that a deployment without response streaming can send",
    )
}

/// An answer of our own where the edge gives none.
pub fn problem_response(status: StatusCode, detail: &str) -> Response<Body> {
    let text = format!(
        r#"{{"type":"about:blank","title":{},"status":{},"detail":{},"error":{}}}"#,
        json::string(status.canonical_reason().unwrap_or("Error")),
        status.as_u16(),
        json::string(detail),
        json::string(detail)
    );
    let mut response = Response::new(Body::Pieces([Bytes::from(text)].into()));
    *response.status_mut() = status;
    let kind = http::HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let soon = http::HeaderValue::from_static("1");
        response.headers_mut().insert(http::header::RETRY_AFTER, soon);
    }
    response
}

fn problem(status: StatusCode, detail: &str) -> String {
    let (parts, body) = problem_response(status, detail).into_parts();
    let Body::Pieces(pieces) = body else { return String::new() };
    let body: Vec<u8> = pieces.into_iter().flatten().collect();
    described(parts.status, &parts.headers, &body).unwrap_or_default()
}

/// Status and headers, the object left open. Several values of a header are joined by commas,
/// which none of ours minds.
fn head(status: StatusCode, headers: &HeaderMap) -> String {
    let mut text = format!(r#"{{"statusCode":{},"headers":{{"#, status.as_u16());
    for (position, name) in headers.keys().enumerate() {
        if position > 0 {
            text.push(',');
        }
        json::write_string(&mut text, name.as_str());
        text.push(':');
        let values: Vec<_> = headers.get_all(name).iter().map(|v| v.to_str()).collect();
        let values: Vec<&str> = values.into_iter().filter_map(Result::ok).collect();
        json::write_string(&mut text, &values.join(", "));
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn response(body: Bytes) -> Response<Body> {
        let mut response = Response::new(Body::Pieces([body].into()));
        response.headers_mut().insert("content-type", http::HeaderValue::from_static("a/b"));
        response.headers_mut().append("vary", http::HeaderValue::from_static("x"));
        response.headers_mut().append("vary", http::HeaderValue::from_static("y"));
        response
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    #[tokio::test]
    async fn text_goes_as_text_and_the_rest_in_base64() {
        let text = whole(response("a\"\n".into()), soon()).await;
        let expected = concat!(
            r#"{"statusCode":200,"headers":{"content-type":"a/b","vary":"x, y"},"#,
            r#""body":"a\"\n","isBase64Encoded":false}"#
        );
        assert_eq!(text, expected);
        let bytes = whole(response(Bytes::from_static(&[0xff, 0])), soon()).await;
        assert!(bytes.ends_with(br#""body":"/wA=","isBase64Encoded":true}"#));
    }

    #[tokio::test]
    async fn whole_answers_at_and_above_the_bound() {
        let around = whole(response(Bytes::new()), soon()).await.len();
        let of = |length: usize| response(vec![b'x'; length].into());
        let fitting = whole(of(MAX_WHOLE_BYTES - around), soon()).await;
        assert_eq!(fitting.len(), MAX_WHOLE_BYTES);
        assert!(fitting.starts_with(br#"{"statusCode":200"#));
        let over = whole(of(MAX_WHOLE_BYTES - around + 1), soon()).await;
        assert!(over.starts_with(br#"{"statusCode":500"#));
        // Escapes count.
        let escaped = response(vec![b'"'; MAX_WHOLE_BYTES / 2].into());
        assert!(whole(escaped, soon()).await.starts_with(br#"{"statusCode":500"#));
        assert!(whole(of(MAX_WHOLE_BYTES + 1), soon()).await.starts_with(br#"{"statusCode":500"#));
    }

    #[tokio::test]
    async fn a_stream_begins_with_its_head() {
        let mut streamed = Streamed::new(response("body".into()), soon());
        let head = poll_fn(|context| streamed.poll_piece(context)).await.expect("a head");
        let expected =
            b"{\"statusCode\":200,\"headers\":{\"content-type\":\"a/b\",\"vary\":\"x, y\"}}\0\0\0\0\0\0\0\0";
        assert_eq!(&head[..], &expected[..]);
        assert_eq!(poll_fn(|context| streamed.poll_piece(context)).await, Some("body".into()));
        assert_eq!(poll_fn(|context| streamed.poll_piece(context)).await, None);
    }
}
