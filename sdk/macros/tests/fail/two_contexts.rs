use mcp_lambda_sdk::prelude::*;

/// Adds.
#[tool]
async fn add(one: &Context, a: i64, two: &Context) -> i64 {
    a
}

fn main() {}
