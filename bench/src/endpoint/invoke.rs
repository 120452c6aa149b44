//! Lambda's Invoke API for functions that answer at once, or say how far they are.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::time::Instant;

use super::{Body, whole};
use crate::gateway::AtOnce;
use crate::moment::Moment;

/// Reports that a streaming function sends before its answer.
pub const REPORTS: u32 = 40;
/// Time between two of them.
pub const BETWEEN: Duration = Duration::from_millis(5);
/// How the moment of sending begins in a report's message.
pub const SENT: &str = "sent at ";

/// The answer to an invocation, by its path.
pub(super) fn answer(path: &str) -> Response<Body> {
    match path.rsplit('/').next() {
        Some("invocations") => {
            let payload = AtOnce::answer(crate::catalog::ECHO);
            whole(StatusCode::OK, "application/json", payload)
        }
        Some("response-streaming-invocations") => streaming(),
        _ => whole(StatusCode::NOT_FOUND, "application/json", "{}"),
    }
}

/// Reports of progress, one every few milliseconds, each with the moment of its sending.
fn streaming() -> Response<Body> {
    let started = Instant::now();
    let pieces = futures_util::stream::unfold(0, move |number| async move {
        let payload = match number {
            ..REPORTS => {
                tokio::time::sleep_until(started + BETWEEN * number).await;
                report(number)
            }
            REPORTS => {
                let answer = String::from_utf8_lossy(&AtOnce::answer("")).into_owned();
                event("PayloadChunk", &format!("{answer}\n"))
            }
            _ => return None,
        };
        let end = match number == REPORTS {
            true => event("InvokeComplete", "{}"),
            false => Vec::new(),
        };
        let frame = Frame::data(Bytes::from([payload, end].concat()));
        Some((Ok(frame), number + 1))
    });
    let mut response = Response::new(StreamBody::new(pieces).boxed_unsync());
    let content_type = http::HeaderValue::from_static("application/vnd.amazon.eventstream");
    response.headers_mut().insert(http::header::CONTENT_TYPE, content_type);
    response
}

fn report(number: u32) -> Vec<u8> {
    let Moment(nanos) = Moment::now();
    let progress = number + 1;
    let line = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progress":{progress},"message":"{SENT}{nanos}"}}}}"#
    );
    event("PayloadChunk", &(line + "\n"))
}

/// A message of `application/vnd.amazon.eventstream`: lengths with their checksum, headers,
/// payload, and the checksum of all.
fn event(kind: &str, payload: &str) -> Vec<u8> {
    /// The header type of a text.
    const STRING: u8 = 7;
    let mut headers = Vec::new();
    for (name, value) in [
        (":message-type", "event"),
        (":event-type", kind),
        (":content-type", "application/octet-stream"),
    ] {
        headers.push(u8::try_from(name.len()).expect("our names are short"));
        headers.extend_from_slice(name.as_bytes());
        headers.push(STRING);
        let length = u16::try_from(value.len()).expect("our values are short");
        headers.extend_from_slice(&length.to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let number = |number: usize| u32::try_from(number).expect("our payloads are short");
    let mut message = Vec::new();
    let total = number(12 + headers.len() + payload.len() + 4);
    message.extend_from_slice(&total.to_be_bytes());
    message.extend_from_slice(&number(headers.len()).to_be_bytes());
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message.extend_from_slice(&headers);
    message.extend_from_slice(payload.as_bytes());
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_the_documented_layout() {
        let message = event("PayloadChunk", "hello");
        let word = |at: usize| u32::from_be_bytes(message[at..at + 4].try_into().expect("four"));
        assert_eq!(word(0) as usize, message.len());
        assert_eq!(word(8), crc32fast::hash(&message[..8]));
        assert!(
            message[12..].starts_with(b"\x0d:message-type\x07\x00\x05event\x0b:event-type\x07")
        );
        let end = message.len() - 4;
        assert_eq!(&message[12 + word(4) as usize..end], b"hello");
        assert_eq!(word(end), crc32fast::hash(&message[..end]));
    }
}
