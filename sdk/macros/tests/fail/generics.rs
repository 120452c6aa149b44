use mcp_lambda_sdk::prelude::*;

/// Echoes.
#[tool]
async fn echo<T: ToString>(text: T) -> String {
    text.to_string()
}

fn main() {}
