//! Answers as `application/vnd.amazon.eventstream`, the framing of InvokeWithResponseStream.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use http_body::{Body, Frame};
use serde_json::{Map, Value};

use crate::invocation::ResponseBody;

/// A function's answer as event stream messages: `PayloadChunk`s as the bytes arrive, then one
/// `InvokeComplete`.
pub(super) struct EventStream {
    body: ResponseBody,
    log_tail: bool,
    ended: bool,
}

impl EventStream {
    pub(super) fn new(body: ResponseBody, log_tail: bool) -> Self {
        Self { body, log_tail, ended: false }
    }

    fn complete(&self) -> Bytes {
        let mut summary = Map::new();
        if let Some(error) = self.body.function_error() {
            let code = error.error_type.as_ref().unwrap_or(&error.kind);
            summary.insert("ErrorCode".to_owned(), code.as_str().into());
            let details = String::from_utf8_lossy(&error.payload);
            summary.insert("ErrorDetails".to_owned(), details.into());
        }
        if self.log_tail {
            let log = STANDARD.encode(self.body.log_tail());
            summary.insert("LogResult".to_owned(), log.into());
        }
        message("InvokeComplete", "application/json", Value::Object(summary).to_string().as_bytes())
    }
}

impl Body for EventStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        let bytes = match ready!(this.body.poll_next(context)) {
            Some(chunk) => message("PayloadChunk", "application/octet-stream", &chunk),
            None => {
                this.ended = true;
                this.complete()
            }
        };
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}

/// Renders one message: lengths and their checksum, headers, payload, checksum of all.
///
/// A payload is a chunk that the host has received: far below the 16 MiB that readers allow.
fn message(event_type: &str, content_type: &str, payload: &[u8]) -> Bytes {
    let mut headers = BytesMut::new();
    for (name, value) in
        [(":message-type", "event"), (":event-type", event_type), (":content-type", content_type)]
    {
        put_header(&mut headers, name, value);
    }
    let total = PRELUDE_BYTES + headers.len() + payload.len() + CHECKSUM_BYTES;
    let mut message = BytesMut::with_capacity(total);
    message.put_u32(length(total));
    message.put_u32(length(headers.len()));
    message.put_u32(crc32fast::hash(&message));
    message.extend_from_slice(&headers);
    message.extend_from_slice(payload);
    message.put_u32(crc32fast::hash(&message));
    message.freeze()
}

fn put_header(headers: &mut BytesMut, name: &str, value: &str) {
    headers.put_u8(u8::try_from(name.len()).expect("our header names are short"));
    headers.extend_from_slice(name.as_bytes());
    headers.put_u8(STRING);
    headers.put_u16(u16::try_from(value.len()).expect("our header values are short"));
    headers.extend_from_slice(value.as_bytes());
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a chunk has at most 200 MiB")
}

const PRELUDE_BYTES: usize = 12;
const CHECKSUM_BYTES: usize = 4;

/// The header type of a text with a length of 16 bits.
const STRING: u8 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_documented_layout() {
        let message = message("PayloadChunk", "application/octet-stream", b"hello");
        let word = |at: usize| {
            u32::from_be_bytes(message[at..at + 4].try_into().expect("four bytes")) as usize
        };
        assert_eq!(word(0), message.len());
        let headers = &message[12..12 + word(4)];
        assert_eq!(word(8), crc32fast::hash(&message[..8]) as usize);
        assert!(headers.starts_with(b"\x0d:message-type\x07\x00\x05event\x0b:event-type\x07"));
        assert_eq!(&message[12 + word(4)..message.len() - 4], b"hello");
        let end = message.len() - 4;
        assert_eq!(word(end), crc32fast::hash(&message[..end]) as usize);
    }
}
