//! Refusals of SQS and failures on the way to it, as errors of the port.

use std::error::Error;

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

use super::super::fault;
use crate::port::MailboxError;

/// Finds out what went wrong.
pub(super) fn understand<E>(error: &SdkError<E>) -> MailboxError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match code(error) {
        Some("QueueDoesNotExist") => MailboxError::Gone,
        Some("OverLimit") => MailboxError::Full,
        _ => MailboxError::Unavailable(fault::tell("SQS", error)),
    }
}

/// The name of a refusal. SQS has two for some, of its two protocols, and sends the older one
/// in a header that the SDK prefers.
pub(super) fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<&str> {
    let code = error.as_service_error()?.code()?;
    Some(match code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code) {
        "NonExistentQueue" => "QueueDoesNotExist",
        "QueueAlreadyExists" => "QueueNameExists",
        code => code,
    })
}
