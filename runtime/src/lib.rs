//! The gateway of mcp-lambda: Lambda functions as MCP tools, resources and prompts.

pub mod protocol;
pub mod registration;
