//! What the environment says of the public door.

use std::collections::BTreeSet;
use std::fmt;

use super::{Authentication, Handler, Reader};
use crate::deployment::variables;
use crate::door::{ClaimName, MAX_CLAIMS, OAuthSettings, ScopeRules, Site};
use crate::port::doors::IssuerUrl;
use crate::principal::{Scope, Scopes};

/// The public door of a function.
#[derive(Clone, Debug)]
pub enum PublicDoor {
    /// For whoever has one of the stack's tokens: where these are kept.
    Bearer(String),
    /// For access tokens of an issuer.
    OAuth(Box<OAuthSettings>),
}

/// The values of the variable for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum AuthenticationType {
    AwsIam,
    None,
    Bearer,
    OAuth,
}

const AUTHENTICATIONS: &[(&str, AuthenticationType)] = &[
    ("AWS_IAM", AuthenticationType::AwsIam),
    ("NONE", AuthenticationType::None),
    ("BEARER", AuthenticationType::Bearer),
    ("OAUTH", AuthenticationType::OAuth),
];

impl Reader<'_> {
    /// Whose requests are served, and the door that decides it.
    pub(super) fn authentication(
        &mut self,
        handler: Option<Handler>,
        direct_invoke: bool,
    ) -> (Authentication, Option<PublicDoor>) {
        const NAME: &str = variables::AUTHENTICATION;
        let chosen = self.choice(NAME, Some("AWS_IAM"), AUTHENTICATIONS);
        let door = match chosen {
            None => return (Authentication::AwsIam, None),
            Some(AuthenticationType::AwsIam | AuthenticationType::None)
                if handler == Some(Handler::Authorizer) =>
            {
                self.faults.push(format!("{NAME} must be BEARER or OAUTH for the authorizer"));
                return (Authentication::AwsIam, None);
            }
            Some(AuthenticationType::AwsIam) => return (Authentication::AwsIam, None),
            Some(AuthenticationType::None) => return (Authentication::None, None),
            Some(AuthenticationType::Bearer) => Some(self.bearer()),
            Some(AuthenticationType::OAuth) => self.oauth(),
        };
        if handler == Some(Handler::Registration) {
            self.faults.push(format!("{NAME} must be AWS_IAM or NONE for administrators"));
        }
        if direct_invoke {
            let name = variables::DIRECT_INVOKE;
            self.faults.push(format!("{name} must be DENY where {NAME} is BEARER or OAUTH"));
        }
        (Authentication::Door, door)
    }

    /// The bearer door.
    fn bearer(&mut self) -> PublicDoor {
        PublicDoor::Bearer(self.required(variables::BEARER_TOKENS))
    }

    /// The OAuth door; nothing if a variable is wrong.
    fn oauth(&mut self) -> Option<PublicDoor> {
        let issuer = self.required(variables::OAUTH_ISSUER);
        let issuer = match issuer.is_empty() {
            // It was told that it must be set.
            true => None,
            false => self.understood(variables::OAUTH_ISSUER, IssuerUrl::parse(&issuer)),
        };
        let scopes = self.optional(variables::OAUTH_SCOPES).unwrap_or_default();
        let scopes = self.understood(variables::OAUTH_SCOPES, Scopes::parse(&scopes));
        let rules = self.optional(variables::OAUTH_RULES).unwrap_or_default();
        let rules = self.understood(variables::OAUTH_RULES, ScopeRules::parse(&rules));
        let names = self.list(variables::OAUTH_CLAIMS);
        let claims: Result<Vec<_>, _> = names.iter().map(|name| ClaimName::parse(name)).collect();
        let claims = self.understood(variables::OAUTH_CLAIMS, claims);
        if names.len() > MAX_CLAIMS {
            self.fault(variables::OAUTH_CLAIMS, &format!("at most {MAX_CLAIMS} claims"));
        }
        Some(PublicDoor::OAuth(Box::new(OAuthSettings {
            issuer: issuer?,
            audiences: self.list(variables::OAUTH_AUDIENCES),
            clients: self.list(variables::OAUTH_CLIENTS),
            scopes: scopes?,
            rules: rules?,
            // Administrators sign their requests.
            admin: None::<Scope>,
            claims: claims?,
        })))
    }

    /// Where clients reach the function, if it cannot see that.
    pub(super) fn public_url(&mut self) -> Option<Site> {
        const NAME: &str = variables::PUBLIC_URL;
        let url = self.optional(NAME)?;
        let url = self.understood(NAME, IssuerUrl::parse(&url))?;
        Some(Site::new(url.as_str()))
    }

    /// Texts with white space or commas between them.
    fn list(&self, name: &str) -> BTreeSet<String> {
        let text = self.optional(name).unwrap_or_default();
        let parts = text.split(|c: char| c == ',' || c.is_whitespace());
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    fn understood<T, E: fmt::Display>(&mut self, name: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.fault(name, &error.to_string())).ok()
    }

    fn fault(&mut self, name: &str, why: &str) {
        self.faults.push(format!("{name}: {why}"));
    }
}
