//! An invocation as the host's callers see it: what goes in, what comes out, what can go wrong.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::{mpsc, oneshot};

use crate::check::CannotRun;
use crate::fault::FunctionError;
use crate::limits;

/// What a function is invoked with.
#[derive(Clone, Debug, Default)]
pub struct Invocation {
    /// The event; handed to the function as it is. At most [`limits::MAX_PAYLOAD_BYTES`].
    pub payload: Bytes,
    /// The client context as JSON (not in base64).
    ///
    /// In base64 it must fit into [`limits::MAX_CLIENT_CONTEXT_BYTES`]. Line breaks become spaces,
    /// because the function receives it in a header; other control characters are refused.
    pub client_context: Option<Bytes>,
    /// The `X-Amzn-Trace-Id` to pass on; one is made if it is missing or cannot stand in a header.
    pub trace_id: Option<String>,
    /// The version or alias that was asked for: part of the ARN the function sees, nothing else.
    pub qualifier: Option<String>,
    /// A limit on this invocation, where it is shorter than the function's own timeout.
    pub timeout: Option<Duration>,
}

/// A function's answer.
#[derive(Debug)]
pub struct Response {
    /// The invocation's id, a version 4 UUID.
    pub request_id: String,
    /// The content type the function gave.
    pub content_type: String,
    /// Whether the function streams its answer.
    pub streaming: bool,
    /// The answer itself, which may still be coming in.
    pub body: ResponseBody,
}

/// The bytes of an answer, in order, and how it ended.
///
/// Dropping it does not stop the function, as on Lambda; what it still sends is thrown away.
#[derive(Debug)]
pub struct ResponseBody {
    request_id: String,
    chunks: mpsc::Receiver<Bytes>,
    pending: Option<oneshot::Receiver<Ending>>,
    ending: Ending,
}

impl ResponseBody {
    pub(crate) fn new(
        request_id: String,
        chunks: mpsc::Receiver<Bytes>,
        pending: oneshot::Receiver<Ending>,
    ) -> Self {
        Self { request_id, chunks, pending: Some(pending), ending: Ending::default() }
    }

    /// Waits for the next bytes; nothing means that the answer has ended, well or not.
    ///
    /// The wait is bounded by the invocation's timeout. Nothing is lost if it is given up.
    pub async fn next(&mut self) -> Option<Bytes> {
        poll_fn(|context| self.poll_next(context)).await
    }

    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(chunk) = ready!(self.chunks.poll_recv(context)) {
            return Poll::Ready(Some(chunk));
        }
        if let Some(pending) = &mut self.pending {
            let ending = ready!(std::pin::Pin::new(pending).poll(context));
            // Without an ending the instance's task was dropped, which ends its process.
            self.ending = ending.unwrap_or_else(|_| Ending {
                error: Some(FunctionError::exited(&self.request_id, None)),
                log_tail: Bytes::new(),
            });
            self.pending = None;
        }
        Poll::Ready(None)
    }

    /// The function's failure, once [`Self::next`] has returned nothing.
    pub fn function_error(&self) -> Option<&FunctionError> {
        self.ending.error.as_ref()
    }

    /// The last output of the invocation, at most [`limits::LOG_TAIL_BYTES`], once
    /// [`Self::next`] has returned nothing.
    pub fn log_tail(&self) -> &Bytes {
        &self.ending.log_tail
    }

    /// Waits for the end and returns all bytes, at most [`limits::MAX_STREAM_BYTES`].
    pub async fn collect(mut self) -> (Bytes, Option<FunctionError>) {
        let body = self.collect_within(limits::MAX_STREAM_BYTES).await;
        (body, self.ending.error)
    }

    /// Waits for the end and returns all bytes; more than `limit` are a function error.
    pub(crate) async fn collect_within(&mut self, limit: usize) -> Bytes {
        let Some(first) = self.next().await else { return Bytes::new() };
        let mut size = first.len();
        let mut rest = BytesMut::new();
        while let Some(chunk) = self.next().await {
            size += chunk.len();
            if size <= limit {
                rest.extend_from_slice(&chunk);
            }
        }
        if size > limit {
            self.ending.error.get_or_insert(FunctionError::response_too_large(size, limit));
            return Bytes::new();
        }
        if rest.is_empty() {
            return first;
        }
        let mut whole = BytesMut::with_capacity(size);
        whole.extend_from_slice(&first);
        whole.unsplit(rest);
        whole.freeze()
    }
}

/// How an answer ended.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    pub(crate) error: Option<FunctionError>,
    pub(crate) log_tail: Bytes,
}

/// Why there is no answer at all. A function that fails does answer: see [`FunctionError`].
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The host has no such function.
    #[error("function not found: {name}")]
    NotFound {
        /// The name that was asked for.
        name: String,
    },
    /// All instances that the function may have are busy.
    #[error("rate exceeded: all instances of the function are busy")]
    Throttled,
    /// The event is larger than Lambda accepts.
    #[error("payload of {size} bytes is larger than {limit} bytes")]
    PayloadTooLarge {
        /// The payload's size in bytes.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The client context or the qualifier cannot be passed on.
    #[error("{reason}")]
    Invalid {
        /// What is wrong with which of them.
        reason: &'static str,
    },
    /// No process could be started.
    #[error("cannot start the function: {0}")]
    CannotStart(#[from] CannotStart),
    /// The host is shut down or shutting down.
    #[error("the host is shut down")]
    ShutDown,
}

/// Why no process could be started.
#[derive(Debug, thiserror::Error)]
pub enum CannotStart {
    /// The program or the directory is missing.
    #[error(transparent)]
    Missing(#[from] CannotRun),
    /// The operating system refused: a port, a process or a file.
    #[error("failed to {doing}: {source}")]
    System {
        /// What the host was about to do.
        doing: &'static str,
        /// The operating system's answer.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn collect(chunks: &[usize], limit: usize) -> (usize, Option<FunctionError>) {
        let (sender, receiver) = mpsc::channel(chunks.len().max(1));
        let (ending, pending) = oneshot::channel();
        for size in chunks {
            sender.try_send(Bytes::from(vec![b'x'; *size])).expect("room");
        }
        drop(sender);
        ending.send(Ending::default()).expect("a reader");
        let mut body = ResponseBody::new("id".to_owned(), receiver, pending);
        let bytes = body.collect_within(limit).await;
        (bytes.len(), body.ending.error)
    }

    #[tokio::test]
    async fn collecting_stops_at_the_limit() {
        assert_eq!(collect(&[], 3).await, (0, None));
        assert_eq!(collect(&[3], 3).await, (3, None));
        assert_eq!(collect(&[1, 1, 1], 3).await, (3, None));
        assert_eq!(collect(&[4], 3).await, (0, Some(FunctionError::response_too_large(4, 3))));
        assert_eq!(collect(&[3, 1], 3).await, (0, Some(FunctionError::response_too_large(4, 3))));
    }

    #[tokio::test]
    async fn a_lost_instance_is_a_function_error() {
        let (sender, receiver) = mpsc::channel::<Bytes>(1);
        let (ending, pending) = oneshot::channel();
        drop((sender, ending));
        let (bytes, error) = ResponseBody::new("id".to_owned(), receiver, pending).collect().await;
        assert!(bytes.is_empty());
        let error = error.expect("an error");
        assert_eq!(error.error_type.as_deref(), Some("Runtime.ExitError"));
    }
}
