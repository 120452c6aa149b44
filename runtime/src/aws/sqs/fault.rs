//! Refusals of SQS and failures on the way to it, as errors of the port.
//!
//! The texts are for the log. They hold no secret: of answers about credentials or signatures,
//! which may quote the request, only the code is kept.

use std::error::Error;

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::RequestId;

use crate::port::MailboxError;

/// Finds out what went wrong.
pub(super) fn understand<E>(error: &SdkError<E>) -> MailboxError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(refused) => match code(error) {
            Some("QueueDoesNotExist") => MailboxError::Gone,
            Some("OverLimit") => MailboxError::Full,
            code => MailboxError::Unavailable(describe(code, refused.err(), refused.raw())),
        },
        SdkError::TimeoutError(_) => {
            MailboxError::Unavailable("SQS did not answer in time".to_owned())
        }
        SdkError::DispatchFailure(_)
        | SdkError::ConstructionFailure(_)
        | SdkError::ResponseError(_) => MailboxError::Unavailable(causes(error)),
        _ => MailboxError::Unavailable("an unknown failure of the AWS SDK".to_owned()),
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

fn describe(
    code: Option<&str>,
    error: &impl ProvideErrorMetadata,
    answer: &HttpResponse,
) -> String {
    let status = answer.status().as_u16();
    let mut text = format!("HTTP {status}");
    if let Some(code) = code {
        text.push_str(&format!(", {}", bounded(code)));
    }
    if let Some(id) = answer.request_id() {
        text.push_str(&format!(", request {}", bounded(id)));
    }
    let is_of_signing =
        |code: &str| ["Signature", "Token", "Credential"].iter().any(|word| code.contains(word));
    let is_about_credentials = matches!(status, 401 | 403) || code.is_some_and(is_of_signing);
    match error.message().map(bounded).filter(|message| !message.is_empty()) {
        Some(message) if !is_about_credentials => format!("{text}: {message}"),
        _ => text,
    }
}

/// What an error says, and those behind it, which are the ones that explain it, in one line.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next.filter(|_| told.len() < MAX_CAUSES) {
        let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
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
