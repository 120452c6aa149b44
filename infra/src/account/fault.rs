//! Refusals and failures of AWS as sentences for the one who deploys.
//!
//! The texts hold no secret: of answers about signatures and credentials, which may quote the
//! request, only the code is kept.

use std::error::Error;

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

/// Why AWS did not do what it was asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Fault {
    /// It said no.
    #[error("{service} refused {action}: {reason}")]
    Refused {
        /// The service.
        service: &'static str,
        /// What it was asked.
        action: &'static str,
        /// AWS's name of the refusal.
        code: String,
        /// The refusal in AWS's words, with its code.
        reason: String,
    },
    /// Requests cannot be signed.
    #[error(
        "there are no usable AWS credentials ({0}); sign in as for the AWS CLI (aws configure, aws \
         sso login) or name a profile with --profile"
    )]
    Credentials(String),
    /// It did not answer.
    #[error(
        "{service} cannot be asked {action}: {reason}; check the network, the region and \
         AWS_ENDPOINT_URL"
    )]
    Unreachable {
        /// The service.
        service: &'static str,
        /// What it was asked.
        action: &'static str,
        /// What happened.
        reason: String,
    },
}

impl Fault {
    /// An answer without something that it always has.
    pub(crate) fn incomplete(service: &'static str, action: &'static str) -> Self {
        let reason = "its answer is incomplete".to_owned();
        Self::Unreachable { service, action, reason }
    }

    /// AWS's name of the refusal; nothing if it was none.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::Credentials(_) | Self::Unreachable { .. } => None,
        }
    }

    /// Whether what was asked for is not there. CloudFormation has no code of its own for it.
    pub(crate) fn is_absent(&self) -> bool {
        match self {
            Self::Refused { code, reason, .. } => {
                ABSENT.contains(&code.as_str())
                    || (code == "ValidationError" && reason.contains("does not exist"))
            }
            Self::Credentials(_) | Self::Unreachable { .. } => false,
        }
    }

    /// Whether the same request may be answered later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Refused { code, .. } => {
                code.contains("Throttl") || code.contains("ServiceUnavailable")
            }
            Self::Credentials(_) => false,
            Self::Unreachable { .. } => true,
        }
    }
}

const ABSENT: [&str; 8] = [
    "404",
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchKey",
    "NotFound",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
];

/// Turns the SDK's errors into ours.
pub(crate) trait Refusal<T> {
    /// Names the service and what it was asked, in words that fit after "refused".
    fn refused(self, service: &'static str, action: &'static str) -> Result<T, Fault>;
}

impl<T, E> Refusal<T> for Result<T, SdkError<E>>
where
    E: Error + ProvideErrorMetadata + 'static,
{
    fn refused(self, service: &'static str, action: &'static str) -> Result<T, Fault> {
        self.map_err(|error| understand(service, action, &error))
    }
}

fn understand<E>(service: &'static str, action: &'static str, error: &SdkError<E>) -> Fault
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(refused) => {
            let status = refused.raw().status().as_u16().to_string();
            // Answers to HEAD have neither a code nor a text.
            let code = refused.err().code().map_or(status, |code| bounded(code).to_owned());
            if CREDENTIALS.iter().any(|word| code.contains(word)) {
                return Fault::Credentials(code);
            }
            let reason = match refused.err().message().map(bounded) {
                Some(message) if !message.is_empty() => format!("{message} ({code})"),
                _ => code.clone(),
            };
            Fault::Refused { service, action, code, reason }
        }
        SdkError::TimeoutError(_) => {
            Fault::Unreachable { service, action, reason: "no answer in time".to_owned() }
        }
        SdkError::ConstructionFailure(_)
        | SdkError::DispatchFailure(_)
        | SdkError::ResponseError(_) => {
            let reason = causes(error);
            if reason.contains("credential") || reason.contains("identity") {
                return Fault::Credentials(reason);
            }
            Fault::Unreachable { service, action, reason }
        }
        _ => {
            let reason = "an unknown failure of the AWS SDK".to_owned();
            Fault::Unreachable { service, action, reason }
        }
    }
}

/// Parts of codes by which AWS says that a signature or what made it is not accepted.
const CREDENTIALS: [&str; 6] = [
    "ExpiredToken",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClient",
];

/// What an error and those behind it say, in one line.
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

/// The first line, cut where it is too long for a sentence.
fn bounded(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    &line[..line.floor_char_boundary(MAX_TEXT_BYTES)]
}

const MAX_CAUSES: usize = 10;
const MAX_TEXT_BYTES: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, reason: &str) -> Fault {
        let (code, reason) = (code.to_owned(), reason.to_owned());
        Fault::Refused { service: "S3", action: "to answer", code, reason }
    }

    #[test]
    fn absence_is_told_from_other_refusals() {
        assert!(refused("NotFound", "").is_absent());
        assert!(refused("ValidationError", "Stack with id s does not exist").is_absent());
        assert!(!refused("ValidationError", "Template format error").is_absent());
        assert!(!refused("AccessDenied", "it does not exist").is_absent());
        assert!(!Fault::Credentials(String::new()).is_absent());
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        assert!(refused("Throttling", "").may_pass());
        assert!(Fault::incomplete("S3", "to answer").may_pass());
        assert!(!refused("AccessDenied", "").may_pass());
        assert!(!Fault::Credentials(String::new()).may_pass());
    }

    #[test]
    fn texts_are_one_bounded_line() {
        assert_eq!(bounded("one\ntwo"), "one");
        assert_eq!(bounded(&"é".repeat(MAX_TEXT_BYTES)).len(), MAX_TEXT_BYTES);
        assert_eq!(bounded(""), "");
    }
}
