use mcp_lambda_sdk::prelude::*;

/// Adds.
#[tool]
struct Add;

fn main() {}
