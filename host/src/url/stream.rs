//! Streamed answers: a JSON prelude, eight NUL bytes, then the body as it comes.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use http::Response;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use serde_json::{Map, Value};

use super::function_failed;
use super::head::{Head, Malformed};
use crate::invocation::{self, ResponseBody};
use crate::limits;

/// The content type that announces a prelude.
const WITH_PRELUDE: &str = "application/vnd.awslambda.http-integration-response";

/// Passes a function's answer on while it comes in.
///
/// Only an answer of the announcing content type has a prelude; any other is the body of a 200.
/// An answer that fails before its head is complete is a 502.
pub(super) async fn forward(
    response: invocation::Response,
) -> Response<BoxBody<Bytes, Infallible>> {
    let invocation::Response { content_type, mut body, .. } = response;
    if !content_type.eq_ignore_ascii_case(WITH_PRELUDE) {
        let first = body.next().await;
        if first.is_none() && body.function_error().is_some() {
            return function_failed();
        }
        return Head::ok(&content_type).with(Rest { first, body }.boxed());
    }
    let mut prelude = Prelude::default();
    while let Some(chunk) = body.next().await {
        match prelude.feed(&chunk) {
            Ok(None) => {}
            Ok(Some((head, rest))) => {
                let first = Some(rest).filter(|rest| !rest.is_empty());
                let head = head.default_content_type("application/octet-stream");
                return head.with(Rest { first, body }.boxed());
            }
            Err(Malformed) => break,
        }
    }
    function_failed()
}

/// Collects a prelude from chunks that are cut anywhere.
#[derive(Default)]
struct Prelude {
    bytes: BytesMut,
}

impl Prelude {
    /// Takes a chunk; gives the head and the first bytes of the body when the prelude is complete.
    fn feed(&mut self, chunk: &[u8]) -> Result<Option<(Head, Bytes)>, Malformed> {
        // The separator may have begun in an earlier chunk.
        let from = self.bytes.len().saturating_sub(SEPARATOR.len() - 1);
        self.bytes.extend_from_slice(chunk);
        let found = self.bytes[from..].windows(SEPARATOR.len()).position(|w| w == SEPARATOR);
        let Some(end) = found.map(|position| from + position) else {
            let open = self.bytes.len() < limits::MAX_PRELUDE_BYTES + SEPARATOR.len();
            return if open { Ok(None) } else { Err(Malformed) };
        };
        if end > limits::MAX_PRELUDE_BYTES {
            return Err(Malformed);
        }
        let mut rest = self.bytes.split_off(end);
        rest.advance(SEPARATOR.len());
        let object: Map<String, Value> =
            serde_json::from_slice(&self.bytes).map_err(|_| Malformed)?;
        Ok(Some((Head::parse(&object)?, rest.freeze())))
    }
}

const SEPARATOR: [u8; 8] = [0; 8];

/// The body that follows a head.
struct Rest {
    first: Option<Bytes>,
    body: ResponseBody,
}

impl Body for Rest {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let chunk = match this.first.take() {
            Some(first) => Some(first),
            None => ready!(this.body.poll_next(context)),
        };
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(chunks: &[&[u8]]) -> Result<Option<(u16, Vec<u8>)>, Malformed> {
        let mut prelude = Prelude::default();
        for (position, chunk) in chunks.iter().enumerate() {
            if let Some((head, rest)) = prelude.feed(chunk)? {
                let mut body = rest.to_vec();
                chunks[position + 1..].iter().for_each(|chunk| body.extend_from_slice(chunk));
                return Ok(Some((head.with(()).status().as_u16(), body)));
            }
        }
        Ok(None)
    }

    #[test]
    fn a_prelude_may_be_cut_anywhere() {
        let whole = b"{\"statusCode\":201}\0\0\0\0\0\0\0\0\0body";
        for cut in 0..=whole.len() {
            let (left, right) = whole.split_at(cut);
            assert_eq!(feed(&[left, right]), Ok(Some((201, b"\0body".to_vec()))), "{cut}");
        }
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(feed(&bytes), Ok(Some((201, b"\0body".to_vec()))));
    }

    #[test]
    fn an_incomplete_prelude_is_waited_for() {
        assert_eq!(feed(&[b"{\"statusCode\":201}\0\0\0\0\0\0\0"]), Ok(None));
    }

    #[test]
    fn a_prelude_is_bounded() {
        let padded = |length: usize| {
            let mut bytes = b"{}".to_vec();
            bytes.resize(length, b' ');
            bytes.extend_from_slice(&SEPARATOR);
            bytes
        };
        let limit = limits::MAX_PRELUDE_BYTES;
        assert_eq!(feed(&[&padded(limit)]), Ok(Some((200, vec![]))));
        assert_eq!(feed(&[&padded(limit + 1)]), Err(Malformed));
        assert_eq!(feed(&[&vec![b' '; limit + 8]]), Err(Malformed));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for bad in [&b"[]"[..], b"", b"{", b"{\"statusCode\":1}"] {
            let mut bytes = bad.to_vec();
            bytes.extend_from_slice(&SEPARATOR);
            assert_eq!(feed(&[&bytes]), Err(Malformed), "{bad:?}");
        }
    }
}
