//! Whether the gateway can call a function, found out by the gateway.
//!
//! Registrations are written by a function of its own, with a role of its own. That role's dry run
//! would say nothing about the gateway's, so the gateway's function is asked to make it.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::aws::lambda::LambdaInvoker;
use crate::port::{Answer, AnswerStream, Invocation, InvokeError, Invoker};
use crate::registration::arn::FunctionArn;

/// What the event says that it is.
const PROBE: &str = "probe";
/// How long the gateway may take: its start, and a dry run of its own.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Asks the gateway's function whether it can call others. Calls nothing else.
pub struct GatewayProbe {
    invoker: LambdaInvoker,
    gateway: FunctionArn,
}

impl GatewayProbe {
    /// Asks this function, through this invoker.
    pub fn new(invoker: LambdaInvoker, gateway: FunctionArn) -> Self {
        Self { invoker, gateway }
    }
}

/// The event.
#[derive(Serialize)]
struct Question<'a> {
    #[serde(rename = "mcp-lambda")]
    kind: &'a str,
    function: &'a str,
}

/// The answer.
#[derive(Deserialize)]
struct Told {
    outcome: Outcome,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Callable,
    NotFound,
    Denied,
    Throttled,
    Unavailable,
}

#[async_trait]
impl Invoker for GatewayProbe {
    async fn invoke(&self, _: Invocation) -> Result<Answer, InvokeError> {
        Err(calls_nothing())
    }

    async fn invoke_streaming(&self, _: Invocation) -> Result<Box<dyn AnswerStream>, InvokeError> {
        Err(calls_nothing())
    }

    async fn probe(&self, function: &FunctionArn) -> Result<(), InvokeError> {
        let question = Question { kind: PROBE, function: function.as_str() };
        let payload = serde_json::to_vec(&question).expect("texts can be written as JSON");
        let invocation = Invocation {
            function: self.gateway.clone(),
            payload: Bytes::from(payload),
            client_context: None,
            trace: None,
            timeout: TIMEOUT,
        };
        // What is wrong with the gateway's function is not wrong with this one.
        let answer = self.invoker.invoke(invocation).await.map_err(|error| {
            InvokeError::Unavailable(format!("the gateway could not be asked: {error}"))
        })?;
        if answer.failed {
            let text = "the gateway failed when it was asked; its log says why";
            return Err(InvokeError::Unavailable(text.to_owned()));
        }
        let name = || function.to_string();
        match serde_json::from_slice::<Told>(&answer.payload).map(|told| told.outcome) {
            Ok(Outcome::Callable) => Ok(()),
            Ok(Outcome::NotFound) => Err(InvokeError::NotFound(name())),
            Ok(Outcome::Denied) => Err(InvokeError::Denied(name())),
            Ok(Outcome::Throttled) => Err(InvokeError::Throttled(name())),
            Ok(Outcome::Unavailable) => Err(InvokeError::Unavailable(
                "the gateway could not find out; its log says why".to_owned(),
            )),
            Err(_) => Err(InvokeError::Unavailable(
                "the gateway does not understand the question; deploy it anew".to_owned(),
            )),
        }
    }
}

fn calls_nothing() -> InvokeError {
    InvokeError::Unavailable("functions are called by the gateway's own function".to_owned())
}
