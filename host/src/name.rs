//! Names that end up in ARNs, headers and environment variables, parsed once.

use std::fmt;

/// The name of a function.
///
/// Invariants: 1 to 64 ASCII letters, digits, `-` and `_`, Lambda's own rule.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FunctionName(Box<str>);

impl FunctionName {
    /// Parses a name; fails if it breaks Lambda's rule.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if fits { Ok(Self(text.into())) } else { Err(InvalidName::Function) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The account that functions appear to belong to.
///
/// Invariants: 12 digits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountId(Box<str>);

impl AccountId {
    /// Parses an account id; fails unless it is 12 digits.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let fits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { Ok(Self(text.into())) } else { Err(InvalidName::Account) }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for AccountId {
    fn default() -> Self {
        Self("000000000000".into())
    }
}

/// The region that functions appear to run in.
///
/// Invariants: 1 to 32 lower-case ASCII letters, digits and `-`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Region(Box<str>);

impl Region {
    /// Parses a region; any name of the right form is accepted.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let fits = (1..=32).contains(&text.len())
            && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if fits { Ok(Self(text.into())) } else { Err(InvalidName::Region) }
    }

    /// The region as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Region {
    fn default() -> Self {
        Self("us-east-1".into())
    }
}

/// Why a text is not a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidName {
    /// Not the name of a function.
    #[error("a function name must be 1 to 64 ASCII letters, digits, `-` and `_`")]
    Function,
    /// Not an account id.
    #[error("an account id must be 12 digits")]
    Account,
    /// Not a region.
    #[error("a region must be 1 to 32 lower-case ASCII letters, digits and `-`")]
    Region,
}

/// Whether a text may stand as a version or alias; any such qualifier names the same local code.
pub(crate) fn is_qualifier(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_names_follow_the_rule_of_lambda() {
        for good in ["a", "A-b_9", &"x".repeat(64)] {
            assert_eq!(FunctionName::parse(good).expect("a good name").as_str(), good);
        }
        for bad in ["", "a.b", "a b", "é", "a:b", &"x".repeat(65)] {
            assert_eq!(FunctionName::parse(bad), Err(InvalidName::Function), "{bad:?}");
        }
    }

    #[test]
    fn accounts_are_twelve_digits() {
        assert!(AccountId::parse("123456789012").is_ok());
        for bad in ["", "12345678901", "1234567890123", "12345678901x"] {
            assert_eq!(AccountId::parse(bad), Err(InvalidName::Account), "{bad:?}");
        }
    }

    #[test]
    fn regions_are_short_and_lower_case() {
        assert!(Region::parse("eu-central-1").is_ok());
        for bad in ["", "EU", "eu central", &"a".repeat(33)] {
            assert_eq!(Region::parse(bad), Err(InvalidName::Region), "{bad:?}");
        }
    }

    #[test]
    fn qualifiers_are_versions_and_aliases() {
        for good in ["$LATEST", "1", "live_2-b", &"q".repeat(128)] {
            assert!(is_qualifier(good), "{good:?}");
        }
        for bad in ["", "a b", "a:b", &"q".repeat(129)] {
            assert!(!is_qualifier(bad), "{bad:?}");
        }
    }
}
