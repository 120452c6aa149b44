use mcp_lambda_sdk::prelude::*;

/// Adds.
#[tool]
async fn add((a, b): (i64, i64)) -> i64 {
    a + b
}

fn main() {}
