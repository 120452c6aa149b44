//! Who is calling.

mod claims;

use std::sync::Arc;

use ring::digest::{Context, SHA256};

pub use claims::{InvalidScope, MAX_SCOPE_BYTES, MAX_SCOPES, Scope, Scopes, TokenClaims};

/// A caller, as verified by whatever stands in front of the gateway.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Principal {
    /// Nobody was asked to prove anything: the local server on loopback.
    #[default]
    Anonymous,
    /// An IAM principal, verified by AWS.
    Iam {
        /// Its ARN; of a role that was assumed, the session's.
        arn: String,
    },
    /// Somebody who may invoke the function directly. AWS does not say who.
    DirectInvoke,
    /// Somebody who has one of the stack's bearer tokens. All of them are one caller, so that a
    /// rotation changes nobody's identity.
    Bearer {
        /// The stack's name for whoever has a token.
        name: String,
    },
    /// Somebody for whom an authorization server has issued an access token.
    OAuth(Arc<TokenClaims>),
}

impl Principal {
    /// The kind, for tool functions and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Iam { .. } => "iam",
            Self::DirectInvoke => "direct-invoke",
            Self::Bearer { .. } => "bearer",
            Self::OAuth(_) => "oauth",
        }
    }

    /// The identity within its kind; with OAuth, within its issuer.
    pub fn name(&self) -> &str {
        match self {
            Self::Anonymous | Self::DirectInvoke => "",
            Self::Iam { arn } => arn,
            Self::Bearer { name } => name,
            Self::OAuth(token) => &token.subject,
        }
    }

    /// Who vouches for the name, where several could.
    pub fn issuer(&self) -> Option<&str> {
        self.token().map(|token| token.issuer.as_str())
    }

    /// What the caller's token may be used for; nothing where there are no scopes.
    pub fn scopes(&self) -> Option<&Scopes> {
        self.token().map(|token| &token.scopes)
    }

    /// One of the token's claims that the deployment lets through.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.token()?.claims.get(name).map(String::as_str)
    }

    /// What the caller's access token says.
    pub fn token(&self) -> Option<&TokenClaims> {
        match self {
            Self::OAuth(token) => Some(token),
            Self::Anonymous | Self::Iam { .. } | Self::DirectInvoke | Self::Bearer { .. } => None,
        }
    }

    /// A short digest by which sealed values are bound to the principal: to its kind, issuer and
    /// name, but neither to the client that it uses nor to what it may do at the moment.
    pub fn binding(&self) -> [u8; 16] {
        let mut digest = Context::new(&SHA256);
        digest.update(self.kind().as_bytes());
        digest.update(b"\0");
        if let Some(issuer) = self.issuer() {
            // The length keeps an issuer and a subject from being read as another pair.
            digest.update(&u64::try_from(issuer.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(issuer.as_bytes());
        }
        digest.update(self.name().as_bytes());
        let mut short = [0; 16];
        short.copy_from_slice(&digest.finish().as_ref()[..16]);
        short
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn oauth(issuer: &str, subject: &str, client: Option<&str>, scopes: &str) -> Principal {
        let scopes = Scopes::parse(scopes).expect("scopes");
        Principal::OAuth(Arc::new(TokenClaims {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            client_id: client.map(str::to_owned),
            scopes,
            claims: BTreeMap::from([("department".to_owned(), "tools".to_owned())]),
        }))
    }

    #[test]
    fn an_identity_is_issuer_and_subject() {
        let alice = oauth("https://a", "alice", Some("client"), "read");
        assert_eq!(
            (alice.kind(), alice.name(), alice.issuer()),
            ("oauth", "alice", Some("https://a"))
        );
        assert_eq!(alice.claim("department"), Some("tools"));
        assert_eq!(alice.claim("email"), None);
        assert_eq!(alice.scopes().map(Scopes::to_string).as_deref(), Some("read"));
        let same = oauth("https://a", "alice", None, "read write");
        assert_eq!(alice.binding(), same.binding());
        let iam = Principal::Iam { arn: "alice".to_owned() };
        let bearer = Principal::Bearer { name: "alice".to_owned() };
        for other in [
            oauth("https://b", "alice", Some("client"), "read"),
            oauth("https://a", "bob", Some("client"), "read"),
            oauth("https://aa", "lice", Some("client"), "read"),
            oauth("https://", "aalice", Some("client"), "read"),
            iam,
            bearer,
            Principal::Anonymous,
        ] {
            assert_ne!(alice.binding(), other.binding(), "{other:?}");
        }
    }

    #[test]
    fn bearers_have_a_name_and_nothing_else() {
        let bearer = Principal::Bearer { name: "stack".to_owned() };
        assert_eq!((bearer.kind(), bearer.name()), ("bearer", "stack"));
        assert_eq!((bearer.scopes(), bearer.claim("sub")), (None, None));
    }
}
