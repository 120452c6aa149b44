//! Which part of the tests runs.

use std::sync::Once;

use super::say;

/// The switch.
const VARIABLE: &str = "MCP_LAMBDA_TEST";

/// How to do without what is missing.
pub(crate) const QUICK_HINT: &str = "run the quick part alone with MCP_LAMBDA_TEST=quick";

/// Whether the foreign part runs.
pub(crate) fn foreign() -> bool {
    static SAID: Once = Once::new();
    match std::env::var_os(VARIABLE) {
        None => true,
        Some(value) if value == "all" => true,
        Some(value) if value == "quick" => {
            SAID.call_once(|| {
                say("e2e: MCP_LAMBDA_TEST=quick leaves out the foreign clients, the conformance \
                     suites and the README's commands");
            });
            false
        }
        Some(value) => panic!("{VARIABLE} must be quick or all, not {}", value.display()),
    }
}
