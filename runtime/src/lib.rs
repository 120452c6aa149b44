//! The gateway of mcp-lambda: Lambda functions as MCP tools, resources and prompts.

pub mod catalog;
pub mod port;
pub mod principal;
pub mod protocol;
pub mod registration;
pub mod session;
pub mod invoke;
pub mod gateway;
pub mod admin;
pub mod edge;
