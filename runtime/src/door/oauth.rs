//! The OAuth door: whoever has an access token that was issued for this server may come in.
//!
//! The server is a resource server (MCP 2026-07-28, Authorization): it verifies tokens and issues
//! none. Which issuer, which audiences and which scopes are the deployment's choice; that every one
//! of them is checked is not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::door::fresh::{Fresh, Times};
use crate::door::jwt::{Claims, Jwt};
use crate::door::keys::{KeySet, Unverified};
use crate::door::rules::ScopeRules;
use crate::door::{Admitted, Invalid, Refused, Site, discovery};
use crate::port::doors::{Documents, IssuerUrl};
use crate::port::{Clock, Timestamp};
use crate::principal::{Principal, Scope, Scopes, TokenClaims};
use crate::protocol::json;

/// How far an issuer's clock and ours may be apart.
pub const LEEWAY: Duration = Duration::from_secs(30);
/// Bytes of a subject (OpenID Connect Core, 2, allows 255).
pub const MAX_SUBJECT_BYTES: usize = 255;
/// Bytes of a client's id: those that are URLs of documents are the longest.
pub const MAX_CLIENT_BYTES: usize = 1_024;
/// Claims that are let through.
pub const MAX_CLAIMS: usize = 16;
/// Bytes of the name of a claim.
pub const MAX_CLAIM_NAME_BYTES: usize = 128;
/// Bytes of a claim that is let through; a longer one is left out.
pub const MAX_CLAIM_BYTES: usize = 1_024;

/// A new key is known within seconds of its first use; one that was withdrawn is good for an hour
/// at most, and for six while the issuer cannot be asked.
const TIMES: Times = Times {
    fresh: Duration::from_secs(3_600),
    kept: Duration::from_secs(6 * 3_600),
    pause: Duration::from_secs(30),
    retry: Duration::from_secs(2),
};

/// What a deployment decides of its OAuth door.
#[derive(Clone, Debug)]
pub struct OAuthSettings {
    /// Who issues tokens: `iss`, to the letter.
    pub issuer: IssuerUrl,
    /// Whom tokens must be for: one of these must be in `aud`. Without any, tokens must be for this
    /// server's own URL (RFC 8707).
    pub audiences: BTreeSet<String>,
    /// By which clients tokens may have been asked for; without any, by all. With them, tokens
    /// without `aud` are taken too if their `token_use` is `access`: those of Amazon Cognito.
    pub clients: BTreeSet<String>,
    /// What every token must be good for.
    pub scopes: Scopes,
    /// What calls need besides.
    pub rules: ScopeRules,
    /// What administrators need besides; without it nobody is one here.
    pub admin: Option<Scope>,
    /// The claims that tool functions and policies may see.
    pub claims: Vec<ClaimName>,
}

/// The name of a claim.
///
/// Invariants: 1 to [`MAX_CLAIM_NAME_BYTES`] bytes; visible ASCII without `,`, `"` and `\`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClaimName(Box<str>);

impl ClaimName {
    /// Parses a name.
    pub fn parse(text: &str) -> Result<Self, InvalidClaimName> {
        let good = |byte: u8| byte.is_ascii_graphic() && !b",\"\\".contains(&byte);
        match text.len() {
            1..=MAX_CLAIM_NAME_BYTES if text.bytes().all(good) => Ok(Self(text.into())),
            _ => Err(InvalidClaimName),
        }
    }
}

/// Why a text is no name of a claim.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the name of a claim has 1 to {MAX_CLAIM_NAME_BYTES} visible ASCII characters")]
pub struct InvalidClaimName;

/// The OAuth door.
pub struct OAuthDoor {
    settings: OAuthSettings,
    documents: Arc<dyn Documents>,
    clock: Arc<dyn Clock>,
    keys: Fresh<KeySet>,
}

impl OAuthDoor {
    /// A door for the tokens of an issuer, whose keys are fetched when the first one comes.
    pub fn new(
        settings: OAuthSettings,
        documents: Arc<dyn Documents>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let keys = Fresh::new(clock.clone(), TIMES);
        Self { settings, documents, clock, keys }
    }

    /// What the deployment has decided.
    pub fn settings(&self) -> &OAuthSettings {
        &self.settings
    }

    /// Lets in whoever presents a token for this server, of which `site` is the URL where that is
    /// known for certain.
    pub(super) async fn admit(
        &self,
        presented: &str,
        site: Option<&Site>,
    ) -> Result<Admitted, Refused> {
        let token = Jwt::parse(presented)?;
        self.verify(&token).await?;
        let claims = token.claims()?;
        let until = self.check(&claims, site)?;
        let scopes = claims.scopes()?;
        if !scopes.contain(&self.settings.scopes) {
            return Err(Refused::Scope(self.settings.scopes.clone()));
        }
        let principal = Principal::OAuth(Arc::new(TokenClaims {
            issuer: self.settings.issuer.as_str().to_owned(),
            subject: claims.sub.0.clone().into_owned(),
            client_id: claims.client().map(str::to_owned),
            scopes,
            claims: self.let_through(&token),
        }));
        Ok(Admitted { principal, until: Some(until) })
    }

    /// Whether a key of the issuer has signed it. A key that is not known may be a new one.
    async fn verify(&self, token: &Jwt<'_>) -> Result<(), Refused> {
        let load = || self.load();
        let keys = self.keys.get(load).await.map_err(Refused::Unavailable)?;
        let verified = match keys.verify(token) {
            Err(Unverified::UnknownKey) => match self.keys.newer(&keys, load).await {
                None => Err(Unverified::UnknownKey),
                Some(newer) => newer.verify(token),
            },
            known => known,
        };
        verified.map_err(|why| match why {
            Unverified::UnknownKey => Refused::Invalid(Invalid::Key),
            Unverified::Refused(why) => Refused::Invalid(why),
        })
    }

    async fn load(&self) -> Result<KeySet, String> {
        discovery::keys(&*self.documents, &self.settings.issuer).await
    }

    /// Everything that a genuine token must say; tells until when it is good.
    fn check(&self, claims: &Claims<'_>, site: Option<&Site>) -> Result<Timestamp, Invalid> {
        if claims.iss.0 != self.settings.issuer.as_str() {
            return Err(Invalid::Issuer);
        }
        let subject = claims.sub.0.len();
        if !(1..=MAX_SUBJECT_BYTES).contains(&subject)
            || claims.client().is_some_and(|client| client.len() > MAX_CLIENT_BYTES)
        {
            return Err(Invalid::Form("its subject or client is too long, or empty"));
        }
        let now = self.clock.now();
        let until = moment(claims.exp).ok_or(Invalid::Expired)?.after(LEEWAY);
        if now >= until {
            return Err(Invalid::Expired);
        }
        if let Some(from) = claims.nbf {
            let from = moment(from).ok_or(Invalid::NotYet)?;
            if now.after(LEEWAY) < from {
                return Err(Invalid::NotYet);
            }
        }
        self.check_audience(claims, site)?;
        Ok(until)
    }

    fn check_audience(&self, claims: &Claims<'_>, site: Option<&Site>) -> Result<(), Invalid> {
        let OAuthSettings { audiences, clients, .. } = &self.settings;
        // Identity tokens of Cognito say so here; those of others are for their client.
        let usage = claims.token_use.as_ref().map(|usage| &*usage.0);
        if usage.is_some_and(|usage| usage != "access") {
            return Err(Invalid::Use);
        }
        if !clients.is_empty() && !claims.client().is_some_and(|client| clients.contains(client)) {
            return Err(Invalid::Client);
        }
        let own = site.map(Site::resources);
        let is_ours = |audience: &str| match &own {
            _ if !audiences.is_empty() => audiences.contains(audience),
            Some(own) => own.iter().any(|own| own == audience),
            None => false,
        };
        let good = match &claims.aud {
            Some(named) => named.iter().any(is_ours),
            None => !clients.is_empty() && usage.is_some(),
        };
        if good { Ok(()) } else { Err(Invalid::Audience) }
    }

    fn let_through(&self, token: &Jwt<'_>) -> BTreeMap<String, String> {
        if self.settings.claims.is_empty() {
            return BTreeMap::new();
        }
        let all = token.all();
        let one = |ClaimName(name): &ClaimName| {
            let raw = all.get(&**name)?.get();
            // Texts as they are, everything else as it is written.
            let value = serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned());
            (value.len() <= MAX_CLAIM_BYTES && raw != "null").then(|| (name.to_string(), value))
        };
        self.settings.claims.iter().filter_map(one).collect()
    }

    /// The metadata of the protected resource at a path (RFC 9728, 2).
    pub(crate) fn metadata(&self, resource: &str) -> String {
        let OAuthSettings { issuer, scopes, rules, .. } = &self.settings;
        let all = scopes.union(&rules.scopes());
        let scopes: Vec<String> = all.iter().map(json::string).collect();
        let supported = match scopes.is_empty() {
            true => String::new(),
            false => format!(r#","scopes_supported":[{}]"#, scopes.join(",")),
        };
        format!(
            r#"{{"resource":{},"authorization_servers":[{}],"bearer_methods_supported":["header"]{supported}}}"#,
            json::string(resource),
            json::string(issuer.as_str())
        )
    }
}

/// A NumericDate (RFC 7519, 2), which may have a fraction; nothing if no clock will ever show it.
fn moment(seconds: f64) -> Option<Timestamp> {
    /// Milliseconds that a 64-bit float still counts one by one.
    const MAX_MS: f64 = 9_007_199_254_740_992.0;
    let millis = (seconds * 1_000.0).floor();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within bounds")]
    (0.0..=MAX_MS).contains(&millis).then_some(Timestamp(millis as u64))
}
