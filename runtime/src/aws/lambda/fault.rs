//! Refusals of the Invoke API and failures on the way to it, as errors of the port.
//!
//! The texts are for the log. They hold no secret: of answers that are about credentials or
//! signatures, which may quote the request, only the code is kept.

use std::error::Error;

use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::RequestId;

use crate::port::InvokeError;
use crate::registration::arn::FunctionArn;

/// Finds out what went wrong.
pub(super) fn understand<E: ProvideErrorMetadata>(
    error: &SdkError<E>,
    function: &FunctionArn,
) -> InvokeError {
    match error {
        SdkError::ServiceError(refused) => refusal(refused.err(), refused.raw(), function),
        SdkError::TimeoutError(_) => InvokeError::TimedOut(function.to_string()),
        SdkError::ResponseError(unread) => {
            let status = unread.raw().status().as_u16();
            InvokeError::Unavailable(format!("an answer with HTTP {status} that cannot be read"))
        }
        // A connection that takes too long is among these: the function was not called.
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(error) => InvokeError::Unavailable(causes(error)),
            None => InvokeError::Unavailable("the request was not sent".to_owned()),
        },
        SdkError::ConstructionFailure(failure) => InvokeError::Unavailable(causes(failure)),
        _ => InvokeError::Unavailable("an unknown failure of the AWS SDK".to_owned()),
    }
}
