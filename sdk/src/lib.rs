//! Whole MCP servers in Rust.
//!
//! ```no_run
//! use mcp_lambda_sdk::prelude::*;
//!
//! /// Adds two numbers.
//! #[tool]
//! async fn add(/** The first. */ a: f64, /** The second; 1 if it is left out. */ b: Option<f64>) -> f64 {
//!     a + b.unwrap_or(1.0)
//! }
//!
//! fn main() -> ExitCode {
//!     Server::new("adder", "1.0.0").tool(add).serve()
//! }
//! ```
//!
//! The program is a Lambda function, a server over standard input and output and an HTTP server,
//! for every revision of MCP from 2024-11-05 to 2026-07-28. What serves it is the gateway of
//! `mcp-lambda-runtime`, with these functions in the place of Lambda functions.
//!
//! `docs/authors.md` tells all of it, with examples under `sdk/examples`.

#![cfg_attr(
    not(any(feature = "lambda", feature = "local")),
    expect(dead_code, reason = "without a mode there is nothing that serves")
)]

// So that what the macros write means the same here as elsewhere.
extern crate self as mcp_lambda_sdk;

mod content;
mod context;
mod error;
mod prompt;
mod resource;
mod schema;
mod serve;
mod server;
mod tool;

pub use content::{Audio, Content, Image, Message, ResourceContents, Role};
pub use context::{
    Context, Elicited, MAX_DATA_BYTES, NoSession, Root, Sampled, Sampling, Session, SessionError,
};
pub use error::ToolError;
pub use mcp_lambda_macros::{prompt, resource, tool};
pub use mcp_lambda_runtime::protocol::capability::ClientCapabilities;
pub use mcp_lambda_runtime::protocol::notification::LogLevel;
pub use prompt::{Prompt, PromptArgument, PromptDefinition, PromptRequest, PromptResult};
pub use resource::{Contents, Json, Resource, ResourceDefinition, ResourceRequest, ResourceResult};
pub use schema::{Schema, arguments_schema, output_schema};
pub use server::{InvalidServer, Server};
pub use tool::{Hints, Reply, Tool, ToolArgument, ToolDefinition, ToolResult, Working};
pub use {schemars, serde, serde_json};

/// What most servers need.
pub mod prelude {
    pub use std::process::ExitCode;

    pub use crate::{
        Audio, Content, Context, Elicited, Image, Json, LogLevel, Message, Reply, ResourceContents,
        Sampling, Server, ToolError,
    };
    pub use mcp_lambda_macros::{prompt, resource, tool};
}

/// What the macros write.
#[doc(hidden)]
pub mod __private {
    pub use crate::prompt::bad_argument;
    pub use crate::resource::{optional, required};
    pub use crate::tool::{read_arguments, takes};
    pub use crate::{
        Contents, Context, Hints, Message, Prompt, PromptArgument, PromptDefinition, PromptRequest,
        PromptResult, Reply, Resource, ResourceDefinition, ResourceRequest, ResourceResult, Tool,
        ToolDefinition, ToolError, ToolResult, Working, arguments_schema, schemars, serde,
    };
}

/// The page for authors, whose examples are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/authors.md")]
mod authors {}
