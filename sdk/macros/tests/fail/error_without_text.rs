use mcp_lambda_sdk::prelude::*;

struct Odd;

/// Fails.
#[tool]
async fn fail() -> Result<String, Odd> {
    Err(Odd)
}

fn main() {}
