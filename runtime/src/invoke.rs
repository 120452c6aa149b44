//! Calls of tool functions: the event that goes in, and the outcome that comes back.

pub mod context;
pub mod event;
pub mod exchange;
pub mod failure;
pub mod outcome;
pub mod stream;
pub mod trace;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::invoke::context::Caller;
use crate::invoke::exchange::Outgoing;
use crate::invoke::outcome::Outcome;
use crate::port::{Answer, Invocation, InvokeError, Invoker};
use crate::protocol::notification::{Relay, Wanted};
use crate::registration::{InvokeMode, Prompt, Target, Tool};

/// What is called for.
#[derive(Clone, Debug)]
pub enum Subject<'a> {
    /// `tools/call`.
    Tool {
        /// The tool.
        tool: &'a Tool,
        /// Checked arguments: the text of a JSON object.
        arguments: &'a str,
    },
    /// `resources/read`.
    Resource {
        /// The resource's name.
        name: &'a str,
        /// The whole URI.
        uri: &'a str,
        /// The template's values; none for a fixed URI.
        variables: BTreeMap<String, String>,
        /// The registered media type.
        mime_type: Option<&'a str>,
        /// The function.
        target: &'a Target,
    },
    /// `prompts/get`.
    Prompt {
        /// The prompt.
        prompt: &'a Prompt,
        /// Checked arguments: the text of a JSON object of strings.
        arguments: &'a str,
        /// The function.
        target: &'a Target,
    },
    /// `completion/complete`.
    Completion {
        /// The prompt's name or the resource's URI template.
        of: &'a str,
        /// The argument or variable.
        argument: &'a str,
        /// What was typed.
        value: &'a str,
        /// What was chosen before: the text of a JSON object.
        context: Option<&'a RawValue>,
        /// The function.
        target: &'a Target,
    },
}

impl<'a> Subject<'a> {
    /// The function.
    pub fn target(&self) -> &'a Target {
        match self {
            Self::Tool { tool, .. } => &tool.target,
            Self::Resource { target, .. }
            | Self::Prompt { target, .. }
            | Self::Completion { target, .. } => target,
        }
    }

    /// The MCP method.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Tool { .. } => "tools/call",
            Self::Resource { .. } => "resources/read",
            Self::Prompt { .. } => "prompts/get",
            Self::Completion { .. } => "completion/complete",
        }
    }

    /// The name or URI that is called for.
    pub fn name(&self) -> &'a str {
        match self {
            Self::Tool { tool, .. } => tool.name.as_str(),
            Self::Resource { uri, .. } => uri,
            Self::Prompt { prompt, .. } => prompt.name.as_str(),
            Self::Completion { of, .. } => of,
        }
    }
}

/// What the client answered to an `input_required` result, and the function's own state.
#[derive(Clone, Debug, Default)]
pub struct Resume {
    /// The text of a JSON object: key → answer.
    pub responses: Option<String>,
    /// As the function gave it.
    pub state: Option<String>,
}

/// Calls the subject's function and understands its answer. Never fails: a failure is an outcome.
pub async fn call(
    invoker: &dyn Invoker,
    subject: &Subject<'_>,
    caller: &Caller<'_>,
    resume: &Resume,
    outgoing: &Outgoing,
) -> Outcome {
    let target = subject.target();
    let timeout = target.timeout.min(caller.deadline.saturating_duration_since(Instant::now()));
    let invocation = Invocation {
        function: target.function.clone(),
        payload: event::render(subject, caller, resume),
        client_context: context::render(subject, caller),
        trace: caller.trace.xray.as_deref().map(str::to_owned),
        timeout,
    };
    let answered = tokio::time::timeout(timeout, async {
        if target.mode == InvokeMode::Stream {
            streamed(invoker, invocation, caller.wanted.clone(), outgoing).await
        } else {
            buffered(invoker, invocation, target.retries).await
        }
    });
    let failed = |error| failure::not_called(subject, caller, error);
    match answered.await {
        Ok(Ok(answer)) => outcome::understand(subject, caller, answer),
        Ok(Err(error)) => failed(error),
        Err(_) => failed(InvokeError::TimedOut(target.function.to_string())),
    }
}

/// The first pause before a call is repeated; each further one is twice as long.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

async fn buffered(
    invoker: &dyn Invoker,
    invocation: Invocation,
    retries: u8,
) -> Result<Answer, InvokeError> {
    let mut pause = RETRY_PAUSE;
    for _ in 0..retries {
        match invoker.invoke(invocation.clone()).await {
            Err(InvokeError::Throttled(_) | InvokeError::Unavailable(_)) => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            other => return other,
        }
    }
    invoker.invoke(invocation).await
}

async fn streamed(
    invoker: &dyn Invoker,
    invocation: Invocation,
    wanted: Wanted,
    outgoing: &Outgoing,
) -> Result<Answer, InvokeError> {
    let mut answer = invoker.invoke_streaming(invocation).await?;
    let mut lines = stream::Lines::new(Relay::new(wanted));
    while let Some(chunk) = answer.next().await {
        for message in lines.feed(&chunk) {
            outgoing.send(message).await;
        }
        if lines.is_over_limit() {
            return Ok(Answer { payload: failure::own(failure::TOO_LARGE), failed: true });
        }
    }
    let (messages, payload) = lines.finish();
    for message in messages {
        outgoing.send(message).await;
    }
    Ok(match answer.failure() {
        Some(error) => Answer { payload: error, failed: true },
        None if payload.trim_ascii().is_empty() => {
            Answer { payload: failure::own(failure::NO_RESULT), failed: true }
        }
        None => Answer { payload: Bytes::from(payload), failed: false },
    })
}
