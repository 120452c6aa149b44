//! Functions in AWS, called by the Invoke API.
//!
//! Whether a call is repeated and how long it may take is the registration's business: the SDK's
//! own retries and its detection of slow streams are off, and one deadline holds for the whole of
//! a call.

mod fault;
mod stream;

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::Region;
use aws_sdk_lambda::config::http::HttpRequest;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::config::{Builder, StalledStreamProtectionConfig};
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_types::SdkConfig;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use tokio::time::Instant;

use crate::port::{Answer, AnswerStream, Invocation, InvokeError, Invoker};
use crate::registration::arn::FunctionArn;
use stream::LambdaStream;

/// Calls functions in the region, and the version or alias, that their ARNs name.
pub struct LambdaInvoker {
    shared: SdkConfig,
    clients: Mutex<BTreeMap<String, Client>>,
}

impl LambdaInvoker {
    /// An invoker with the credentials, HTTP client and endpoint of a configuration.
    pub fn new(shared: SdkConfig) -> Self {
        Self { shared, clients: Mutex::default() }
    }

    /// The client of a function's region, made when it is first needed.
    fn client(&self, function: &FunctionArn) -> Client {
        let region = region(function);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(region.to_owned()).or_insert_with(|| connect(&self.shared, region)).clone()
    }
}

fn region(function: &FunctionArn) -> &str {
    function.as_str().split(':').nth(3).expect("the fourth part of an ARN is its region")
}

fn connect(shared: &SdkConfig, region: &str) -> Client {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build();
    let config = Builder::from(shared)
        .region(Region::new(region.to_owned()))
        .retry_config(RetryConfig::disabled())
        // A function may think for minutes before it says more.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts);
    Client::from_conf(config.build())
}

#[async_trait]
impl Invoker for LambdaInvoker {
    async fn invoke(&self, invocation: Invocation) -> Result<Answer, InvokeError> {
        let Invocation { function, payload, client_context, trace, timeout } = invocation;
        let request = self
            .client(&function)
            .invoke()
            .function_name(function.as_str())
            .set_client_context(client_context.map(|context| STANDARD.encode(context)))
            .payload(Blob::new(payload))
            .customize()
            .mutate_request(move |request| continue_trace(request, trace.as_deref()));
        let output = within(Instant::now() + timeout, request.send(), &function).await?;
        let failed = output.function_error.is_some();
        let payload = output.payload.map(|blob| Bytes::from(blob.into_inner()));
        Ok(Answer { payload: payload.unwrap_or_default(), failed })
    }

    async fn invoke_streaming(
        &self,
        invocation: Invocation,
    ) -> Result<Box<dyn AnswerStream>, InvokeError> {
        let Invocation { function, payload, client_context, trace, timeout } = invocation;
        let deadline = Instant::now() + timeout;
        let request = self
            .client(&function)
            .invoke_with_response_stream()
            .function_name(function.as_str())
            .set_client_context(client_context.map(|context| STANDARD.encode(context)))
            .payload(Blob::new(payload))
            .customize()
            .mutate_request(move |request| continue_trace(request, trace.as_deref()));
        let output = within(deadline, request.send(), &function).await?;
        Ok(Box::new(LambdaStream::new(output.event_stream, deadline)))
    }

    async fn probe(&self, function: &FunctionArn) -> Result<(), InvokeError> {
        let request = self
            .client(function)
            .invoke()
            .function_name(function.as_str())
            .invocation_type(InvocationType::DryRun);
        within(Instant::now() + PROBE_TIMEOUT, request.send(), function).await.map(|_| ())
    }
}

/// Names the trace to continue; one that fits no header is left out.
fn continue_trace(request: &mut HttpRequest, trace: Option<&str>) {
    if let Some(trace) = trace {
        let _ = request.headers_mut().try_insert("x-amzn-trace-id", trace.to_owned());
    }
}

async fn within<T, E>(
    deadline: Instant,
    sent: impl Future<Output = Result<T, SdkError<E>>>,
    function: &FunctionArn,
) -> Result<T, InvokeError>
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match tokio::time::timeout_at(deadline, sent).await {
        Ok(answered) => answered.map_err(|error| fault::understand(&error, function)),
        Err(_) => Err(InvokeError::TimedOut(function.to_string())),
    }
}

/// How long a connection may take: some round trips to another continent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a dry run may take, with credentials that must be fetched first.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);
