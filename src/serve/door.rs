//! The door of `serve`, from its arguments.

use std::net::SocketAddr;
use std::sync::Arc;

use mcp_lambda_runtime::door::{
    BearerDoor, ClaimName, Door, MAX_CLAIMS, OAuthDoor, OAuthSettings, ScopeRules, Site,
};
use mcp_lambda_runtime::embedded::documents::LoopbackDocuments;
use mcp_lambda_runtime::embedded::system::{SystemClock, SystemIds};
use mcp_lambda_runtime::embedded::tokens::TokenFile;
use mcp_lambda_runtime::port::StoreError;
use mcp_lambda_runtime::port::doors::{Documents, IssuerUrl, Tokens};
use mcp_lambda_runtime::principal::{Scope, Scopes};

use crate::cli::door::DoorArguments;
use crate::exit::Failure;
use crate::serve::aws;

/// Whoever has a token of the file is one caller, by this name.
const BEARER: &str = "local";

/// The door that the arguments describe, if there is to be one.
pub(super) async fn open(arguments: &DoorArguments) -> Result<Option<Arc<Door>>, Failure> {
    let door = match (&arguments.bearer_token_file, &arguments.oauth_issuer) {
        (Some(path), _) => {
            let tokens = TokenFile::new(path.clone());
            // Now, and not when the first client comes.
            tokens.load().await.map_err(|error| {
                let path = path.display();
                Failure::Argument(match error {
                    StoreError::NotFound => format!(
                        "there is no token in {path}; make one with: openssl rand -hex 32 > {path}"
                    ),
                    other => format!("{other}; --bearer-token-file needs one or two lines"),
                })
            })?;
            let (clock, ids) = (Arc::new(SystemClock), SystemIds::default());
            let door = BearerDoor::new(Arc::new(tokens), BEARER.to_owned(), clock, &ids);
            Door::Bearer(Box::new(door))
        }
        (None, Some(issuer)) => {
            let settings = settings(arguments, issuer)?;
            let documents: Arc<dyn Documents> = match settings.issuer.is_plain() {
                true => Arc::new(LoopbackDocuments),
                false => aws::documents()?,
            };
            Door::OAuth(Box::new(OAuthDoor::new(settings, documents, Arc::new(SystemClock))))
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(Arc::new(door)))
}

fn settings(arguments: &DoorArguments, issuer: &str) -> Result<OAuthSettings, Failure> {
    let claims: Result<Vec<_>, _> =
        arguments.oauth_claim.iter().map(|name| ClaimName::parse(name)).collect();
    let claims = claims.map_err(|error| wrong("--oauth-claim", &error))?;
    if claims.len() > MAX_CLAIMS {
        return Err(Failure::Argument(format!("--oauth-claim: at most {MAX_CLAIMS} of them")));
    }
    let admin = arguments.oauth_admin_scope.as_deref().map(Scope::parse).transpose();
    Ok(OAuthSettings {
        issuer: IssuerUrl::parse(issuer).map_err(|error| wrong("--oauth-issuer", &error))?,
        audiences: arguments.oauth_audience.iter().cloned().collect(),
        clients: arguments.oauth_client.iter().cloned().collect(),
        scopes: Scopes::parse(&arguments.oauth_scope.join(" "))
            .map_err(|error| wrong("--oauth-scope", &error))?,
        rules: ScopeRules::parse(&arguments.oauth_rule.join("\n"))
            .map_err(|error| wrong("--oauth-rule", &error))?,
        admin: admin.map_err(|error| wrong("--oauth-admin-scope", &error))?,
        claims,
    })
}

fn wrong(option: &str, why: &dyn std::fmt::Display) -> Failure {
    Failure::Argument(format!("{option}: {why}"))
}

/// Where clients reach the server: as it was said, or where it listens.
pub(super) fn site(arguments: &DoorArguments, address: SocketAddr) -> Result<Site, Failure> {
    let Some(url) = &arguments.public_url else {
        return Ok(Site::new(&format!("http://{address}")));
    };
    // The same form as an issuer's: tokens travel there.
    IssuerUrl::parse(url).map(|url| Site::new(url.as_str())).map_err(|_| {
        Failure::Argument(
            "--public-url: it begins with https:// (http:// on a loopback address only) and has \
             neither user nor query nor fragment"
                .to_owned(),
        )
    })
}

/// Says what the door is, for the banner.
pub(super) fn describe(arguments: &DoorArguments) -> String {
    match (&arguments.bearer_token_file, &arguments.oauth_issuer) {
        (Some(path), _) => format!("for a token of {}", path.display()),
        (None, Some(issuer)) => format!("for access tokens of {issuer}"),
        (None, None) => "open".to_owned(),
    }
}
