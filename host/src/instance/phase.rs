//! The states of an instance and of the invocation it is busy with.

use bytes::Bytes;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::fault::FunctionError;
use crate::invocation::Ending;
use crate::job::{Assignment, Head, Opening};
use crate::limits;
use crate::runtime_api::{Event, Mode, Opened, Outcome, Refusal};

/// Where an instance stands. Every state has an end.
pub(super) enum Phase {
    /// The process has not asked for work yet.
    Starting { until: Instant },
    /// The process waits for work.
    Ready { reply: oneshot::Sender<Event>, until: Instant },
    /// The process has work.
    Running(Active),
    /// The process is sending its answer.
    Answering(Active),
    /// The process has answered and has not asked for more work yet.
    Resting { until: Instant },
}

impl Phase {
    /// When something is due unless something happens.
    pub(super) fn until(&self, waiting: Option<&Waiting>) -> Instant {
        match self {
            Self::Starting { until } | Self::Ready { until, .. } => *until,
            Self::Running(active) | Self::Answering(active) => active.until,
            Self::Resting { until } => match waiting {
                Some(waiting) => (*until).min(waiting.since + limits::REST_GRACE),
                None => *until,
            },
        }
    }

    /// Whether an invocation is under way.
    pub(super) fn is_busy(&self) -> bool {
        match self {
            Self::Running(_) | Self::Answering(_) => true,
            Self::Starting { .. } | Self::Ready { .. } | Self::Resting { .. } => false,
        }
    }

    /// Begins the answer to an invocation; of a stream, its head goes to the caller now.
    pub(super) fn open(self, request_id: &str, mode: Mode) -> (Self, Result<Opened, Refusal>) {
        let refusal = match self {
            Self::Running(mut active) if active.request_id == request_id => {
                let chunks = match mode {
                    Mode::Buffered => None,
                    Mode::Streaming { content_type } => {
                        active.announce(Head { content_type, streaming: true });
                        active.chunks.take()
                    }
                };
                return (Self::Answering(active), Ok(Opened { chunks }));
            }
            Self::Answering(ref active) if active.request_id == request_id => Refusal::WrongState,
            Self::Starting { .. }
            | Self::Ready { .. }
            | Self::Running(_)
            | Self::Answering(_)
            | Self::Resting { .. } => Refusal::UnknownRequest,
        };
        (self, Err(refusal))
    }
}

/// Work that was given to an instance and that its process has not asked for.
pub(super) struct Waiting {
    pub(super) assignment: Assignment,
    pub(super) since: Instant,
}

impl Waiting {
    /// Hands the work back, so that another instance may do it.
    pub(super) fn give_back(self) {
        let Assignment { job, opening } = self.assignment;
        // A caller that has gone does not need it done.
        let _ = opening.send(Opening::NotTaken(Box::new(job)));
    }

    /// Tells the caller that the work failed before it was begun.
    pub(super) fn fail(self, error: FunctionError, log_tail: Bytes) {
        Active::new(self.assignment, self.since).fail(error, log_tail);
    }
}

/// An invocation that the process has begun.
pub(super) struct Active {
    pub(super) request_id: String,
    pub(super) limit: Duration,
    pub(super) until: Instant,
    opening: Option<oneshot::Sender<Opening>>,
    chunks: Option<mpsc::Sender<Bytes>>,
    ending: oneshot::Sender<Ending>,
}

impl Active {
    pub(super) fn new(assignment: Assignment, now: Instant) -> Self {
        let Assignment { job, opening } = assignment;
        Self {
            request_id: job.request_id,
            limit: job.timeout,
            until: now + job.timeout,
            opening: Some(opening),
            chunks: Some(job.chunks),
            ending: job.ending,
        }
    }

    /// Gives the caller its answer's end, and before it what it has not got yet.
    pub(super) fn close(mut self, outcome: Outcome, log_tail: Bytes) {
        let error = match outcome {
            Outcome::Buffered { content_type, body } => {
                self.announce(Head { content_type, streaming: false });
                if let Some(chunks) = self.chunks.take()
                    && !body.is_empty()
                {
                    // There is room, for this is the only chunk; without a reader it is not needed.
                    let _ = chunks.try_send(body);
                }
                None
            }
            Outcome::Streamed { error } => error,
            Outcome::Failed { error } => Some(error),
            Outcome::Truncated => Some(FunctionError::truncated(&self.request_id)),
        };
        self.settle(error, log_tail);
    }

    /// Tells the caller that the invocation failed.
    pub(super) fn fail(self, error: FunctionError, log_tail: Bytes) {
        self.settle(Some(error), log_tail);
    }

    fn settle(mut self, error: Option<FunctionError>, log_tail: Bytes) {
        self.announce(Head::error());
        self.chunks = None;
        let _ = self.ending.send(Ending { error, log_tail });
    }

    /// Sends the head, once.
    fn announce(&mut self, head: Head) {
        if let Some(opening) = self.opening.take() {
            let _ = opening.send(Opening::Head(head));
        }
    }
}
