//! Counters that belong to a session.

use mcp_lambda_sdk::prelude::*;

/// Counts one further and returns the new count.
#[tool(destructive = false)]
async fn increment(
    context: &Context,
    /** Which counter; `counter` if it is left out. */
    name: Option<String>,
    /** By how much; by one if it is left out. */
    by: Option<i64>,
) -> Result<i64, ToolError> {
    let (name, by) = (key(name), by.unwrap_or(1));
    // Two calls at the same time both count: the later one counts from what the earlier one wrote.
    let add = |count: &mut i64| {
        *count = count.saturating_add(by);
        *count
    };
    Ok(context.session()?.update(&name, add).await?)
}

/// Returns a count, 0 for a counter that was never used.
#[tool(read_only)]
async fn get_count(
    context: &Context,
    /** Which counter; `counter` if it is left out. */
    name: Option<String>,
) -> Result<i64, ToolError> {
    Ok(context.session()?.get(&key(name)).await?.unwrap_or_default())
}

/// Forgets a counter.
#[tool(idempotent)]
async fn reset(
    context: &Context,
    /** Which counter; `counter` if it is left out. */
    name: Option<String>,
) -> Result<(), ToolError> {
    Ok(context.session()?.remove(&key(name)).await?)
}

fn key(name: Option<String>) -> String {
    format!("count:{}", name.as_deref().unwrap_or("counter"))
}

fn main() -> ExitCode {
    Server::new("counter", env!("CARGO_PKG_VERSION"))
        .tool(increment)
        .tool(get_count)
        .tool(reset)
        .serve()
}
