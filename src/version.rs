//! The build facts.

/// The version.
pub(crate) const SHORT: &str = env!("CARGO_PKG_VERSION");

/// The version, the revision it was built from and the target it was built for.
pub(crate) const LONG: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("MCP_LAMBDA_REVISION"),
    ", ",
    env!("MCP_LAMBDA_TARGET"),
    ")"
);
