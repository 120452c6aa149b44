use mcp_lambda_sdk::prelude::*;

/// Adds.
///
/// # Arguments
///
/// * `c` - the third
#[tool]
async fn add(a: i64) -> i64 {
    a
}

fn main() {}
