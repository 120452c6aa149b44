//! Function errors: what the caller sees when a function fails, worded as Lambda words it.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

/// A failure of the function, as opposed to one of the host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FunctionError {
    /// What `X-Amz-Function-Error` says; Lambda says `Unhandled` for everything.
    pub kind: String,
    /// The error as JSON: `errorType`, `errorMessage` and what else the function's runtime sent.
    ///
    /// What a runtime sends is passed on as it is, even if it is not JSON.
    pub payload: Bytes,
    /// The error's type where it was given apart from the payload, as for a broken-off stream.
    pub error_type: Option<String>,
}

impl FunctionError {
    /// The error in one line: its `errorMessage`, or else the whole payload.
    pub fn message(&self) -> String {
        let parsed = serde_json::from_slice::<serde_json::Value>(&self.payload).ok();
        let message = parsed.as_ref().and_then(|payload| payload["errorMessage"].as_str());
        match message {
            Some(message) => message.to_owned(),
            None => String::from_utf8_lossy(&self.payload).into_owned(),
        }
    }

    /// An error that the function's runtime has reported.
    pub(crate) fn reported(error_type: Option<String>, payload: Bytes) -> Self {
        Self { kind: UNHANDLED.to_owned(), payload, error_type }
    }

    /// The invocation took longer than it may.
    pub(crate) fn timed_out(request_id: &str, limit: Duration) -> Self {
        let text = format!("Task timed out after {:.2} seconds", limit.as_secs_f64());
        Self::platform(request_id, "Sandbox.Timedout", &text)
    }

    /// The process did not ask for its first invocation in time.
    ///
    /// Lambda starts such a function again within the invocation; here it fails at once and says
    /// that it was the start that took too long.
    pub(crate) fn init_timed_out(request_id: &str, limit: Duration) -> Self {
        let text = format!("Initialization timed out after {:.2} seconds", limit.as_secs_f64());
        Self::platform(request_id, "Sandbox.Timedout", &text)
    }

    /// The process ended before it answered.
    pub(crate) fn exited(request_id: &str, status: Option<ExitStatus>) -> Self {
        Self::platform(request_id, "Runtime.ExitError", &describe(status))
    }

    /// The connection broke in the middle of the answer.
    pub(crate) fn truncated(request_id: &str) -> Self {
        let text = "the response ended before it was complete";
        Self::platform(request_id, "Runtime.TruncatedResponse", text)
    }

    /// The answer is larger than Lambda passes on.
    pub(crate) fn response_too_large(size: usize, limit: usize) -> Self {
        let error_type = "Function.ResponseSizeTooLarge";
        let message = format!(
            "Response payload size ({size} bytes) exceeded maximum allowed payload size ({limit} \
             bytes)."
        );
        Self::with_message(error_type, &message)
    }

    fn platform(request_id: &str, error_type: &str, text: &str) -> Self {
        Self::with_message(error_type, &format!("RequestId: {request_id} Error: {text}"))
    }

    fn with_message(error_type: &str, message: &str) -> Self {
        let payload = json!({ "errorType": error_type, "errorMessage": message }).to_string();
        Self {
            kind: UNHANDLED.to_owned(),
            payload: payload.into(),
            error_type: Some(error_type.to_owned()),
        }
    }
}

const UNHANDLED: &str = "Unhandled";

/// Words an exit as Lambda does, which prints what Go's `os/exec` says.
fn describe(status: Option<ExitStatus>) -> String {
    let Some(status) = status else { return "Runtime exited".to_owned() };
    if let Some(signal) = status.signal() {
        let core = if status.core_dumped() { " (core dumped)" } else { "" };
        return format!("Runtime exited with error: signal: {}{core}", signal_name(signal));
    }
    match status.code() {
        Some(0) => "Runtime exited without providing a reason".to_owned(),
        Some(code) => format!("Runtime exited with error: exit status {code}"),
        None => "Runtime exited".to_owned(),
    }
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_name_the_limit_with_two_decimals() {
        let error = FunctionError::timed_out("id-1", Duration::from_secs(3));
        assert_eq!(error.kind, "Unhandled");
        let payload: serde_json::Value = serde_json::from_slice(&error.payload).expect("JSON");
        assert_eq!(payload["errorType"], "Sandbox.Timedout");
        let message = "RequestId: id-1 Error: Task timed out after 3.00 seconds";
        assert_eq!(payload["errorMessage"], message);
    }

    #[test]
    fn exits_are_worded_as_on_lambda() {
        for (raw, text) in [
            (0, "Runtime exited without providing a reason"),
            (1 << 8, "Runtime exited with error: exit status 1"),
            (255 << 8, "Runtime exited with error: exit status 255"),
            (9, "Runtime exited with error: signal: killed"),
            (11 | 0x80, "Runtime exited with error: signal: segmentation fault (core dumped)"),
            (64, "Runtime exited with error: signal: signal 64"),
        ] {
            assert_eq!(describe(Some(ExitStatus::from_raw(raw))), text);
        }
        assert_eq!(describe(None), "Runtime exited");
    }
}
