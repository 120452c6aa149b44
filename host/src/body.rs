//! Request bodies read within bounds, and the response body type of the crate's two front ends.

use std::convert::Infallible;
use std::pin::pin;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};

use crate::limits;

/// Reads a whole body of at most `limit` bytes.
///
/// Of a larger one some more is read and thrown away, so that a sender that does not read before
/// it has sent everything gets to see why it is refused.
pub(crate) async fn read<B: Body<Data = Bytes>>(
    body: B,
    limit: usize,
) -> Result<Bytes, Unreadable> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut body = pin!(body);
    let mut size = 0;
    let mut bytes = BytesMut::with_capacity(announced.min(limit));
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Err(Unreadable::Broken) };
        let Ok(chunk) = frame.into_data() else { continue };
        size += chunk.len();
        if size <= limit {
            bytes.extend_from_slice(&chunk);
        } else if size > limit.saturating_add(limits::DRAIN_BYTES) {
            break;
        }
    }
    if size > limit {
        return Err(Unreadable::TooLarge { size: size.max(announced) });
    }
    Ok(bytes.freeze())
}

/// Why a body was not read.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Unreadable {
    /// It has this many bytes, or at least that many.
    TooLarge {
        /// The size in bytes.
        size: usize,
    },
    /// Its sender broke it off.
    Broken,
}

/// A body that is there already.
pub(crate) fn full(bytes: impl Into<Bytes>) -> BoxBody<Bytes, Infallible> {
    Full::new(bytes.into()).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_limit_is_inclusive() {
        let body = || Full::new(Bytes::from_static(b"12345"));
        assert_eq!(read(body(), 5).await.expect("fits"), "12345");
        assert_eq!(read(body(), 4).await, Err(Unreadable::TooLarge { size: 5 }));
        assert_eq!(read(Full::default(), 0).await.expect("fits"), "");
    }
}
