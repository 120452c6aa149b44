use mcp_lambda_sdk::prelude::*;

/// A note.
#[resource(uri = "notes://{folder}/{id}")]
async fn note(id: String) -> String {
    id
}

fn main() {}
