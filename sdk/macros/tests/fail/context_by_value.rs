use mcp_lambda_sdk::prelude::*;

/// Adds.
#[tool]
async fn add(context: Context, a: i64) -> i64 {
    a
}

fn main() {}
