use mcp_lambda_sdk::prelude::*;

struct Tools;

impl Tools {
    /// Adds.
    #[tool]
    async fn add(&self, a: i64) -> i64 {
        a
    }
}

fn main() {}
