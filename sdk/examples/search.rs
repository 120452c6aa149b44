//! A web search, with a key that is a secret.
//!
//! `SEARCH_KEY_FILE` names a file with the key. On Lambda, `SEARCH_SECRET_ID` names a secret of AWS
//! Secrets Manager, which is read through AWS's extension for parameters and secrets: add its layer
//! to the function, and `secretsmanager:GetSecretValue` to its role. `SEARCH_URL` names another
//! service that answers in the form of Serper.

#[path = "support/web.rs"]
mod web;

use mcp_lambda_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

const SERVICE: &str = "https://google.serper.dev/search";
/// Where the extension listens if it is not told otherwise.
const EXTENSION_PORT: &str = "2773";

/// A page that was found.
#[derive(Debug, Serialize, JsonSchema)]
struct Page {
    /// Its title.
    title: String,
    /// Its address.
    url: String,
    /// What it says about it.
    snippet: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
struct Found {
    /// The best first.
    pages: Vec<Page>,
}

/// Searches the web.
#[tool(read_only, open_world, timeout = 20)]
async fn search_web(
    context: &Context,
    /** What to search for. */
    query: String,
    /** How many pages; 5 if it is left out. */
    #[schemars(range(min = 1, max = 20))]
    count: Option<u8>,
) -> Result<Found, ToolError> {
    let count = count.unwrap_or(5);
    let headers = vec![("x-api-key", key(context).await?)];
    let question = json!({ "q": query, "num": count });
    let service = web::variable("SEARCH_URL", SERVICE);
    let answer = web::json(context, service, headers, Some(question)).await?;
    let none = Vec::new();
    let pages = answer["organic"].as_array().unwrap_or(&none).iter().filter_map(page);
    Ok(Found { pages: pages.take(count.into()).collect() })
}

fn page(found: &Value) -> Option<Page> {
    let text = |name: &str| found[name].as_str().map(str::to_owned);
    Some(Page { title: text("title")?, url: text("link")?, snippet: text("snippet") })
}

async fn key(context: &Context) -> Result<String, ToolError> {
    let (file, secret) =
        (web::variable("SEARCH_KEY_FILE", ""), web::variable("SEARCH_SECRET_ID", ""));
    if !file.is_empty() {
        // Not by `?`: the error must not say where secrets are kept.
        let text = tokio::task::spawn_blocking(|| std::fs::read_to_string(file)).await?;
        let text = text.map_err(|_| ToolError::new("the key of the search service is missing"))?;
        return Ok(text.trim().to_owned());
    }
    if secret.is_empty() {
        return Err(ToolError::new(
            "this server has no key for its search service: its operator must set SEARCH_KEY_FILE \
             or SEARCH_SECRET_ID",
        ));
    }
    let port = web::variable("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", EXTENSION_PORT);
    let url = format!("http://localhost:{port}/secretsmanager/get?secretId={secret}");
    let token = web::variable("AWS_SESSION_TOKEN", "");
    let headers = vec![("x-aws-parameters-secrets-token", token)];
    let answer = web::json(context, url, headers, None).await?;
    let key = answer["SecretString"].as_str();
    key.map(str::to_owned)
        .ok_or_else(|| ToolError::new("the secret of the search service is empty"))
}

fn main() -> ExitCode {
    Server::new("search", env!("CARGO_PKG_VERSION")).tool(search_web).serve()
}
