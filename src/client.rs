//! The gateway as its clients and administrators see it: HTTP, signatures, MCP.

pub(crate) mod events;
pub(crate) mod http;
pub(crate) mod mcp;
pub(crate) mod message;
pub(crate) mod place;
pub(crate) mod refusal;
pub(crate) mod registry;
#[cfg_attr(feature = "aws", path = "client/signing/enabled.rs")]
#[cfg_attr(not(feature = "aws"), path = "client/signing/disabled.rs")]
pub(crate) mod signing;
pub(crate) mod url;
