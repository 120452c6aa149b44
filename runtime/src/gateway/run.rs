//! One call from its subject to its answer: invoke, ask where the function asks, invoke again.

use std::time::Duration;

use tokio::time::Instant;

use crate::gateway::{Answered, Asked, Gateway, input, legacy};
use crate::invoke::context::Caller;
use crate::invoke::exchange::Outgoing;
use crate::invoke::outcome::Outcome;
use crate::invoke::trace::Trace;
use crate::invoke::{self, Resume, Subject};
use crate::protocol::call;
use crate::protocol::error::RpcError;
use crate::protocol::jsonrpc::Request;
use crate::protocol::limits;
use crate::protocol::notification::Wanted;
use crate::protocol::render::CacheHint;
use crate::protocol::version::Version;
use crate::registration::Target;

/// The pause before a function that asks for time alone is called again; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Its bound.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Gateway {
    /// Calls a subject's function, if it may be called, until there is a result.
    pub(super) async fn run(
        &self,
        subject: &Subject<'_>,
        given: &call::Resume<'_>,
        request: &Request<'_>,
        asked: &Asked<'_>,
        outgoing: &Outgoing,
    ) -> Answered {
        let warning = match self.admit_call(subject).await {
            Ok(warning) => warning,
            Err(limited) => return limited.into(),
        };
        let mut spent = None;
        let mut answered = self.rounds(subject, given, request, asked, outgoing, &mut spent).await;
        answered.facts.target_time = spent;
        answered.warned(warning)
    }

    /// Calls until there is a result, asking the client in between; `spent` is what the function
    /// took for it.
    async fn rounds(
        &self,
        subject: &Subject<'_>,
        given: &call::Resume<'_>,
        request: &Request<'_>,
        asked: &Asked<'_>,
        outgoing: &Outgoing,
        spent: &mut Option<Duration>,
    ) -> Answered {
        let wanted = match self.wanted(asked) {
            Ok(wanted) => wanted,
            Err(error) => return error.into(),
        };
        let mut resume = match self.resume(subject, given, asked).await {
            Ok(resume) => resume,
            Err(error) => return error.into(),
        };
        let caller = self.caller(request, asked, &wanted, subject.target());
        let mut pause = FIRST_PAUSE;
        for _ in 0..limits::MAX_INPUT_ROUNDS {
            let started = Instant::now();
            let outcome =
                invoke::call(&*self.ports.invoker, subject, &caller, &resume, outgoing).await;
            *spent = Some(spent.unwrap_or_default() + started.elapsed());
            let Outcome::InputRequired(required) = outcome else {
                return finish(subject, outcome, asked);
            };
            let (left, missing) = required.permitted(asked.capabilities);
            if left.requests.is_empty() && (!missing.is_empty() || left.state.is_none()) {
                return input::cannot_ask(subject, &missing, asked.version);
            }
            if left.requests.is_empty() && !asked.version.is_modern() {
                // Only time is asked for: a legacy client need not know.
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                resume = Resume { responses: None, state: left.state };
                continue;
            }
            match asked.session {
                _ if asked.version.is_modern() => {
                    return Box::pin(self.hand_over(subject, &left, asked)).await;
                }
                Some((session, _)) if outgoing.is_open() => {
                    let asking = self.ask(session, &left.requests, outgoing, asked.deadline);
                    match Box::pin(asking).await {
                        Ok(responses) => {
                            resume = Resume { responses: Some(responses), state: left.state };
                        }
                        Err(why) => return input::not_answered(subject, &why, asked.version),
                    }
                }
                _ => return input::cannot_ask(subject, &missing, asked.version),
            }
        }
        input::not_answered(subject, "the function asked too often", asked.version)
    }

    fn wanted(&self, asked: &Asked<'_>) -> Result<Wanted, RpcError> {
        let progress = asked.meta.progress_token()?;
        let log = match asked.version {
            Version::Modern => asked.meta.log_level()?,
            Version::Legacy(_) => Some(legacy::log_level(asked.session)),
        };
        Ok(Wanted { progress, log })
    }

    pub(super) fn caller<'a>(
        &self,
        request: &'a Request<'_>,
        asked: &'a Asked<'_>,
        wanted: &'a Wanted,
        target: &Target,
    ) -> Caller<'a> {
        let left = asked.deadline.saturating_duration_since(Instant::now());
        Caller {
            principal: asked.principal,
            session: asked.session.map(|(session, _)| session.key),
            correlation: asked.correlation,
            message_id: &request.id,
            version: asked.version,
            capabilities: asked.capabilities,
            wanted,
            trace: Trace::of(&asked.meta, |name| (asked.header)(name)),
            deadline: asked.deadline,
            deadline_at: self.ports.clock.now().after(left.min(target.timeout)),
        }
    }
}

/// Puts an outcome into the client's revision.
fn finish(subject: &Subject<'_>, outcome: Outcome, asked: &Asked<'_>) -> Answered {
    let hint = matches!(subject, Subject::Resource { .. })
        .then_some(CacheHint { ttl_ms: 0, public: false });
    let stamp = &asked.endpoint.stamp;
    match outcome {
        Outcome::Foreign { object, has } => {
            Answered::of(Ok(stamp.foreign(asked.version, &object, has, hint)))
        }
        Outcome::Own { members, cause } => {
            Answered { cause, ..Answered::own(stamp.own(asked.version, &members, hint)) }
        }
        Outcome::Error(error) => error.into(),
        Outcome::InputRequired(_) => RpcError::internal(asked.correlation).into(),
    }
}
