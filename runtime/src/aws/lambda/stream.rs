//! A streamed answer: pieces as they come, and how it ended.

use async_trait::async_trait;
use aws_sdk_lambda::primitives::event_stream::EventReceiver;
use aws_sdk_lambda::types::error::InvokeWithResponseStreamResponseEventError;
use aws_sdk_lambda::types::{
    InvokeWithResponseStreamCompleteEvent as Complete,
    InvokeWithResponseStreamResponseEvent as Event,
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::super::fault;
use crate::port::AnswerStream;

type Events = EventReceiver<Event, InvokeWithResponseStreamResponseEventError>;

/// The events of `InvokeWithResponseStream` up to a deadline.
pub(super) struct LambdaStream {
    /// None after the end, so that the connection is given up with it.
    events: Option<Events>,
    deadline: Instant,
    failure: Option<Bytes>,
}

impl LambdaStream {
    pub(super) fn new(events: Events, deadline: Instant) -> Self {
        Self { events: Some(events), deadline, failure: None }
    }

    fn end(&mut self, failure: Option<Bytes>) {
        self.events = None;
        self.failure = failure;
    }
}

#[async_trait]
impl AnswerStream for LambdaStream {
    async fn next(&mut self) -> Option<Bytes> {
        while let Some(events) = &mut self.events {
            match tokio::time::timeout_at(self.deadline, events.recv()).await {
                Ok(Ok(Some(Event::PayloadChunk(chunk)))) => {
                    let piece = chunk.payload.map(|blob| Bytes::from(blob.into_inner()));
                    if let Some(piece) = piece.filter(|piece| !piece.is_empty()) {
                        return Some(piece);
                    }
                }
                Ok(Ok(Some(Event::InvokeComplete(complete)))) => self.end(failure(complete)),
                // An event that is newer than this program.
                Ok(Ok(Some(_))) => {}
                Ok(Ok(None)) => self.end(Some(broken("it ended without saying so"))),
                Ok(Err(error)) => self.end(Some(broken(&fault::causes(&error)))),
                Err(_) => {
                    let text = "the rest of the answer did not come in time";
                    self.end(Some(error_object(TIMED_OUT, text)));
                }
            }
        }
        None
    }

    fn failure(&self) -> Option<Bytes> {
        self.failure.clone()
    }
}

/// What Lambda calls it if a function has not answered within its time.
const TIMED_OUT: &str = "Sandbox.Timedout";

/// The error object of a function that failed, which may be what the details hold already.
fn failure(complete: Complete) -> Option<Bytes> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct ErrorObject {
        #[serde(rename = "errorMessage")]
        _message: Option<String>,
        #[serde(rename = "errorType")]
        _kind: String,
    }
    let code = complete.error_code?;
    let details = complete.error_details.unwrap_or_default();
    Some(match serde_json::from_str::<ErrorObject>(&details) {
        Ok(_) => details.into(),
        Err(_) => error_object(&code, &details),
    })
}

fn broken(why: &str) -> Bytes {
    error_object("StreamBroken", &format!("the answer's stream broke: {why}"))
}

fn error_object(kind: &str, message: &str) -> Bytes {
    json!({ "errorType": kind, "errorMessage": message }).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: Option<&str>, details: Option<&str>) -> Option<String> {
        let complete = Complete::builder()
            .set_error_code(code.map(str::to_owned))
            .set_error_details(details.map(str::to_owned));
        failure(complete.build()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn object(kind: &str, message: &str) -> Option<String> {
        Some(format!(r#"{{"errorMessage":"{message}","errorType":"{kind}"}}"#))
    }

    #[test]
    fn ends_are_understood() {
        assert_eq!(check(None, None), None);
        assert_eq!(check(Some("Runtime.ExitError"), None), object("Runtime.ExitError", ""));
        assert_eq!(check(Some("A"), Some("it broke")), object("A", "it broke"));
        assert_eq!(check(Some("A"), Some("[1]")), object("A", "[1]"));
        assert_eq!(check(Some("A"), Some(r#"{"a":1}"#)), object("A", r#"{\"a\":1}"#));
        let whole = r#"{"errorMessage":"m","errorType":"T","stackTrace":[]}"#;
        assert_eq!(check(Some("T"), Some(whole)).as_deref(), Some(whole));
    }
}
