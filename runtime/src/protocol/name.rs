//! Names as a client or an administrator may write them.
//!
//! Only the form is decided here; whether something of that name exists is the catalog's business.

use std::borrow::Borrow;
use std::fmt;

use crate::protocol::limits;

/// The name of a tool or a prompt: case-sensitive, unique among its kind.
///
/// Invariants: 1 to [`limits::MAX_NAME_BYTES`] bytes, only ASCII letters, digits, `_`, `-`, `.`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Name(Box<str>);

impl Name {
    /// Parses a name.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        // The specification only says SHOULD (server/tools, "Tool Names"); we refuse, because
        // names become parts of table keys, statement ids and metric labels.
        if text.is_empty() {
            return Err(InvalidName::Empty);
        }
        if text.len() > limits::MAX_NAME_BYTES {
            return Err(InvalidName::TooLong);
        }
        match text.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))) {
            Some(found) => Err(InvalidName::Character(found)),
            None => Ok(Self(text.into())),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidName {
    /// No text.
    #[error("a name must not be empty")]
    Empty,
    /// Over [`limits::MAX_NAME_BYTES`].
    #[error("a name has at most {} characters", limits::MAX_NAME_BYTES)]
    TooLong,
    /// Not a letter, digit, `_`, `-` or `.`.
    #[error("a name has only letters, digits, '_', '-' and '.', not {0:?}")]
    Character(char),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_bounds() {
        assert!(Name::parse("get_weather-2.x").is_ok());
        assert_eq!(Name::parse(""), Err(InvalidName::Empty));
        assert!(Name::parse(&"a".repeat(limits::MAX_NAME_BYTES)).is_ok());
        let long = "a".repeat(limits::MAX_NAME_BYTES + 1);
        assert_eq!(Name::parse(&long), Err(InvalidName::TooLong));
        for bad in [' ', '/', '\n', 'é', '\u{200b}'] {
            assert_eq!(Name::parse(&format!("a{bad}")), Err(InvalidName::Character(bad)));
        }
    }
}
