//! How an instance ends: the process first, then its slot, and last those who wait for an answer.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::phase::{Phase, Waiting};
use super::{Instance, Stop};
use crate::fault::FunctionError;
use crate::limits;

impl Instance {
    /// Ends the instance for a reason. Afterwards nothing of it is left.
    pub(super) async fn end(mut self, stop: Stop) {
        self.function.pool.withdraw(self.id);
        // Nobody can be about to send any more after this, and what was sent is given back.
        self.work.close();
        let mut unseen = Vec::new();
        while let Some(assignment) = self.work.recv().await {
            unseen.push(Waiting { assignment, since: Instant::now() });
        }
        let stop = self.name_cause(stop).await;
        self.process.end().await;
        self.connections.shutdown().await;
        self.output.finish().await;
        // A caller that sees its invocation fail may invoke again at once: there is room by then.
        drop(self.slot);
        let starting = matches!(self.phase, Phase::Starting { .. });
        if let Some(waiting) = self.waiting.take() {
            if starting {
                let id = waiting.assignment.job.request_id.clone();
                self.journal.begin(&id);
                if let Some(error) = self
                    .init_error
                    .take()
                    .or_else(|| describe(&stop, &id, self.function.options.init_timeout))
                {
                    self.journal.write_error(&error);
                    waiting.fail(error, self.journal.tail());
                }
            } else if !matches!(stop, Stop::ShutDown) {
                unseen.push(waiting);
            }
        }
        match self.phase {
            Phase::Running(active) | Phase::Answering(active) => {
                if let Some(error) = describe(&stop, &active.request_id, active.limit) {
                    self.journal.write_error(&error);
                    active.fail(error, self.journal.tail());
                }
            }
            Phase::Starting { .. } | Phase::Ready { .. } | Phase::Resting { .. } => {}
        }
        if !matches!(stop, Stop::ShutDown) {
            unseen.into_iter().for_each(Waiting::give_back);
        }
    }

    /// Tells a process that broke off its answer from one that has died in the middle of it.
    async fn name_cause(&mut self, stop: Stop) -> Stop {
        match stop {
            Stop::Truncated => match timeout(limits::EXIT_GRACE, self.process.wait()).await {
                Ok(status) => Stop::Exited(status),
                Err(_) => Stop::Truncated,
            },
            Stop::ShutDown | Stop::Idle | Stop::Exited(_) | Stop::InitTimedOut | Stop::TimedOut => {
                stop
            }
        }
    }
}

/// The error of an invocation whose instance has ended; none where the host itself ends.
fn describe(stop: &Stop, request_id: &str, limit: Duration) -> Option<FunctionError> {
    match stop {
        Stop::ShutDown => None,
        Stop::Idle => Some(FunctionError::exited(request_id, None)),
        Stop::Exited(status) => Some(FunctionError::exited(request_id, *status)),
        Stop::InitTimedOut => Some(FunctionError::init_timed_out(request_id, limit)),
        Stop::TimedOut => Some(FunctionError::timed_out(request_id, limit)),
        Stop::Truncated => Some(FunctionError::truncated(request_id)),
    }
}
