//! Refusals of the Invoke API: one table from what went wrong to what the SDKs expect.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use serde_json::{Value, json};

use super::request::Operation;
use super::text_header;
use crate::body::full;
use crate::invocation::InvokeError;

/// Why a request is refused.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum ApiError {
    UnknownOperation,
    NotFound { arn: String },
    Parameter { message: String },
    Content { message: String },
    TooLarge { limit: usize, operation: Operation },
    Throttled,
    CannotStart { message: String },
    ShutDown,
}

impl ApiError {
    pub(super) fn parameter(message: &str) -> Self {
        Self::Parameter { message: message.to_owned() }
    }

    pub(super) fn content(message: &str) -> Self {
        Self::Content { message: message.to_owned() }
    }

    pub(super) fn from_host(error: InvokeError, operation: Operation) -> Self {
        match error {
            InvokeError::NotFound { name } => Self::NotFound { arn: name },
            InvokeError::Throttled => Self::Throttled,
            InvokeError::PayloadTooLarge { limit, .. } => Self::TooLarge { limit, operation },
            InvokeError::Invalid { reason } => Self::content(reason),
            InvokeError::CannotStart(error) => Self::CannotStart { message: error.to_string() },
            InvokeError::ShutDown => Self::ShutDown,
        }
    }

    /// Makes the answer that the SDKs turn into the exception of the same name.
    pub(super) fn render(self) -> Response<BoxBody<Bytes, Infallible>> {
        let (status, name, content) = self.describe();
        let mut response = Response::new(full(content.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("x-amzn-errortype", HeaderValue::from_static(name));
        headers.insert("x-amzn-requestid", request_id());
        response
    }

    fn describe(self) -> (StatusCode, &'static str, Value) {
        let user = |message: &str| json!({ "Type": "User", "message": message });
        match self {
            Self::UnknownOperation => (
                StatusCode::NOT_FOUND,
                "UnknownOperationException",
                user("The local Lambda host only offers Invoke and InvokeWithResponseStream."),
            ),
            Self::NotFound { arn } => {
                let message = format!("Function not found: {arn}");
                // This one exception has its message in upper case.
                let content = json!({ "Type": "User", "Message": message });
                (StatusCode::NOT_FOUND, "ResourceNotFoundException", content)
            }
            Self::Parameter { message } => {
                (StatusCode::BAD_REQUEST, "InvalidParameterValueException", user(&message))
            }
            Self::Content { message } => {
                (StatusCode::BAD_REQUEST, "InvalidRequestContentException", user(&message))
            }
            Self::TooLarge { limit, operation } => {
                let operation = operation.action();
                let message = format!(
                    "Request must be smaller than {limit} bytes for the {operation} operation"
                );
                (StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", user(&message))
            }
            Self::Throttled => {
                let reason = "ReservedFunctionConcurrentInvocationLimitExceeded";
                let content =
                    json!({ "Reason": reason, "Type": "User", "message": "Rate Exceeded." });
                (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", content)
            }
            Self::CannotStart { message } => {
                (StatusCode::BAD_GATEWAY, "InvalidRuntimeException", user(&message))
            }
            Self::ShutDown => {
                let content = json!({ "Type": "Service", "Message": "The host is shut down." });
                (StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", content)
            }
        }
    }
}

/// An id for an answer that no invocation belongs to.
pub(super) fn request_id() -> HeaderValue {
    text_header(&uuid::Uuid::new_v4().to_string())
}
