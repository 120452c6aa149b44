//! What the public door needs from outside: the stack's tokens, and documents of an issuer.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::port::StoreError;

/// Characters of a bearer token, at least: with 64 different ones, 192 random bits.
pub const MIN_TOKEN_CHARACTERS: usize = 32;
/// Characters of a bearer token, at most.
pub const MAX_TOKEN_CHARACTERS: usize = 512;
/// Bytes of a document that an issuer may have: metadata or keys.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// Bytes of a URL of an issuer.
pub const MAX_URL_BYTES: usize = 2_048;
/// How long one document may take.
pub const DOCUMENT_TIMEOUT: Duration = Duration::from_secs(4);

/// A bearer token of the stack, which nobody may see: it has no other form than its text.
///
/// Invariants: [`MIN_TOKEN_CHARACTERS`] to [`MAX_TOKEN_CHARACTERS`] letters, digits and `-._~+/`,
/// then perhaps `=` (RFC 6750, 2.1).
#[derive(Clone, Eq, PartialEq)]
pub struct BearerToken(Box<str>);

impl BearerToken {
    /// Parses a token as somebody has stored it.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        match text.len() {
            MIN_TOKEN_CHARACTERS..=MAX_TOKEN_CHARACTERS if is_token68(text) => {
                Ok(Self(text.into()))
            }
            _ => Err(InvalidToken),
        }
    }

    /// The secret itself, for whoever stores or compares it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(…)")
    }
}

/// Why a text is no bearer token. It does not repeat the text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "a bearer token has {MIN_TOKEN_CHARACTERS} to {MAX_TOKEN_CHARACTERS} letters, digits and -._~+/, \
     and may end with ="
)]
pub struct InvalidToken;

/// Whether a text can stand behind `Bearer` (RFC 6750, 2.1, `b64token`).
pub fn is_token68(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !body.is_empty() && body.bytes().all(good)
}

/// The tokens that open the bearer door: two while one replaces the other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LiveTokens {
    /// The one to use.
    pub current: BearerToken,
    /// The one before, until nobody uses it any more.
    pub previous: Option<BearerToken>,
}

impl LiveTokens {
    /// With a new token; the current one goes on to be good, the one before it does not.
    pub fn rotated(self, new: BearerToken) -> Self {
        Self { current: new, previous: Some(self.current) }
    }
}

/// Where the stack's bearer tokens are kept.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// Reads them; [`StoreError::NotFound`] if there are none yet.
    async fn load(&self) -> Result<LiveTokens, StoreError>;

    /// Replaces them all.
    async fn save(&self, tokens: &LiveTokens) -> Result<(), StoreError>;
}

/// The URL of an issuer, or of a document of one.
///
/// Invariants: `https`, or `http` on a loopback address; a host; no user, query or fragment; visible
/// ASCII; at most [`MAX_URL_BYTES`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IssuerUrl(Box<str>);

impl IssuerUrl {
    /// Parses a URL of a configuration or of an issuer's metadata.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let uri: http::Uri = text.parse().map_err(|_| InvalidUrl)?;
        let authority = uri.authority().ok_or(InvalidUrl)?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => is_loopback(authority.host()),
            _ => false,
        };
        let good = secure
            && text.len() <= MAX_URL_BYTES
            && text.bytes().all(|byte| byte.is_ascii_graphic())
            && !authority.host().is_empty()
            && !text.contains(['@', '?', '#', '\\', '"']);
        if good { Ok(Self(text.into())) } else { Err(InvalidUrl) }
    }

    /// As it was given, which is how issuers are compared (RFC 8414, 3.3).
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is on this machine, and so without TLS perhaps.
    pub fn is_plain(&self) -> bool {
        self.0.starts_with("http:")
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Why a text is no URL of an issuer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "an issuer's URL begins with https:// (http:// on a loopback address only) and has neither user \
     nor query nor fragment"
)]
pub struct InvalidUrl;

/// Fetches what issuers publish.
#[async_trait]
pub trait Documents: Send + Sync {
    /// The body of a `GET` that was answered with 200; redirects are not followed. What is longer
    /// than [`MAX_DOCUMENT_BYTES`] is refused.
    async fn get(&self, url: &IssuerUrl) -> Result<Bytes, DocumentError>;
}

/// Why there is no document.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DocumentError {
    /// The answer was another one.
    #[error("the answer's status is {0}")]
    Status(u16),
    /// The answer is too long.
    #[error("the answer has more than {MAX_DOCUMENT_BYTES} bytes")]
    TooLarge,
    /// There was no answer.
    #[error("{0}")]
    Unreachable(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_at_below_and_above_their_bounds() {
        let of = |length: usize| BearerToken::parse(&"x".repeat(length)).is_ok();
        assert!(!of(MIN_TOKEN_CHARACTERS - 1) && of(MIN_TOKEN_CHARACTERS));
        assert!(of(MAX_TOKEN_CHARACTERS) && !of(MAX_TOKEN_CHARACTERS + 1));
        let start = "x".repeat(MIN_TOKEN_CHARACTERS);
        for end in ["-._~+/AZaz09==", "="] {
            assert!(BearerToken::parse(&format!("{start}{end}")).is_ok(), "{end}");
        }
        for end in [" ", "=a", "\n", "é", ",", "\""] {
            assert_eq!(BearerToken::parse(&format!("{start}{end}")), Err(InvalidToken), "{end}");
        }
        assert!(!is_token68("===") && !is_token68(""));
    }

    #[test]
    fn tokens_are_not_shown() {
        let text = "s3cret".repeat(8);
        let token = BearerToken::parse(&text).expect("a token");
        let live = LiveTokens { current: token.clone(), previous: Some(token) };
        assert!(!format!("{live:?}").contains("s3cret"));
        assert_eq!(live.current.reveal(), text);
    }

    #[test]
    fn a_rotation_keeps_two() {
        let token = |letter: &str| BearerToken::parse(&letter.repeat(40)).expect("a token");
        let first = LiveTokens { current: token("a"), previous: None };
        let second = first.rotated(token("b"));
        assert_eq!(second, LiveTokens { current: token("b"), previous: Some(token("a")) });
        let third = second.rotated(token("c"));
        assert_eq!(third.previous, Some(token("b")));
    }

    #[test]
    fn urls() {
        for good in [
            "https://issuer.example.com",
            "https://issuer.example.com/",
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc",
            "http://127.0.0.1:9000/x",
            "http://localhost:9000",
            "http://[::1]:9000",
        ] {
            assert_eq!(IssuerUrl::parse(good).map(|url| url.as_str().to_owned()), Ok(good.into()));
        }
        for bad in [
            "",
            "issuer.example.com",
            "http://issuer.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "ftp://127.0.0.1",
            "https://",
            "https://user@issuer.example.com",
            "https://issuer.example.com/?a=b",
            "https://issuer.example.com/#a",
            "https://issuer.example.com/a b",
            "file:///etc/passwd",
        ] {
            assert_eq!(IssuerUrl::parse(bad), Err(InvalidUrl), "{bad}");
        }
        let of = |length: usize| {
            let head = "https://a/";
            IssuerUrl::parse(&format!("{head}{}", "x".repeat(length - head.len()))).is_ok()
        };
        assert!(of(MAX_URL_BYTES) && !of(MAX_URL_BYTES + 1));
    }
}
