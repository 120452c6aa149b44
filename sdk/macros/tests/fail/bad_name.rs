use mcp_lambda_sdk::prelude::*;

/// Adds.
#[tool(name = "add two")]
async fn add(a: i64) -> i64 {
    a
}

fn main() {}
