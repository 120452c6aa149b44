//! What a request asks for, read from its path and headers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use percent_encoding::percent_decode_str;

use super::error::ApiError;
use crate::limits;

/// What can be done with a function here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Operation {
    Invoke,
    InvokeWithResponseStream,
}

impl Operation {
    /// Finds the operation in a path, and the function it is for.
    pub(super) fn parse(path: &str) -> Option<(Self, String)> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let (operation, function) = match segments.as_slice() {
            ["2015-03-31", "functions", function, "invocations"] => (Self::Invoke, function),
            ["2021-11-15", "functions", function, "response-streaming-invocations"] => {
                (Self::InvokeWithResponseStream, function)
            }
            _ => return None,
        };
        let function = percent_decode_str(function).decode_utf8().ok()?;
        Some((operation, function.into_owned()))
    }

    /// The operation's name in messages.
    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Invoke => "InvokeFunction",
            Self::InvokeWithResponseStream => "InvokeWithResponseStream",
        }
    }
}

/// Whether the caller waits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

/// What the headers say.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Settings {
    pub(super) invocation_type: InvocationType,
    pub(super) log_tail: bool,
    pub(super) client_context: Option<Bytes>,
    pub(super) trace_id: Option<String>,
}

impl Settings {
    pub(super) fn parse(operation: Operation, headers: &HeaderMap) -> Result<Self, ApiError> {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let invocation_type = match (text("x-amz-invocation-type"), operation) {
            (None | Some("RequestResponse"), _) => InvocationType::RequestResponse,
            (Some("DryRun"), _) => InvocationType::DryRun,
            (Some("Event"), Operation::Invoke) => InvocationType::Event,
            _ => return Err(ApiError::parameter("the invocation type is not supported")),
        };
        let log_tail = match text("x-amz-log-type") {
            None | Some("None") => false,
            Some("Tail") => true,
            Some(_) => return Err(ApiError::parameter("the log type must be None or Tail")),
        };
        let client_context = headers
            .get("x-amz-client-context")
            .map(|value| decode(value.as_bytes()))
            .transpose()?;
        let trace_id = text("x-amzn-trace-id").map(str::to_owned);
        Ok(Self { invocation_type, log_tail, client_context, trace_id })
    }
}

fn decode(client_context: &[u8]) -> Result<Bytes, ApiError> {
    if client_context.len() > limits::MAX_CLIENT_CONTEXT_BYTES {
        return Err(ApiError::content("Client context must be at most 3583 bytes in base64"));
    }
    match STANDARD.decode(client_context) {
        Ok(json) => Ok(json.into()),
        Err(_) => {
            Err(ApiError::content("Client context must be a valid Base64-encoded JSON object."))
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(operation: Operation, headers: &[(&'static str, &str)]) -> Result<Settings, ApiError> {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_str(value).expect("a header");
                (http::HeaderName::from_static(name), value)
            })
            .collect();
        Settings::parse(operation, &headers)
    }

    #[test]
    fn paths_name_operation_and_function() {
        let invoke = "/2015-03-31/functions/arn%3Aaws%3Alambda/invocations";
        assert_eq!(Operation::parse(invoke), Some((Operation::Invoke, "arn:aws:lambda".into())));
        let stream = "/2021-11-15/functions/a/response-streaming-invocations";
        let expected = (Operation::InvokeWithResponseStream, "a".to_owned());
        assert_eq!(Operation::parse(stream), Some(expected));
        for bad in [
            "",
            "/",
            "/2015-03-31/functions/a",
            "/2015-03-31/functions/a/invocations/",
            "/2021-11-15/functions/a/invocations",
            "/2015-03-31/functions/%ff/invocations",
        ] {
            assert_eq!(Operation::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn headers_are_read_or_refused() {
        let settings = check(Operation::Invoke, &[]).expect("settings");
        assert_eq!(settings.invocation_type, InvocationType::RequestResponse);
        assert!(!settings.log_tail && settings.client_context.is_none());
        let settings = check(
            Operation::Invoke,
            &[
                ("x-amz-invocation-type", "Event"),
                ("x-amz-log-type", "Tail"),
                ("x-amz-client-context", "e30="),
            ],
        )
        .expect("settings");
        assert_eq!(settings.invocation_type, InvocationType::Event);
        assert!(settings.log_tail);
        assert_eq!(settings.client_context.as_deref(), Some(&b"{}"[..]));
        for (operation, bad) in [
            (Operation::Invoke, ("x-amz-invocation-type", "event")),
            (Operation::InvokeWithResponseStream, ("x-amz-invocation-type", "Event")),
            (Operation::Invoke, ("x-amz-log-type", "All")),
            (Operation::Invoke, ("x-amz-client-context", "not base64!")),
        ] {
            assert!(check(operation, &[bad]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn client_contexts_are_bounded() {
        // The longest base64 text within the bound has 3580 characters.
        let context = |length: usize| "AAAA".repeat(length / 4);
        assert!(decode(context(3_580).as_bytes()).is_ok());
        assert_eq!(
            decode(context(3_584).as_bytes()),
            Err(ApiError::content("Client context must be at most 3583 bytes in base64"))
        );
    }
}
