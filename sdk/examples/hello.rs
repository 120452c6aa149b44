//! A whole server in ten lines.

use mcp_lambda_sdk::prelude::*;

/// Greets somebody.
#[tool(read_only)]
async fn hello(
    /** Whom to greet. */
    name: Option<String>,
) -> String {
    format!("Hello, {}!", name.as_deref().unwrap_or("world"))
}

fn main() -> ExitCode {
    Server::new("hello", env!("CARGO_PKG_VERSION")).tool(hello).serve()
}
