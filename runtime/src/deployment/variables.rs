//! The environment variables of the functions that mean something to this gateway alone.
//!
//! `docs/functions.md` tells what each means.
#![expect(missing_docs, reason = "the document is the one place that tells")]

pub const ALLOWED_ORIGINS: &str = "MCP_LAMBDA_ALLOWED_ORIGINS";
pub const AUTHENTICATION: &str = "MCP_LAMBDA_AUTHENTICATION";
pub const BEARER_TOKENS: &str = "MCP_LAMBDA_BEARER_TOKENS";
pub const CATALOG_FRESHNESS_SECONDS: &str = "MCP_LAMBDA_CATALOG_FRESHNESS_SECONDS";
pub const DIRECT_INVOKE: &str = "MCP_LAMBDA_DIRECT_INVOKE";
pub const GATEWAY_FUNCTION_ARN: &str = "MCP_LAMBDA_GATEWAY_FUNCTION_ARN";
pub const GATEWAY_ROLE_ARN: &str = "MCP_LAMBDA_GATEWAY_ROLE_ARN";
pub const INSTRUCTIONS: &str = "MCP_LAMBDA_INSTRUCTIONS";
pub const INVOKE_MODE: &str = "MCP_LAMBDA_INVOKE_MODE";
pub const LIMIT_PRINCIPAL: &str = "MCP_LAMBDA_LIMIT_PRINCIPAL";
pub const LIMIT_SESSIONS: &str = "MCP_LAMBDA_LIMIT_SESSIONS";
pub const LIMIT_TOOL: &str = "MCP_LAMBDA_LIMIT_TOOL";
pub const LIST_TTL_SECONDS: &str = "MCP_LAMBDA_LIST_TTL_SECONDS";
pub const LOG_CALLERS: &str = "MCP_LAMBDA_LOG_CALLERS";
pub const OAUTH_AUDIENCES: &str = "MCP_LAMBDA_OAUTH_AUDIENCES";
pub const OAUTH_CLAIMS: &str = "MCP_LAMBDA_OAUTH_CLAIMS";
pub const OAUTH_CLIENTS: &str = "MCP_LAMBDA_OAUTH_CLIENTS";
pub const OAUTH_ISSUER: &str = "MCP_LAMBDA_OAUTH_ISSUER";
pub const OAUTH_RULES: &str = "MCP_LAMBDA_OAUTH_RULES";
pub const OAUTH_SCOPES: &str = "MCP_LAMBDA_OAUTH_SCOPES";
pub const PATH_PREFIX: &str = "MCP_LAMBDA_PATH_PREFIX";
pub const PLANES: &str = "MCP_LAMBDA_PLANES";
pub const PUBLIC_URL: &str = "MCP_LAMBDA_PUBLIC_URL";
pub const REGISTRATIONS_TABLE: &str = "MCP_LAMBDA_REGISTRATIONS_TABLE";
pub const SESSIONS_TABLE: &str = "MCP_LAMBDA_SESSIONS_TABLE";
pub const SESSION_IDLE: &str = "MCP_LAMBDA_SESSION_IDLE";
pub const STACK: &str = "MCP_LAMBDA_STACK";
