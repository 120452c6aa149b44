use mcp_lambda_sdk::prelude::*;

/// A note.
#[resource(uri = "notes://all")]
async fn notes() -> u64 {
    1
}

fn main() {}
