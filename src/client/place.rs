//! Which gateway is meant, and how its caller is known there.

use std::time::Duration;

use crate::cli::DEFAULT_LISTEN;
use crate::cli::client::GatewayArguments;
use crate::client::http::{Auth, Http};
use crate::client::signing::Signer;
use crate::client::url::GatewayUrl;
use crate::commands::stack;
use crate::exit::Failure;

/// What a signature is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Scope {
    pub(crate) service: String,
    /// That of the configuration if nothing tells it.
    pub(crate) region: Option<String>,
}

/// Which side of a gateway; deployed, each has a URL of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Plane {
    /// For clients of MCP.
    Mcp,
    /// For clients of MCP that send tokens.
    Public,
    /// For administrators.
    Registration,
}

impl Plane {
    /// Variables that may hold the URL.
    fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Mcp | Self::Public => &["MCP_LAMBDA_URL"],
            Self::Registration => &["MCP_LAMBDA_REGISTRATION_URL", "MCP_LAMBDA_URL"],
        }
    }
}

/// A gateway that can be asked.
pub(crate) struct Gateway {
    pub(crate) url: GatewayUrl,
    pub(crate) http: Http,
    /// How long a request may take.
    pub(crate) limit: Duration,
}

impl Gateway {
    /// Finds the gateway that the arguments or the environment name, or else the local server.
    pub(crate) async fn find(arguments: &GatewayArguments, plane: Plane) -> Result<Self, Failure> {
        let url = url(arguments, plane).await?;
        let http = Http::new(auth(arguments, &url)?, url.at("").starts_with("https"))?;
        Ok(Self { url, http, limit: Duration::from_secs(arguments.timeout) })
    }
}

/// Where the gateway is.
pub(crate) async fn url(arguments: &GatewayArguments, plane: Plane) -> Result<GatewayUrl, Failure> {
    let parse = |text: &str, source: &str| {
        GatewayUrl::parse(text).map_err(|error| Failure::Argument(format!("{source}: {error}")))
    };
    if let Some(text) = &arguments.url {
        return parse(text, "--url");
    }
    if let Some(name) = &arguments.stack {
        let (profile, region) = (arguments.profile.as_deref(), arguments.region.as_deref());
        // Where requests are signed, a token is nothing.
        let by_token = plane == Plane::Mcp && arguments.token.is_some();
        let plane = if by_token { Plane::Public } else { plane };
        return parse(&stack::url(name, plane, profile, region).await?, "the stack");
    }
    for variable in plane.variables() {
        match std::env::var(variable) {
            Ok(text) if !text.is_empty() => return parse(&text, variable),
            Ok(_) | Err(_) => {}
        }
    }
    parse(&format!("http://{DEFAULT_LISTEN}"), "the default")
}

/// What a signature is for, if one is wanted.
pub(crate) fn scope(arguments: &GatewayArguments, url: &GatewayUrl) -> Option<Scope> {
    if arguments.no_sign || arguments.token.is_some() {
        return None;
    }
    let region = arguments.region.clone();
    match (&arguments.service, url.signed_for()) {
        (Some(service), known) => {
            let known = known.map(|(_, region)| region.to_owned());
            Some(Scope { service: service.clone(), region: region.or(known) })
        }
        (None, Some((service, known))) => {
            let region = region.or_else(|| Some(known.to_owned()));
            Some(Scope { service: service.to_owned(), region })
        }
        (None, None) => None,
    }
}

fn auth(arguments: &GatewayArguments, url: &GatewayUrl) -> Result<Auth, Failure> {
    if let Some(token) = &arguments.token {
        if !url.is_private() {
            return Err(Failure::Usage(
                "a token is not sent over http, where others can read it; name an https URL",
            ));
        }
        return Ok(Auth::Token(token.clone()));
    }
    match scope(arguments, url) {
        None => Ok(Auth::Nobody),
        Some(scope) => {
            let (profile, region) = (arguments.profile.as_deref(), arguments.region.as_deref());
            Ok(Auth::Signed(Box::new(Signer::new(profile, region, scope)?)))
        }
    }
}
