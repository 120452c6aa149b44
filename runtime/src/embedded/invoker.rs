//! Functions on this machine, run by the local Lambda host.

use async_trait::async_trait;
use bytes::Bytes;
use lambda_host::{FunctionName, Host, Response};

use crate::port::{Answer, AnswerStream, Invocation, InvokeError, Invoker};
use crate::registration::arn::FunctionArn;

/// Calls functions of a host. Only an ARN's function name decides which; so a registration that
/// was written for AWS finds the local function of the same name.
pub struct HostInvoker(Host);

impl HostInvoker {
    /// An invoker for a host.
    pub fn new(host: Host) -> Self {
        Self(host)
    }

    async fn begin(&self, invocation: Invocation) -> Result<Response, InvokeError> {
        let name = self.find(&invocation.function)?;
        let request = lambda_host::Invocation {
            payload: invocation.payload,
            client_context: invocation.client_context.map(Bytes::from),
            trace_id: invocation.trace,
            qualifier: invocation.function.qualifier().map(str::to_owned),
            timeout: Some(invocation.timeout),
        };
        let begun = self.0.invoke(&name, request).await;
        begun.map_err(|error| understand(error, &invocation.function))
    }

    fn find(&self, function: &FunctionArn) -> Result<FunctionName, InvokeError> {
        FunctionName::parse(function.function_name())
            .ok()
            .filter(|name| self.0.config(name).is_some())
            .ok_or_else(|| InvokeError::NotFound(function.function_name().to_owned()))
    }
}

fn understand(error: lambda_host::InvokeError, function: &FunctionArn) -> InvokeError {
    let name = function.function_name().to_owned();
    match error {
        lambda_host::InvokeError::NotFound { .. } => InvokeError::NotFound(name),
        lambda_host::InvokeError::Throttled => InvokeError::Throttled(name),
        lambda_host::InvokeError::PayloadTooLarge { .. } => InvokeError::TooLarge,
        error @ (lambda_host::InvokeError::Invalid { .. }
        | lambda_host::InvokeError::CannotStart(_)
        | lambda_host::InvokeError::ShutDown) => InvokeError::Unavailable(error.to_string()),
    }
}

#[async_trait]
impl Invoker for HostInvoker {
    async fn invoke(&self, invocation: Invocation) -> Result<Answer, InvokeError> {
        let (payload, error) = self.begin(invocation).await?.body.collect().await;
        Ok(match error {
            Some(error) => Answer { payload: error.payload, failed: true },
            None => Answer { payload, failed: false },
        })
    }

    async fn invoke_streaming(
        &self,
        invocation: Invocation,
    ) -> Result<Box<dyn AnswerStream>, InvokeError> {
        Ok(Box::new(HostStream(self.begin(invocation).await?)))
    }

    async fn probe(&self, function: &FunctionArn) -> Result<(), InvokeError> {
        let name = self.find(function)?;
        let config = self.0.config(&name).ok_or_else(|| InvokeError::NotFound(name.to_string()))?;
        config.check(&name).map_err(|error| InvokeError::Unavailable(error.to_string()))
    }
}

struct HostStream(Response);

#[async_trait]
impl AnswerStream for HostStream {
    async fn next(&mut self) -> Option<Bytes> {
        self.0.body.next().await
    }

    fn failure(&self) -> Option<Bytes> {
        self.0.body.function_error().map(|error| error.payload.clone())
    }
}
