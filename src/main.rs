//! `mcp-lambda`.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_lambda::run()
}
