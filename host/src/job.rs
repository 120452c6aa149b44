//! One invocation on its way from the caller to an instance.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use tokio::sync::{mpsc, oneshot};

use crate::invocation::Ending;

/// What an instance needs to run an invocation once, checked and ready to be put into headers.
pub(crate) struct Job {
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    pub(crate) client_context: Option<HeaderValue>,
    pub(crate) trace_id: HeaderValue,
    pub(crate) arn: HeaderValue,
    pub(crate) timeout: Duration,
    pub(crate) chunks: mpsc::Sender<Bytes>,
    pub(crate) ending: oneshot::Sender<Ending>,
}

/// A job given to one instance, and where that instance says what became of it.
pub(crate) struct Assignment {
    pub(crate) job: Job,
    pub(crate) opening: oneshot::Sender<Opening>,
}

/// The first thing an instance says about an assignment.
pub(crate) enum Opening {
    /// The answer begins, or is a failure: the rest comes through the job's own channels.
    Head(Head),
    /// The function never saw the job; another instance may have it.
    NotTaken(Box<Job>),
}

/// What is known of an answer before its bytes.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) content_type: String,
    pub(crate) streaming: bool,
}

impl Head {
    /// The head of a failure.
    pub(crate) fn error() -> Self {
        Self { content_type: "application/json".to_owned(), streaming: false }
    }
}
