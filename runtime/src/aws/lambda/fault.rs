//! Refusals of the Invoke API and failures on the way to it, as errors of the port.

use std::error::Error;

use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};

use super::super::fault;
use crate::port::InvokeError;
use crate::registration::arn::FunctionArn;

/// Finds out what went wrong.
pub(super) fn understand<E>(error: &SdkError<E>, function: &FunctionArn) -> InvokeError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(refused) => refusal(refused.err(), refused.raw(), function),
        SdkError::TimeoutError(_) => InvokeError::TimedOut(function.to_string()),
        // A connection that takes too long is among these: the function was not called.
        SdkError::DispatchFailure(_)
        | SdkError::ConstructionFailure(_)
        | SdkError::ResponseError(_) => InvokeError::Unavailable(fault::causes(error)),
        _ => InvokeError::Unavailable("an unknown failure of the AWS SDK".to_owned()),
    }
}

/// The one table from the API's error codes to the port's errors.
fn refusal(
    error: &impl ProvideErrorMetadata,
    answer: &HttpResponse,
    function: &FunctionArn,
) -> InvokeError {
    let name = function.to_string();
    match (error.code(), answer.status().as_u16()) {
        (Some("ResourceNotFoundException"), _) => InvokeError::NotFound(name),
        (Some("AccessDeniedException"), _) => InvokeError::Denied(name),
        (
            Some(
                "EC2ThrottledException"
                | "ServiceQuotaExceededException"
                | "ThrottlingException"
                | "TooManyRequestsException",
            ),
            _,
        ) => InvokeError::Throttled(name),
        (Some("RequestEntityTooLargeException" | "RequestTooLargeException"), _) => {
            InvokeError::TooLarge
        }
        // Somebody in between, or a code that is new.
        (_, 413) => InvokeError::TooLarge,
        (_, 429) => InvokeError::Throttled(name),
        (code, _) => InvokeError::Unavailable(fault::refusal(code, error, answer)),
    }
}
