//! The tokens of a stack's bearer door: shown, rotated, revoked.

use std::sync::Arc;

use mcp_lambda_runtime::aws::profiles;
use mcp_lambda_runtime::aws::tokens::{SecretName, SecretTokens};
use mcp_lambda_runtime::port::doors::{BearerToken, LiveTokens, Tokens};
use mcp_lambda_runtime::port::{Ids, StoreError};
use mcp_lambda_runtime::system::{SystemClock, SystemIds};
use serde_json::json;

use crate::cli::token::{TokenAction, TokenArguments, TokenPlace};
use crate::exit::Failure;
use crate::output::Output;

/// Bytes of a new token's randomness; each is two hexadecimal digits.
const RANDOM_BYTES: usize = 32;

/// Does what was asked with the tokens.
pub(crate) fn run(arguments: &TokenArguments, output: &Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::System { doing: "starting", source })?;
    runtime.block_on(act(&arguments.action, output))
}

async fn act(action: &TokenAction, output: &Output) -> Result<(), Failure> {
    let place = action.place();
    let name = name(place)?;
    let config = profiles::chosen(place.region.clone(), place.profile.clone()).await;
    let store = SecretTokens::new(name.clone(), config, Arc::new(SystemClock));
    let stored = store.load().await;
    let tokens = match (action, stored) {
        (TokenAction::Show(_), Ok(tokens)) => tokens,
        (TokenAction::Rotate(_), Ok(tokens)) => {
            let rotated = tokens.rotated(new());
            save(&store, rotated).await?
        }
        (TokenAction::Rotate(_), Err(StoreError::NotFound)) => {
            save(&store, LiveTokens { current: new(), previous: None }).await?
        }
        (TokenAction::Revoke(_), Ok(tokens)) => {
            save(&store, LiveTokens { previous: None, ..tokens }).await?
        }
        (TokenAction::Show(_) | TokenAction::Revoke(_), Err(StoreError::NotFound)) => {
            return Err(Failure::Aws(format!(
                "there is no token in {name}; make one with mcp-lambda token rotate, or name \
                 another region or place"
            )));
        }
        (_, Err(error)) => return Err(refused(&error)),
    };
    if output.is_json() {
        let previous = tokens.previous.is_some();
        let line =
            json!({ "event": "token", "token": tokens.current.reveal(), "previous": previous });
        output.line(line.to_string());
    } else if !matches!(action, TokenAction::Revoke(_)) {
        output.line(tokens.current.reveal().to_owned());
    }
    Ok(())
}

async fn save(store: &SecretTokens, tokens: LiveTokens) -> Result<LiveTokens, Failure> {
    store.save(&tokens).await.map_err(|error| refused(&error))?;
    Ok(tokens)
}

fn refused(error: &StoreError) -> Failure {
    Failure::Aws(match *error == StoreError::NotFound {
        // Secrets are made by stacks, parameters by being written.
        true => "there is no such secret; deploy its stack first".to_owned(),
        false => format!("{error}; look at your credentials and the region"),
    })
}

fn name(place: &TokenPlace) -> Result<SecretName, Failure> {
    let text = match (&place.secret, &place.stack) {
        (Some(secret), _) => secret.clone(),
        (None, stack) => {
            mcp_lambda_runtime::deployment::tokens_parameter(stack.as_deref().unwrap_or_default())
        }
    };
    SecretName::parse(&text).map_err(|error| Failure::Argument(error.to_string()))
}

fn new() -> BearerToken {
    let mut bytes = [0; RANDOM_BYTES];
    SystemIds::default().fill(&mut bytes);
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    BearerToken::parse(&text).expect("64 digits are a token")
}
