//! What goes wrong between a client and its gateway, as JSON-RPC errors.

use std::io::{Write, stderr};

use crate::client::http::HttpError;

/// JSON-RPC 2.0, section 5.1.
pub(super) const PARSE_ERROR: i64 = -32_700;
pub(super) const INVALID_REQUEST: i64 = -32_600;

/// What becomes the error of a request.
pub(super) struct Trouble {
    pub(super) code: i64,
    pub(super) text: String,
}

/// Codes of our own, outside of JSON-RPC's: those of HTTP say the same.
const UNREACHABLE: i64 = 503;
const LATE: i64 = 504;
pub(super) const BROKEN_OFF: i64 = 502;
const NOT_SIGNED: i64 = 401;

impl From<HttpError> for Trouble {
    fn from(error: HttpError) -> Self {
        let code = match &error {
            HttpError::Unreachable { .. } => UNREACHABLE,
            HttpError::Late { .. } => LATE,
            HttpError::BrokenOff { .. } | HttpError::TooLong(_) => BROKEN_OFF,
            HttpError::Credentials(_) | HttpError::BadToken => NOT_SIGNED,
        };
        Self { code, text: error.to_string() }
    }
}

/// Hosts show standard error in their logs.
pub(super) fn log(text: &str) {
    let _ = writeln!(stderr(), "mcp-lambda: {text}");
}
