use mcp_lambda_sdk::prelude::*;

/// Asks.
#[prompt]
async fn ask(words: Vec<String>) -> String {
    words.concat()
}

fn main() {}
