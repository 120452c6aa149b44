use mcp_lambda_sdk::prelude::*;

/// Counts.
#[tool]
async fn count() -> impl serde::Serialize {
    1
}

fn main() {}
