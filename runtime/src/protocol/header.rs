//! The routing headers of 2026-07-28 (basic/transports, "Standard Request Headers").

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::protocol::error::{Code, RpcError};

/// One header as it came: how often decides as much as what.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Field<'a> {
    /// Not sent.
    #[default]
    Absent,
    /// Sent once; optional white space around the value is already gone.
    Once(&'a str),
    /// Sent more than once, or not visible ASCII: cannot be relied on.
    Ambiguous,
}

impl<'a> Field<'a> {
    /// The value if there is exactly one.
    pub fn once(self) -> Option<&'a str> {
        match self {
            Self::Once(value) => Some(value),
            Self::Absent | Self::Ambiguous => None,
        }
    }
}

/// The headers that decide how a message is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoutingHeaders<'a> {
    /// `MCP-Protocol-Version`.
    pub protocol_version: Field<'a>,
    /// `Mcp-Method`.
    pub method: Field<'a>,
    /// `Mcp-Name`.
    pub name: Field<'a>,
}

/// The mark around a base64 value (server, "Header Value Encoding").
const SENTINEL_START: &str = "=?base64?";
const SENTINEL_END: &str = "?=";

/// Decodes a header value; `None` when it claims to be base64 and is not, or not canonically.
pub fn decode(value: &str) -> Option<Cow<'_, str>> {
    let marked =
        value.strip_prefix(SENTINEL_START).and_then(|rest| rest.strip_suffix(SENTINEL_END));
    let Some(encoded) = marked else { return Some(Cow::Borrowed(value)) };
    // The standard engine refuses missing padding and stray bits, so one value has one form.
    let bytes = STANDARD.decode(encoded).ok()?;
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Encodes a value for a header, marked where it could not stand as it is.
pub fn encode(value: &str) -> Cow<'_, str> {
    let plain = value.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
        && value.trim() == value
        && !(value.starts_with(SENTINEL_START) && value.ends_with(SENTINEL_END));
    if plain && !value.is_empty() {
        return Cow::Borrowed(value);
    }
    Cow::Owned(format!("{SENTINEL_START}{}{SENTINEL_END}", STANDARD.encode(value)))
}

/// Requires a header to equal what the body says.
pub fn require(header: &'static str, field: Field<'_>, expected: &str) -> Result<(), RpcError> {
    let mismatch = |why: &str| RpcError::new(Code::HeaderMismatch, format!("{header} {why}"));
    match field {
        Field::Absent => Err(mismatch("header is missing")),
        Field::Ambiguous => Err(mismatch("header must be sent once, in visible ASCII")),
        Field::Once(value) => match decode(value) {
            None => Err(mismatch("header is not valid base64")),
            Some(decoded) if decoded == expected => Ok(()),
            Some(_) => Err(mismatch("header does not match the body")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_decode_and_encode() {
        for text in ["plain", "a b", " lead", "é", "=?base64?YQ==?=", "", "\u{1}"] {
            assert_eq!(decode(&encode(text)).as_deref(), Some(text));
        }
        assert_eq!(decode("=?base64?YQ==?=").as_deref(), Some("a"));
        for bad in ["=?base64?YQ?=", "=?base64?YR==?=", "=?base64?!?=", "=?base64?/w==?="] {
            assert_eq!(decode(bad), None, "{bad}");
        }
        assert_eq!(decode("=?BASE64?YQ==?=").as_deref(), Some("=?BASE64?YQ==?="));
    }

    #[test]
    fn required_fields() {
        let check = |field| require("Mcp-Name", field, "a").map_err(|e| e.message.into_owned());
        assert!(check(Field::Once("a")).is_ok());
        assert!(check(Field::Once("=?base64?YQ==?=")).is_ok());
        for field in
            [Field::Absent, Field::Ambiguous, Field::Once("A"), Field::Once("=?base64?Y?=")]
        {
            assert!(check(field).is_err(), "{field:?}");
        }
    }
}
