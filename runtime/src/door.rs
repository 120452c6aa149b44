//! Doors beside AWS's own: who may come in with a token instead of a signature.
//!
//! A door is told what somebody presents and answers with a verified caller, or with why not. It
//! knows no HTTP; the edge turns its answers into statuses and challenges. No token leaves it.

mod bearer;
mod discovery;
mod fresh;
mod jwt;
mod keys;
mod oauth;
mod rules;

pub use bearer::BearerDoor;
pub use jwt::{Algorithm, MAX_AUDIENCES, MAX_KEY_ID_BYTES, MAX_TOKEN_BYTES};
pub use keys::MAX_KEYS;
pub use oauth::{
    ClaimName, InvalidClaimName, LEEWAY, MAX_CLAIM_BYTES, MAX_CLAIM_NAME_BYTES, MAX_CLAIMS,
    MAX_CLIENT_BYTES, MAX_SUBJECT_BYTES, OAuthDoor, OAuthSettings,
};
pub use rules::{Called, InvalidRule, MAX_RULE_BYTES, MAX_RULES, ScopeRules};

use crate::port::Timestamp;
use crate::port::doors::is_token68;
use crate::principal::{Principal, Scopes};

/// A door.
pub enum Door {
    /// For the stack's own tokens.
    Bearer(Box<BearerDoor>),
    /// For access tokens of an issuer.
    OAuth(Box<OAuthDoor>),
}

/// Somebody who was let in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Admitted {
    /// The verified caller.
    pub principal: Principal,
    /// Until when the proof is good; nothing if it is so until it is revoked.
    pub until: Option<Timestamp>,
}

/// Why somebody is not let in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refused {
    /// Nothing was presented that is meant for this door.
    Missing,
    /// Something was presented in a form that no client may use.
    Malformed(&'static str),
    /// What was presented proves nothing.
    Invalid(Invalid),
    /// It is genuine, but not good for this: all scopes that are needed.
    Scope(Scopes),
    /// It could not be judged: why, for the log.
    Unavailable(String),
}

impl From<Invalid> for Refused {
    fn from(why: Invalid) -> Self {
        Self::Invalid(why)
    }
}

/// Why a token proves nothing, for the log. None of the texts repeats a part of the token.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Invalid {
    /// None of the stack's tokens.
    #[error("it is none of the stack's tokens")]
    Unknown,
    /// It cannot be read.
    #[error("{0}")]
    Form(&'static str),
    /// An algorithm that is not served, or not by its key.
    #[error("its algorithm is none that its key can have")]
    Algorithm,
    /// A key that the issuer does not have.
    #[error("its issuer has no key of that name")]
    Key,
    /// Somebody else's signature.
    #[error("its signature is not its issuer's")]
    Signature,
    /// Another issuer.
    #[error("it is of another issuer")]
    Issuer,
    /// Too late.
    #[error("it has expired")]
    Expired,
    /// Too early.
    #[error("it is not good yet")]
    NotYet,
    /// For somebody else.
    #[error("it was not issued for this server")]
    Audience,
    /// By a client that is not let in.
    #[error("it was issued to a client that is not let in")]
    Client,
    /// For something else.
    #[error("it is no access token")]
    Use,
}

impl Invalid {
    /// What the client is told: what it can do something about, and no more.
    pub fn description(self) -> &'static str {
        match self {
            Self::Expired => "the token has expired",
            Self::Audience => "the token was not issued for this server",
            Self::Unknown
            | Self::Form(_)
            | Self::Algorithm
            | Self::Key
            | Self::Signature
            | Self::Issuer
            | Self::NotYet
            | Self::Client
            | Self::Use => "the token is not valid here",
        }
    }
}

/// The URL below which the edge's paths are, such as `https://example.com/prod`: only what a caller
/// could not have chosen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Site(String);

impl Site {
    /// The site at a URL, with or without a slash at its end.
    pub fn new(url: &str) -> Self {
        Self(url.trim_end_matches('/').to_owned())
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// What tokens for this server may name (RFC 8707).
    fn resources(&self) -> [String; 2] {
        [self.url("/mcp"), self.url("/sse")]
    }
}

impl Door {
    /// Lets somebody in, or says why not. `site` is where the request came to.
    pub async fn admit(
        &self,
        presented: Result<&str, Refused>,
        site: Option<&Site>,
    ) -> Result<Admitted, Refused> {
        let token = presented?;
        match self {
            Self::Bearer(door) => door.admit(token).await,
            Self::OAuth(door) => door.admit(token, site).await,
        }
    }

    /// The OAuth door, if it is one.
    pub fn oauth(&self) -> Option<&OAuthDoor> {
        match self {
            Self::Bearer(_) => None,
            Self::OAuth(door) => Some(door),
        }
    }

    /// Whether somebody who was let in may make a call: else all scopes that it needs, those of the
    /// door included, so that a client can ask for them at once.
    pub fn allows(&self, principal: &Principal, called: Called<'_>) -> Result<(), Scopes> {
        let Self::OAuth(door) = self else { return Ok(()) };
        let settings = door.settings();
        self.holds(principal, &settings.rules.needed(called))
    }

    /// Whether somebody who was let in is an administrator.
    pub fn administrates(&self, principal: &Principal) -> Result<(), Scopes> {
        let Self::OAuth(door) = self else { return Ok(()) };
        match &door.settings().admin {
            None => Err(Scopes::default()),
            Some(scope) => self.holds(principal, &std::iter::once(scope.clone()).collect()),
        }
    }

    fn holds(&self, principal: &Principal, needed: &Scopes) -> Result<(), Scopes> {
        let held = principal.scopes().is_some_and(|scopes| scopes.contain(needed));
        let base = self.oauth().map(|door| &door.settings().scopes);
        match held || needed.is_empty() {
            true => Ok(()),
            false => Err(base.map_or_else(|| needed.clone(), |base| base.union(needed))),
        }
    }
}

/// The token of the `Authorization` headers of a request (RFC 6750, 2.1). Tokens in a query or a
/// body are not looked for.
pub fn presented<'a>(headers: impl Iterator<Item = &'a [u8]>) -> Result<&'a str, Refused> {
    let mut headers = headers;
    let Some(header) = headers.next() else { return Err(Refused::Missing) };
    if headers.next().is_some() {
        return Err(Refused::Malformed("the Authorization header must be sent once"));
    }
    let text = std::str::from_utf8(header).unwrap_or_default();
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refused::Missing);
    }
    let token = rest.trim_matches(' ');
    match token.len() {
        1..=MAX_TOKEN_BYTES if is_token68(token) => Ok(token),
        1..=MAX_TOKEN_BYTES => Err(Refused::Malformed("the token has characters that none has")),
        0 => Err(Refused::Malformed("the Authorization header has no token")),
        _ => Err(Refused::Invalid(Invalid::Form("it is too long"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_presented() {
        let one = |header: &str| presented(std::iter::once(header.as_bytes())).map(str::to_owned);
        for header in ["Bearer abc", "bearer abc", "BEARER   abc ", "Bearer abc=="] {
            assert!(one(header).is_ok(), "{header}");
        }
        for header in ["", "abc", "Basic abc", "AWS4-HMAC-SHA256 Credential=a/b", "Bearerabc"] {
            assert_eq!(one(header), Err(Refused::Missing), "{header}");
        }
        for header in ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer \"a\"", "Bearer é"]
        {
            assert!(matches!(one(header), Err(Refused::Malformed(_))), "{header}");
        }
        let none: [&[u8]; 0] = [];
        assert_eq!(presented(none.into_iter()), Err(Refused::Missing));
        let twice: [&[u8]; 2] = [b"Bearer a", b"Bearer a"];
        assert!(matches!(presented(twice.into_iter()), Err(Refused::Malformed(_))));
        let long = |length: usize| one(&format!("Bearer {}", "x".repeat(length)));
        assert!(long(MAX_TOKEN_BYTES).is_ok());
        assert!(matches!(long(MAX_TOKEN_BYTES + 1), Err(Refused::Invalid(_))));
    }

    #[test]
    fn sites() {
        let site = Site::new("https://example.com/prod/");
        assert_eq!(site.url("/mcp"), "https://example.com/prod/mcp");
        assert_eq!(site.resources()[0], "https://example.com/prod/mcp");
    }
}
