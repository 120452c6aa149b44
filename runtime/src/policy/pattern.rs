//! Texts with `*` for any number of any characters. Case counts.

use std::fmt;

use crate::policy::limits;

/// A text in which `*` stands for any characters, also for none. There is no escape.
///
/// Invariants: 1 to [`limits::MAX_VALUE_BYTES`] bytes, no control characters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pattern(Box<str>);

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidPattern {
    /// Empty, too long, or with characters that nobody sees.
    #[error(
        "must be 1 to {} bytes without control characters; * stands for any characters",
        limits::MAX_VALUE_BYTES
    )]
    Text,
    /// No registration or virtual server has such a name.
    #[error("matches no name: names have letters, digits, '_', '-' and '.'; * stands for any")]
    Name,
    /// Not the ARN of an IAM principal.
    #[error(
        "must be * or the ARN of an IAM principal, such as \
         arn:aws:iam::123456789012:role/agent; * stands for any characters of one part"
    )]
    Arn,
    /// A role's path cannot be seen.
    #[error(
        "matches no caller: whoever assumed a role has lost its path; write role/NAME without it"
    )]
    RolePath,
}

impl Pattern {
    /// Parses a pattern.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let fits = (1..=limits::MAX_VALUE_BYTES).contains(&text.len());
        let visible = !text.chars().any(char::is_control);
        (fits && visible).then(|| Self(text.into())).ok_or(InvalidPattern::Text)
    }

    /// Parses a pattern of names.
    pub fn parse_name(text: &str) -> Result<Self, InvalidPattern> {
        let pattern = Self::parse(text)?;
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.*".contains(&b);
        text.bytes().all(allowed).then_some(pattern).ok_or(InvalidPattern::Name)
    }

    /// Whether it stands for a text.
    pub fn matches(&self, text: &str) -> bool {
        matches(self.0.as_bytes(), text.as_bytes())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Only the last `*` is ever tried again, so the cost is at most the product of the lengths. Bytes
/// are as good as characters: no part of one character is equal to a whole one.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Behind the last `*`, and where what it stands for ended.
    let mut last: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), last) {
            (Some(b'*'), _) => {
                p += 1;
                last = Some((p, t));
            }
            (Some(byte), _) if *byte == text[t] => (p, t) = (p + 1, t + 1),
            (_, Some((behind, end))) => {
                (p, t) = (behind, end + 1);
                last = Some((behind, end + 1));
            }
            (_, None) => return false,
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// A pattern of the ARNs of IAM principals, compared part by part: a `*` stands for nothing beyond
/// the colon, so that nobody can write another account into a name of his own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ArnPattern {
    /// `*`: every IAM principal.
    Any,
    /// Partition, service, region, account and the rest.
    Parts([Box<str>; 5]),
}

impl ArnPattern {
    /// Parses a pattern.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        Pattern::parse(text)?;
        if text == "*" {
            return Ok(Self::Any);
        }
        let parts = parts(text).ok_or(InvalidPattern::Arn)?;
        let [partition, service, _, account, rest] = parts;
        let wild = |part: &str| part.contains('*');
        let known = ["iam", "sts"].contains(&service) || wild(service);
        let twelve = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        if partition.is_empty() || rest.is_empty() || !known || !(twelve || wild(account)) {
            return Err(InvalidPattern::Arn);
        }
        if rest.strip_prefix("role/").is_some_and(|name| name.contains('/')) {
            return Err(InvalidPattern::RolePath);
        }
        Ok(Self::Parts(parts.map(Box::from)))
    }

    /// Whether it stands for an ARN.
    pub fn matches(&self, arn: &str) -> bool {
        match (self, parts(arn)) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::Parts(own), Some(parts)) => {
                let mut pairs = own.iter().zip(parts);
                pairs.all(|(own, part)| matches(own.as_bytes(), part.as_bytes()))
            }
        }
    }
}

/// The parts of an ARN behind `arn:`.
pub(super) fn parts(arn: &str) -> Option<[&str; 5]> {
    let mut parts = arn.strip_prefix("arn:")?.splitn(5, ':');
    let parts = [parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    Some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(pattern: &str, text: &str) -> bool {
        Pattern::parse(pattern).expect("a pattern").matches(text)
    }

    #[test]
    fn wildcards() {
        for (pattern, good, bad) in [
            ("a", &["a"][..], &["", "A", "aa", "*"][..]),
            ("*", &["", "a", "a*b", "é"], &[]),
            ("a*", &["a", "ab"], &["", "ba"]),
            ("*a", &["a", "ba", "aa"], &["ab"]),
            ("a*b*c", &["abc", "aXbYc", "abbcc"], &["acb", "ab", "abcd"]),
            ("**", &["", "x"], &[]),
            ("é*", &["é", "éa"], &["e", "\u{c2}"]),
            ("get-*", &["get-", "get-x"], &["get", "forget-x"]),
        ] {
            for text in good {
                assert!(check(pattern, text), "{pattern} {text}");
            }
            for text in bad {
                assert!(!check(pattern, text), "{pattern} {text}");
            }
        }
    }

    #[test]
    fn bounds() {
        assert!(Pattern::parse(&"a".repeat(limits::MAX_VALUE_BYTES)).is_ok());
        for bad in ["", "a\nb", "\u{7f}", &"a".repeat(limits::MAX_VALUE_BYTES + 1)] {
            assert_eq!(Pattern::parse(bad), Err(InvalidPattern::Text));
        }
        assert!(Pattern::parse_name("a.B_c-9*").is_ok());
        for bad in ["a b", "a/b", "é"] {
            assert_eq!(Pattern::parse_name(bad), Err(InvalidPattern::Name), "{bad}");
        }
    }

    const ACCOUNT: &str = "123456789012";

    #[test]
    fn arns_are_compared_part_by_part() {
        let check =
            |pattern: &str, arn: &str| ArnPattern::parse(pattern).expect("a pattern").matches(arn);
        let user = |rest: &str| format!("arn:aws:iam::{ACCOUNT}:user/{rest}");
        assert!(check(&user("bob"), &user("bob")));
        assert!(!check(&user("bob"), &user("bobby")));
        assert!(check(&user("team/*"), &user("team/bob")));
        assert!(check("arn:*:iam::123456789012:user/*", "arn:aws-cn:iam::123456789012:user/x"));
        assert!(check("*", &user("bob")));
        assert!(!check("*", "bob"));
        // A user's path may hold colons.
        let forged = "arn:aws:iam::999999999999:user/:iam::123456789012:user/bob";
        for pattern in ["arn:*:iam::123456789012:user/bob", "arn:aws*:iam::123456789012:*"] {
            assert!(!check(pattern, forged), "{pattern}");
        }
    }

    #[test]
    fn arns_that_match_nobody_are_refused() {
        for bad in [
            "bob",
            "arn:aws:iam::123456789012",
            "arn:aws:lambda:us-east-1:123456789012:function:f",
            "arn:aws:iam::12345:user/bob",
            "arn:aws:iam:::user/bob",
            "arn::iam::123456789012:user/bob",
            "arn:aws:iam::123456789012:",
        ] {
            assert_eq!(ArnPattern::parse(bad), Err(InvalidPattern::Arn), "{bad}");
        }
        for path in ["role/team/agent", "role/team/*", "role/aws-reserved/x/y"] {
            let pattern = format!("arn:aws:iam::{ACCOUNT}:{path}");
            assert_eq!(ArnPattern::parse(&pattern), Err(InvalidPattern::RolePath), "{path}");
        }
        for good in ["role/*", "role/a", "user/team/bob", "root", "*"] {
            assert!(ArnPattern::parse(&format!("arn:aws:iam::{ACCOUNT}:{good}")).is_ok(), "{good}");
        }
    }

    /// The same by recursion, which takes exponential time.
    fn slowly(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some((b'*', rest)), None) => slowly(rest, text),
            (Some((b'*', rest)), Some((_, tail))) => slowly(rest, text) || slowly(pattern, tail),
            (Some(_), None) => false,
            (Some((a, rest)), Some((b, tail))) => a == b && slowly(rest, tail),
        }
    }

    proptest! {
        #[test]
        fn as_the_definition_says(pattern in "[ab*]{1,7}", text in "[ab]{0,9}") {
            prop_assert_eq!(
                check(&pattern, &text), slowly(pattern.as_bytes(), text.as_bytes())
            );
        }

        #[test]
        fn parsing_anything_never_panics(text in ".{0,40}") {
            let _ = Pattern::parse_name(&text);
            if let Ok(pattern) = ArnPattern::parse(&format!("arn:{text}")) {
                let _ = pattern.matches(&text);
            }
        }
    }
}
