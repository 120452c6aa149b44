//! Who sends an event, as far as the event proves it.
//!
//! `requestContext.authorizer.iam` is written by AWS for requests that came through a Function URL
//! with IAM authentication. The same event can be written by anyone who may invoke the function
//! directly, naming whomever he likes. What he cannot write is the invocation's own id, which
//! Lambda chooses after he has sent the event: a Function URL puts it into
//! `requestContext.requestId`.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::principal::Principal;
use crate::protocol::json::{self, Text};

/// Bytes of a principal's ARN; IAM's own bound.
const MAX_ARN_BYTES: usize = 2_048;

/// What an event says of its sender.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Claim {
    /// Nothing.
    None,
    /// An IAM principal, and the event is genuine.
    Verified(Principal),
    /// An IAM principal, but anyone could have written that: why.
    Unverified(&'static str),
}

/// The parts of `requestContext` by which an event of a Function URL is known.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) request_id: Option<&'a str>,
    pub(super) domain: Option<&'a str>,
    pub(super) api: Option<&'a str>,
    pub(super) stage: Option<&'a str>,
    pub(super) account: Option<&'a str>,
}

#[derive(Deserialize)]
struct Authorizer<'a> {
    #[serde(borrow)]
    iam: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Iam<'a> {
    #[serde(borrow)]
    account_id: Text<'a>,
    #[serde(borrow)]
    caller_id: Text<'a>,
    #[serde(borrow)]
    user_arn: Text<'a>,
    #[serde(borrow)]
    user_id: Text<'a>,
}

/// Reads the claim of an event that was delivered as the given invocation.
pub(super) fn read(
    authorizer: Option<&RawValue>,
    origin: Option<Origin<'_>>,
    invocation: &str,
) -> Claim {
    // API Gateway's other authorizers write other members, which are nothing to us.
    let iam = authorizer.and_then(|raw| json::object::<Authorizer<'_>>(raw.get()).ok());
    let Some(iam) = iam.and_then(|authorizer| authorizer.iam) else { return Claim::None };
    let Some(origin) = origin else {
        return Claim::Unverified("the event is not that of a Function URL");
    };
    if origin.request_id != Some(invocation) {
        return Claim::Unverified("requestContext.requestId is not the invocation's id");
    }
    if !is_url(&origin) {
        return Claim::Unverified("requestContext is not that of a Function URL");
    }
    let Ok(iam) = json::object::<Iam<'_>>(iam.get()) else {
        return Claim::Unverified("requestContext.authorizer.iam is incomplete");
    };
    let complete = !iam.caller_id.0.is_empty() && !iam.user_id.0.is_empty();
    match account(&iam.user_arn.0) {
        Some(account) if complete && account == iam.account_id.0 => {
            Claim::Verified(Principal::Iam { arn: iam.user_arn.0.into_owned() })
        }
        _ => Claim::Unverified("requestContext.authorizer.iam does not fit together"),
    }
}

/// The domain of the Function URL through which an event came; nothing if anyone could have written
/// it.
pub(super) fn domain<'a>(origin: Option<Origin<'a>>, invocation: &str) -> Option<&'a str> {
    let origin = origin.filter(|origin| origin.request_id == Some(invocation))?;
    origin.domain.filter(|_| is_url(&origin))
}

/// `<apiId>.lambda-url.<region>.<suffix>`, without stages.
fn is_url(origin: &Origin<'_>) -> bool {
    let labels: Vec<&str> = origin.domain.unwrap_or_default().split('.').collect();
    let named = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let [api, "lambda-url", region, suffix @ ..] = labels.as_slice() else { return false };
    origin.api == Some(*api)
        && named(api)
        && named(region)
        && !suffix.is_empty()
        && suffix.iter().all(|label| named(label))
        && origin.stage == Some("$default")
        && origin.account.is_some_and(|account| !account.is_empty())
}

/// The account in the ARN of an IAM principal; roles that were assumed are kept as they are.
fn account(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let (Some("arn"), Some(partition), Some("iam" | "sts"), Some(""), Some(account), Some(name)) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    let good = arn.len() <= MAX_ARN_BYTES
        && arn.bytes().all(|b| b.is_ascii_graphic())
        && partition.starts_with("aws")
        && !name.is_empty();
    (digits && good).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns() {
        for arn in [
            "arn:aws:iam::123456789012:root",
            "arn:aws:iam::123456789012:user/a/b@c",
            "arn:aws:sts::123456789012:assumed-role/role/session",
            "arn:aws-cn:iam::123456789012:user/a",
        ] {
            assert_eq!(account(arn), Some("123456789012"), "{arn}");
        }
        for arn in [
            "",
            "*",
            "arn:aws:iam::123456789012:",
            "arn:aws:iam::123456789012",
            "arn:aws:iam::12345678901:root",
            "arn:aws:iam::12345678901a:root",
            "arn:aws:iam:us-east-1:123456789012:root",
            "arn:aws:lambda::123456789012:root",
            "arn:evil:iam::123456789012:root",
            "arn:aws:iam::123456789012:user/a b",
        ] {
            assert_eq!(account(arn), None, "{arn}");
        }
        let of = |length: usize| {
            let head = "arn:aws:iam::123456789012:user/";
            format!("{head}{}", "x".repeat(length - head.len()))
        };
        assert!(account(&of(MAX_ARN_BYTES)).is_some());
        assert!(account(&of(MAX_ARN_BYTES + 1)).is_none());
    }
}
