//! Failures as callers see them: enough to go on, nothing that tells a stranger how we are built.

use std::sync::LazyLock;

use bytes::Bytes;
use regex::Regex;
use serde::Deserialize;

use crate::invoke::Subject;
use crate::invoke::context::Caller;
use crate::invoke::outcome::{Outcome, error_text};
use crate::port::InvokeError;
use crate::protocol::error::{Code, RpcError};
use crate::protocol::json;
use crate::registration::{ExceptionLevel, InvokeMode};

/// What a Bedrock AgentCore gateway says of every failure.
const AGENTCORE: &str = "An internal error occurred. Please retry later.";
/// Characters of a function's error message that are shown where it may be.
const MAX_SHOWN: usize = 1_000;

/// The type of our own error where a result is too large.
pub(crate) const TOO_LARGE: &str = "McpLambda.ResultTooLarge";
/// Where it is not text.
pub(crate) const NOT_TEXT: &str = "McpLambda.NotText";
/// Where a stream brought none.
pub(crate) const NO_RESULT: &str = "McpLambda.NoResult";

/// The error object of one of our own errors.
pub(crate) fn own(kind: &str) -> Bytes {
    format!(r#"{{"errorType":"{kind}"}}"#).into()
}

/// The outcome of a call that reached no function, or got no answer.
pub fn not_called(subject: &Subject<'_>, caller: &Caller<'_>, error: InvokeError) -> Outcome {
    let seconds = subject.target().timeout.as_secs();
    let text = match &error {
        InvokeError::TimedOut(_) => format!("no answer within {seconds} seconds"),
        InvokeError::Throttled(_) => "too many calls at once; try again".to_owned(),
        InvokeError::TooLarge => "the arguments are too large".to_owned(),
        InvokeError::NotFound(_) | InvokeError::Denied(_) | InvokeError::Unavailable(_) => {
            "it is not available".to_owned()
        }
    };
    report(subject, caller, &text, Some(error.to_string()))
}

/// The outcome of a function that failed; `payload` is Lambda's error object.
pub fn of_function(subject: &Subject<'_>, caller: &Caller<'_>, payload: &[u8]) -> Outcome {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Error {
        #[serde(default)]
        error_type: Option<String>,
        #[serde(default)]
        error_message: Option<String>,
    }
    let text = std::str::from_utf8(payload).unwrap_or_default();
    let error: Error = json::object(text).unwrap_or_default();
    let kind = error.error_type.unwrap_or_default();
    let cause = format!("{kind}: {}", error.error_message.unwrap_or_default());
    let text = match (subject.target().exceptions, kind.as_str()) {
        (_, "Sandbox.Timedout") => "the function ran out of time".to_owned(),
        (_, TOO_LARGE) => "the function's result is larger than 6 MB".to_owned(),
        (_, NOT_TEXT) => "the function's result is not UTF-8 text".to_owned(),
        (_, NO_RESULT) => "the function's stream ended without a result".to_owned(),
        (ExceptionLevel::None, _) => "the function failed".to_owned(),
        (ExceptionLevel::Debug, _) => format!("the function failed: {}", sanitised(&cause)),
    };
    report(subject, caller, &text, Some(cause))
}

/// A tool's failure is a result, so that the model can react; the others are errors.
fn report(
    subject: &Subject<'_>,
    caller: &Caller<'_>,
    text: &str,
    cause: Option<String>,
) -> Outcome {
    let correlation = caller.correlation;
    let outcome = match subject {
        Subject::Tool { tool, .. } if tool.target.mode == InvokeMode::Agentcore => {
            error_text(AGENTCORE)
        }
        Subject::Tool { tool, .. } => {
            error_text(&format!("{}: {text} (correlation id {correlation})", tool.name))
        }
        Subject::Resource { .. } | Subject::Prompt { .. } | Subject::Completion { .. } => {
            let message = format!("{text} (correlation id {correlation})");
            Outcome::Error(RpcError::new(Code::Internal, message))
        }
    };
    outcome.with_cause(cause)
}

/// ARNs, account numbers, paths and file URLs, wherever they stand.
static HIDDEN: LazyLock<Regex> = LazyLock::new(|| {
    let pattern =
        r#"arn:[^\s"']+|\b[0-9]{12}\b|file:[^\s"']+|(/[\w.@+-]+){2,}/?|\b[A-Za-z]:\\[^\s"']+"#;
    Regex::new(pattern).expect("the pattern is valid")
});

/// The first line of a function's own text, bounded, without what tells how it is built.
pub fn sanitised(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let shown: String = line.chars().take(MAX_SHOWN).collect();
    HIDDEN.replace_all(&shown, "***").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_lose_what_strangers_must_not_learn() {
        assert_eq!(
            sanitised(
                "KeyError: 'city' in arn:aws:lambda:us-east-1:123456789012:function:f (/var/task/app.py)\n  File"
            ),
            "KeyError: 'city' in *** (***)"
        );
        assert_eq!(sanitised("account 123456789012, 12 items"), "account ***, 12 items");
        assert_eq!(
            sanitised(
                "key=arn:aws:s3:::b path:/var/task/x file:///etc/p acct=123456789012 C:\\x\\y"
            ),
            "key=*** path:*** *** acct=*** ***"
        );
        assert_eq!(sanitised("3/4 of input/output at 10:30"), "3/4 of input/output at 10:30");
        assert_eq!(sanitised(&"x".repeat(MAX_SHOWN + 1)).len(), MAX_SHOWN);
    }
}
