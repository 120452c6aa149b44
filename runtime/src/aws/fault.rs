//! Refusals and failures of AWS in one line of a log.
//!
//! The texts hold no secret: of answers about credentials, signatures or permissions, which may
//! quote the request, only the code is kept.

use std::error::Error;

use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::RequestId;

/// Says why a service did not do what it was asked.
pub(super) fn tell<E>(service: &str, error: &SdkError<E>) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(refused) => {
            format!("{service}: {}", refusal(refused.err().code(), refused.err(), refused.raw()))
        }
        SdkError::TimeoutError(_) => format!("{service} did not answer in time"),
        SdkError::DispatchFailure(_)
        | SdkError::ConstructionFailure(_)
        | SdkError::ResponseError(_) => causes(error),
        _ => "an unknown failure of the AWS SDK".to_owned(),
    }
}

/// Says why a service refused: status, code, request and, where it is harmless, its message.
pub(super) fn refusal(
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
pub(super) fn causes(error: &(dyn Error + 'static)) -> String {
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
