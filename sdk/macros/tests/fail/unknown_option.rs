use mcp_lambda_sdk::prelude::*;

/// Adds.
#[tool(readonly)]
async fn add(a: i64) -> i64 {
    a
}

fn main() {}
