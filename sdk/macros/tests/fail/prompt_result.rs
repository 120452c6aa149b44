use mcp_lambda_sdk::prelude::*;

/// Asks.
#[prompt]
async fn ask() -> u64 {
    1
}

fn main() {}
