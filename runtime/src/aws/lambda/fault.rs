//! Refusals of the Invoke API and failures on the way to it, as errors of the port.
//!
//! The texts are for the log. They hold no secret: of answers about credentials or signatures,
//! which may quote the request, only the code is kept.

use std::error::Error;

use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::RequestId;

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
        | SdkError::ResponseError(_) => InvokeError::Unavailable(causes(error)),
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
        (code, status) => InvokeError::Unavailable(describe(code, status, error, answer)),
    }
}

fn describe(
    code: Option<&str>,
    status: u16,
    error: &impl ProvideErrorMetadata,
    answer: &HttpResponse,
) -> String {
    let mut text = format!("HTTP {status}");
    if let Some(code) = code {
        text.push_str(&format!(", {}", bounded(code)));
    }
    if let Some(id) = answer.request_id() {
        text.push_str(&format!(", request {}", bounded(id)));
    }
    let is_about_credentials = matches!(status, 401 | 403) || code.is_some_and(is_of_signing);
    match error.message().map(bounded).filter(|message| !message.is_empty()) {
        Some(message) if !is_about_credentials => format!("{text}: {message}"),
        _ => text,
    }
}

fn is_of_signing(code: &str) -> bool {
    ["Signature", "Token", "Credential"].iter().any(|word| code.contains(word))
}

/// What an error says, and those behind it, which are the ones that explain it, in one line.
pub(super) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next.filter(|_| told.len() < MAX_CAUSES) {
        let text = error.to_string();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = bounded(&text);
        // Some errors repeat the one behind them.
        if !told.iter().any(|earlier| earlier.contains(text)) {
            told.push(text.to_owned());
        }
        next = error.source();
    }
    told.join(": ")
}

/// The first line, cut where it is too long for a line of a log.
fn bounded(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    &line[..line.floor_char_boundary(MAX_TEXT_BYTES)]
}

const MAX_CAUSES: usize = 10;
const MAX_TEXT_BYTES: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Told {
        text: &'static str,
        source: Option<Box<Told>>,
    }

    #[test]
    fn causes_are_told_once() {
        let last = Told { text: "refused", source: None };
        let middle = Told { text: "connect:\n  refused", source: Some(Box::new(last)) };
        let first = Told { text: "dispatch failure", source: Some(Box::new(middle)) };
        assert_eq!(causes(&first), "dispatch failure: connect: refused");
    }

    #[test]
    fn texts_are_one_bounded_line() {
        assert_eq!(bounded("one\ntwo"), "one");
        assert_eq!(bounded(&"é".repeat(MAX_TEXT_BYTES)).len(), MAX_TEXT_BYTES);
        assert_eq!(bounded(""), "");
    }
}
