//! The names of the stack's functions, behind its identifier and a hyphen; whoever looks for their
//! logs must know them.

/// Clients that sign.
pub const MCP: &str = "mcp";
/// Clients at the public door.
pub const PUBLIC: &str = "mcp-public";
/// Clients behind API Gateway.
pub const API: &str = "mcp-api";
/// Event streams behind API Gateway, where they have a function of their own.
pub const API_SSE: &str = "mcp-api-sse";
/// Messages for these streams, likewise.
pub const API_MESSAGE: &str = "mcp-api-message";
/// What API Gateway asks whether a token is good.
pub const AUTHORIZER: &str = "mcp-authorizer";
/// Administrators.
pub const REGISTRATION: &str = "mcp-registration";
/// What removes queues that were left behind.
pub const SWEEPER: &str = "mcp-sweeper";
