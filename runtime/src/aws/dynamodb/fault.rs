//! Refusals of DynamoDB and failures on the way to it, as errors of the port.
//!
//! The texts are for the log. They hold no secret and nothing of an item: of answers about
//! credentials or signatures, which may quote the request, only the code is kept.

use std::error::Error;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;

use crate::port::StoreError;

/// Says in a line why DynamoDB did not do what it was asked.
pub(super) fn unavailable<E>(error: &SdkError<E>) -> StoreError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let text = match error {
        SdkError::ServiceError(refused) => refusal(refused.err(), refused.raw()),
        SdkError::TimeoutError(_) => "DynamoDB did not answer in time".to_owned(),
        SdkError::DispatchFailure(_)
        | SdkError::ConstructionFailure(_)
        | SdkError::ResponseError(_) => causes(error),
        _ => "an unknown failure of the AWS SDK".to_owned(),
    };
    StoreError::Unavailable(text)
}

fn refusal(error: &impl ProvideErrorMetadata, answer: &HttpResponse) -> String {
    let status = answer.status().as_u16();
    let code = error.code();
    let mut text = format!("DynamoDB: HTTP {status}");
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
    ["AccessDenied", "Signature", "Token", "Credential"].iter().any(|word| code.contains(word))
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
pub(super) fn bounded(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    &line[..line.floor_char_boundary(MAX_TEXT_BYTES)]
}

const MAX_CAUSES: usize = 10;
const MAX_TEXT_BYTES: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_one_bounded_line() {
        assert_eq!(bounded("one\ntwo"), "one");
        assert_eq!(bounded(&"é".repeat(MAX_TEXT_BYTES)).len(), MAX_TEXT_BYTES);
        assert_eq!(bounded(""), "");
    }
}
