//! Bodies of responses: nothing, pieces with a known length, or events as they come.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::edge::events::Events;
use crate::protocol::rope::Rope;

/// A response's body. It never fails: an error inside a stream is an event.
pub enum Body {
    /// Pieces in order.
    Pieces(VecDeque<Bytes>),
    /// An event stream.
    Events(Box<Events>),
}

impl Body {
    /// No bytes.
    pub fn empty() -> Self {
        Self::Pieces(VecDeque::new())
    }

    /// Whether this is an event stream.
    pub fn is_stream(&self) -> bool {
        matches!(self, Self::Events(_))
    }
}

impl From<Rope> for Body {
    fn from(rope: Rope) -> Self {
        Self::Pieces(rope.into_pieces().into())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Pieces([bytes].into())
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match self.get_mut() {
            Self::Pieces(pieces) => Poll::Ready(pieces.pop_front()),
            Self::Events(events) => events.poll_next(context),
        };
        next.map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Pieces(pieces) if pieces.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Pieces(pieces) => {
                SizeHint::with_exact(pieces.iter().map(|piece| piece.len() as u64).sum())
            }
            Self::Events(_) => SizeHint::default(),
        }
    }
}
