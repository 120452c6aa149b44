use mcp_lambda_sdk::prelude::*;

/// A note.
#[resource(uri = "notes://{id}")]
async fn note(name: String) -> String {
    name
}

fn main() {}
