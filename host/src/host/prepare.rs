//! Checks an invocation and makes it ready to be put on the wire.

use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderValue;
use tokio::sync::{mpsc, oneshot};

use crate::calendar::Moment;
use crate::function::Function;
use crate::invocation::{Ending, Invocation, InvokeError};
use crate::job::Job;
use crate::limits;
use crate::name;

/// Where the caller will receive the answer.
pub(super) struct Outlet {
    pub(super) chunks: mpsc::Sender<Bytes>,
    pub(super) ending: oneshot::Sender<Ending>,
}

/// Makes a job of an invocation, or says what is wrong with it.
pub(super) fn job(
    function: &Function,
    request_id: String,
    invocation: Invocation,
    outlet: Outlet,
) -> Result<Job, InvokeError> {
    let Invocation { payload, client_context, trace_id, qualifier, timeout } = invocation;
    check_size(&payload, limits::MAX_PAYLOAD_BYTES)?;
    let qualifier = qualifier.as_deref();
    if !qualifier.is_none_or(name::is_qualifier) {
        return Err(InvokeError::Invalid { reason: "the qualifier is not a version or alias" });
    }
    let arn = function.arn(qualifier);
    let longest = function.config.timeout();
    Ok(Job {
        request_id,
        payload,
        client_context: client_context.as_deref().map(parse_client_context).transpose()?,
        trace_id: parse_trace_id(trace_id.as_deref()),
        // All of an ARN's parts are checked to be visible ASCII.
        arn: HeaderValue::from_str(&arn)
            .map_err(|_| InvokeError::Invalid { reason: "the ARN cannot stand in a header" })?,
        timeout: timeout.map_or(longest, |timeout| timeout.min(longest)),
        chunks: outlet.chunks,
        ending: outlet.ending,
    })
}

/// Refuses a payload of more than `limit` bytes.
pub(super) fn check_size(payload: &[u8], limit: usize) -> Result<(), InvokeError> {
    let size = payload.len();
    if size <= limit { Ok(()) } else { Err(InvokeError::PayloadTooLarge { size, limit }) }
}

/// A client context reaches the function in a header, where Lambda puts spaces for line breaks.
fn parse_client_context(json: &[u8]) -> Result<HeaderValue, InvokeError> {
    if json.len().div_ceil(3) * 4 > limits::MAX_CLIENT_CONTEXT_BYTES {
        return Err(InvokeError::Invalid {
            reason: "the client context must have at most 3583 bytes in base64",
        });
    }
    let reason = "the client context must be a JSON object";
    let object: Result<serde_json::Map<String, serde_json::Value>, _> =
        serde_json::from_slice(json);
    if object.is_err() {
        return Err(InvokeError::Invalid { reason });
    }
    let line: Vec<u8> =
        json.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }).collect();
    HeaderValue::from_bytes(&line).map_err(|_| InvokeError::Invalid { reason })
}

fn parse_trace_id(given: Option<&str>) -> HeaderValue {
    if let Some(value) = given.and_then(|text| HeaderValue::from_str(text).ok()) {
        return value;
    }
    let seconds = Moment::from_system(SystemTime::now()).epoch_ms() / 1_000;
    let random = uuid::Uuid::new_v4().simple().to_string();
    let text = format!("Root=1-{seconds:08x}-{};Sampled=0", &random[..24]);
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("Sampled=0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_contexts_are_passed_on_untouched() {
        let context = br#"{"custom": {"a": "b\n"}}"#;
        assert_eq!(parse_client_context(context).expect("good").as_bytes(), context);
        let value = parse_client_context("{\"ü\":\r\n1}".as_bytes()).expect("good");
        assert_eq!(value.as_bytes(), "{\"ü\":  1}".as_bytes());
        for bad in ["", "[]", "{", "{\"a\":\"\u{1}\"}", "null"] {
            assert!(parse_client_context(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn client_contexts_are_bounded_in_base64() {
        let context = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        // 2685 bytes are 3580 in base64, one more are 3584.
        assert!(parse_client_context(context(2_685).as_bytes()).is_ok());
        assert!(parse_client_context(context(2_686).as_bytes()).is_err());
    }

    #[test]
    fn trace_ids_are_made_where_none_is_usable() {
        assert_eq!(parse_trace_id(Some("Root=1-a-b")).as_bytes(), b"Root=1-a-b");
        for given in [None, Some("a\nb")] {
            let made = parse_trace_id(given);
            let text = made.to_str().expect("text");
            assert!(text.starts_with("Root=1-") && text.len() == 50, "{text}");
        }
    }
}
