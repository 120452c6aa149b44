//! What an access token says of its bearer, as far as anybody needs to know it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a verified access token says. The token itself is not here: nobody is given it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TokenClaims {
    /// `iss`: who issued it.
    pub issuer: String,
    /// `sub`: for whom, in the issuer's own terms.
    pub subject: String,
    /// `client_id`, or `azp`: by which client it was asked for.
    pub client_id: Option<String>,
    /// What it may be used for.
    pub scopes: Scopes,
    /// The claims that the deployment lets through, by their names; those that are not texts as
    /// JSON.
    pub claims: BTreeMap<String, String>,
}

/// Bytes of one scope.
pub const MAX_SCOPE_BYTES: usize = 256;
/// Scopes of one token or one rule.
pub const MAX_SCOPES: usize = 256;

/// A scope, case-sensitive.
///
/// Invariants: 1 to [`MAX_SCOPE_BYTES`] bytes; visible ASCII without `"` and `\` (RFC 6749, 3.3).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Scope(Box<str>);

impl Scope {
    /// Parses one scope.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        let good = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        match text.len() {
            1..=MAX_SCOPE_BYTES if text.bytes().all(good) => Ok(Self(text.into())),
            _ => Err(InvalidScope::Form),
        }
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Scopes, sorted, each once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Parses a list with spaces between, which may be empty.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        let scopes: Result<BTreeSet<_>, _> =
            text.split(' ').filter(|scope| !scope.is_empty()).map(Scope::parse).collect();
        let scopes = scopes?;
        if scopes.len() > MAX_SCOPES { Err(InvalidScope::TooMany) } else { Ok(Self(scopes)) }
    }

    /// Whether all of these are among them.
    pub fn contain(&self, all: &Self) -> bool {
        all.0.is_subset(&self.0)
    }

    /// Whether this one is among them.
    pub fn has(&self, scope: &str) -> bool {
        self.0.iter().any(|known| known.as_str() == scope)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of both.
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Scope::as_str)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        Self(scopes.into_iter().collect())
    }
}

/// With spaces between, as OAuth writes them.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { " " })?;
            f.write_str(scope)?;
        }
        Ok(())
    }
}

/// Why a text is no scope, or no list of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidScope {
    /// A character that may not be there, or the length.
    #[error("a scope has 1 to {MAX_SCOPE_BYTES} visible ASCII characters, none of them \" or \\")]
    Form,
    /// More than [`MAX_SCOPES`].
    #[error("there are more than {MAX_SCOPES} scopes")]
    TooMany,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for good in ["a", "mcp:tools", "https://a/b", "!#[]~", &"x".repeat(MAX_SCOPE_BYTES)] {
            assert_eq!(Scope::parse(good).map(|scope| scope.as_str().to_owned()), Ok(good.into()));
        }
        for bad in ["", "a b", "a\"", "a\\", "é", "a\n", &"x".repeat(MAX_SCOPE_BYTES + 1)] {
            assert_eq!(Scope::parse(bad), Err(InvalidScope::Form), "{bad:?}");
        }
    }

    #[test]
    fn lists() {
        let scopes = Scopes::parse(" b a  b ").expect("a list");
        assert_eq!(scopes.to_string(), "a b");
        assert!(scopes.has("a") && !scopes.has("A") && !scopes.has("a b"));
        let parse = |text| Scopes::parse(text).expect("a list");
        assert!(scopes.contain(&parse("a")) && scopes.contain(&parse("")));
        assert!(!scopes.contain(&parse("a c")));
        assert_eq!(scopes.union(&parse("c")).to_string(), "a b c");
        let many = |count: usize| {
            (0..count).map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert!(Scopes::parse(&many(MAX_SCOPES)).is_ok());
        assert_eq!(Scopes::parse(&many(MAX_SCOPES + 1)), Err(InvalidScope::TooMany));
    }
}
