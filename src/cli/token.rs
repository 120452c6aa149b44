//! What can be typed about the tokens of the bearer door.

use clap::{Args, Subcommand};

/// The arguments of `token`.
#[derive(Args, Clone, Debug)]
#[command(after_help = HELP)]
pub(crate) struct TokenArguments {
    /// What to do with them.
    #[command(subcommand)]
    pub(crate) action: TokenAction,
}

/// What can be done with tokens.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum TokenAction {
    /// Print the token to use.
    Show(TokenPlace),
    /// Make a new token and print it; the one before goes on to be good.
    Rotate(TokenPlace),
    /// End the token before the current one.
    Revoke(TokenPlace),
}

impl TokenAction {
    /// Where the tokens are.
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "this program cannot go there"))]
    pub(crate) fn place(&self) -> &TokenPlace {
        match self {
            Self::Show(place) | Self::Rotate(place) | Self::Revoke(place) => place,
        }
    }
}

/// Where tokens are.
#[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "this program cannot go there"))]
#[derive(Args, Clone, Debug)]
pub(crate) struct TokenPlace {
    /// The stack's identifier: its tokens are in the parameter /mcp-lambda/IDENTIFIER/tokens of
    /// Systems Manager.
    #[arg(long, value_name = "IDENTIFIER", required_unless_present = "secret")]
    pub(crate) stack: Option<String>,
    /// Another parameter, by its name, or a secret of Secrets Manager, by its ARN.
    #[arg(long, value_name = "NAME", conflicts_with = "stack")]
    pub(crate) secret: Option<String>,
    /// The region; without it that of the environment or the profile, or else us-east-1.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The profile of the AWS CLI to sign with.
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
}

const HELP: &str = "\
Examples:
  mcp-lambda token rotate --stack default     the first time, this makes a token
  mcp-lambda token show --stack default
  mcp-lambda token revoke --stack default     when nobody uses the old one any more

Two tokens are good at a time. A new one is known to the gateway within seconds of its first use,
and a revoked one is refused within a minute.";
