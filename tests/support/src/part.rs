//! Which part of the tests runs.

use std::sync::Once;

use crate::say;

/// The switch.
const VARIABLE: &str = "MCP_LAMBDA_TEST";

/// How to do without what is missing.
pub const QUICK_HINT: &str = "run the quick part alone with MCP_LAMBDA_TEST=quick";

/// Whether the foreign part runs.
pub fn foreign() -> bool {
    static SAID: Once = Once::new();
    match std::env::var_os(VARIABLE) {
        None => true,
        Some(value) if value == "all" => true,
        Some(value) if value == "quick" => {
            SAID.call_once(|| {
                say(
                    "MCP_LAMBDA_TEST=quick leaves out the foreign clients, the conformance suites, \
                     the README's commands and the emulated AWS",
                );
            });
            false
        }
        Some(value) => panic!("{VARIABLE} must be quick or all, not {}", value.display()),
    }
}
