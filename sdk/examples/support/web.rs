//! HTTP requests of tools, with what is left of the call's time.

use mcp_lambda_sdk::prelude::*;
use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;

/// Sends a request and reads JSON; `body` makes it a POST.
pub(crate) async fn json(
    context: &Context,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
) -> Result<Value, ToolError> {
    let limit = context.remaining();
    // The client waits for its answers; other calls go on meanwhile.
    let sent = tokio::task::spawn_blocking(move || send(limit, &url, &headers, body));
    Ok(serde_json::from_str(&sent.await??)?)
}

fn send(
    limit: std::time::Duration,
    url: &str,
    headers: &[(&'static str, String)],
    body: Option<Value>,
) -> Result<String, ureq::Error> {
    let config = Agent::config_builder().timeout_global(Some(limit)).build();
    let agent = config.new_agent();
    let mut request = Request::builder().uri(url).header("accept", "application/json");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let mut response = match body {
        None => agent.run(request.body(())?)?,
        Some(body) => {
            let request = request.method("POST").header("content-type", "application/json");
            agent.run(request.body(body.to_string())?)?
        }
    };
    response.body_mut().read_to_string()
}

/// A variable of the environment, or what stands in for it.
pub(crate) fn variable(name: &str, default: &str) -> String {
    std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned())
}
