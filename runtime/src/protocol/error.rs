//! Errors as a client sees them: one table of JSON-RPC codes and the HTTP status of each.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::protocol::json;
use crate::protocol::version::{self, Version};

/// A JSON-RPC error code that this server sends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Code {
    /// The body is not JSON.
    Parse,
    /// The body is not one message.
    InvalidRequest,
    /// The method does not exist in this revision.
    MethodNotFound,
    /// The parameters cannot be read, or name something unknown.
    InvalidParams,
    /// Our own failure.
    Internal,
    /// A header and the body disagree, or a required header is missing (2026-07-28).
    HeaderMismatch,
    /// The client did not declare a capability that the answer needs (2026-07-28).
    MissingCapability,
    /// The revision is not served (2026-07-28).
    UnsupportedVersion,
    /// An unknown resource, for revisions before 2026-07-28.
    ResourceNotFound,
    /// More was asked for than a rate allows. The number is ours: 2026-07-28 keeps all of
    /// JSON-RPC's server errors for itself.
    RateLimited,
}

impl Code {
    /// The number on the wire.
    pub fn number(self) -> i32 {
        match self {
            Self::Parse => -32700,
            Self::InvalidRequest => -32600,
            Self::MethodNotFound => -32601,
            Self::InvalidParams => -32602,
            Self::Internal => -32603,
            Self::HeaderMismatch => -32020,
            Self::MissingCapability => -32021,
            Self::UnsupportedVersion => -32022,
            Self::ResourceNotFound => -32002,
            Self::RateLimited => 429,
        }
    }

    /// The HTTP status of an error that answers a well-formed request.
    ///
    /// Legacy clients turn 400 and 404 into a transport error and lose the code, so theirs is
    /// 200. 2026-07-28 pins the others. What is limited is 429 for all, so that whatever stands
    /// in between can tell it from work that was done.
    pub fn status(self, version: Version) -> u16 {
        match (version, self) {
            (_, Self::RateLimited) => 429,
            (Version::Legacy(_), _) => 200,
            (Version::Modern, Self::MethodNotFound) => 404,
            (
                Version::Modern,
                Self::Parse
                | Self::InvalidRequest
                | Self::HeaderMismatch
                | Self::MissingCapability
                | Self::UnsupportedVersion,
            ) => 400,
            (Version::Modern, Self::InvalidParams | Self::Internal | Self::ResourceNotFound) => 200,
        }
    }
}

/// An error for the client: safe to send, says what to do where that is known.
#[derive(Clone, Debug)]
pub struct RpcError {
    /// The code.
    pub code: Code,
    /// One short sentence.
    pub message: Cow<'static, str>,
    /// Details that a program can use.
    pub data: Option<Box<RawValue>>,
}

impl RpcError {
    /// An error without data.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// The same with data, which must be valid JSON text made by this crate.
    pub fn with_data(self, data: String) -> Self {
        Self { data: RawValue::from_string(data).ok(), ..self }
    }

    /// Parameters that cannot be used.
    pub fn params(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidParams, message)
    }

    /// Our own failure; the cause is in the log under the correlation id.
    pub fn internal(correlation: &str) -> Self {
        Self::new(Code::Internal, format!("internal error; correlation id {correlation}"))
    }

    /// A method that this revision does not have.
    pub fn method(method: &str) -> Self {
        let shown: String = method.chars().take(64).collect();
        Self::new(Code::MethodNotFound, format!("method not found: {shown}"))
    }

    /// An unknown resource; the code moved with 2026-07-28 (server/resources, "Error Handling").
    pub fn resource(uri: &str, version: Version) -> Self {
        let code = match version {
            Version::Modern => Code::InvalidParams,
            Version::Legacy(_) => Code::ResourceNotFound,
        };
        let mut data = String::from(r#"{"uri":"#);
        json::write_string(&mut data, uri);
        data.push('}');
        Self::new(code, "resource not found").with_data(data)
    }

    /// A revision that is not served; `data` names those that are served without a handshake.
    pub fn version(requested: &str) -> Self {
        Self::unsupported(&format!("\"{}\"", version::MODERN), requested)
    }

    /// A version header that names no revision at all, on a message without an envelope.
    pub fn legacy_version(requested: &str) -> Self {
        let known: Vec<String> = std::iter::once(version::MODERN)
            .chain(
                version::LegacyVersion::ALL.into_iter().rev().map(version::LegacyVersion::as_str),
            )
            .map(|known| format!("\"{known}\""))
            .collect();
        Self::unsupported(&known.join(","), requested)
    }

    fn unsupported(supported: &str, requested: &str) -> Self {
        let mut data = format!(r#"{{"supported":[{supported}],"requested":"#);
        json::write_string(&mut data, requested);
        data.push('}');
        Self::new(Code::UnsupportedVersion, "protocol version not supported").with_data(data)
    }

    /// The error object as JSON.
    pub fn render(&self) -> String {
        let mut text = format!(r#"{{"code":{},"message":"#, self.code.number());
        json::write_string(&mut text, &self.message);
        if let Some(data) = &self.data {
            text.push_str(r#","data":"#);
            text.push_str(data.get());
        }
        text.push('}');
        text
    }
}
