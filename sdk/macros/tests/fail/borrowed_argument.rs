use mcp_lambda_sdk::prelude::*;

/// Echoes.
#[tool]
async fn echo(text: &str) -> String {
    text.to_owned()
}

fn main() {}
