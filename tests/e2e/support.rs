//! What the tests share: processes with deadlines, a server, HTTP, the installed foreign programs.

pub(crate) mod fixture;
pub(crate) mod gate;
pub(crate) mod http;
pub(crate) mod node;
pub(crate) mod server;

use std::path::Path;

use mcp_lambda_test_support::install;
pub(crate) use mcp_lambda_test_support::install::Installed;
pub(crate) use mcp_lambda_test_support::{command, leftover, lines, repository, say};

/// The foreign clients; nothing if the foreign part is left out.
pub(crate) fn foreign() -> Option<&'static Installed> {
    install::foreign(Path::new(env!("CARGO_TARGET_TMPDIR")))
}
