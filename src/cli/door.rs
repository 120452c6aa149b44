//! What can be typed about doors.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

/// Who may come in, where not everyone may.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Doors")]
#[group(skip)]
#[command(group = ArgGroup::new("door").args(["bearer_token_file", "oauth_issuer"]))]
pub(crate) struct DoorArguments {
    /// Let in only who sends a token of this file: the first line, or the second while the first
    /// replaces it. Such a token opens everything, registering too.
    #[arg(long, value_name = "FILE")]
    pub(crate) bearer_token_file: Option<PathBuf>,
    /// Let in only who sends an access token (JWT) of this OpenID Connect or OAuth issuer. One that
    /// is not on this machine needs a build with the feature aws, which has TLS.
    #[arg(long, value_name = "URL")]
    pub(crate) oauth_issuer: Option<String>,
    /// Take tokens for this audience; without it those for this server's URL with /mcp. Can be
    /// repeated.
    #[arg(long, value_name = "AUDIENCE", requires = "oauth_issuer")]
    pub(crate) oauth_audience: Vec<String>,
    /// Take tokens of this client only, and those without an audience too if their token_use is
    /// access, as Amazon Cognito issues them. Can be repeated.
    #[arg(long, value_name = "ID", requires = "oauth_issuer")]
    pub(crate) oauth_client: Vec<String>,
    /// Take tokens with this scope only. Can be repeated.
    #[arg(long, value_name = "SCOPE", requires = "oauth_issuer")]
    pub(crate) oauth_scope: Vec<String>,
    /// Let only tokens with a scope call something: tools/NAME=SCOPE, prompts/NAME=SCOPE or
    /// resources/URI=SCOPE, with * for any characters. Can be repeated.
    #[arg(long, value_name = "RULE", requires = "oauth_issuer")]
    pub(crate) oauth_rule: Vec<String>,
    /// Let tokens with this scope register; without it none does.
    #[arg(long, value_name = "SCOPE", requires = "oauth_issuer")]
    pub(crate) oauth_admin_scope: Option<String>,
    /// Tell functions this claim of the caller's token. Can be repeated.
    #[arg(long, value_name = "NAME", requires = "oauth_issuer")]
    pub(crate) oauth_claim: Vec<String>,
    /// How clients reach this server, such as https://tools.example.com; without it by the address
    /// that it listens on.
    #[arg(long, value_name = "URL", requires = "door")]
    pub(crate) public_url: Option<String>,
}

impl DoorArguments {
    /// Whether not everyone may come in.
    pub(crate) fn is_closed(&self) -> bool {
        self.bearer_token_file.is_some() || self.oauth_issuer.is_some()
    }
}
