//! The gateway of mcp-lambda: Lambda functions as MCP tools, resources and prompts.
//!
//! Data flows one way, each stage consuming the value before it:
//!
//! ```text
//! HTTP -> edge -> classify -> call -> plan -> invoke -> outcome -> reply -> edge -> HTTP or stream
//! ```
//!
//! The modules stand in one total order, and each uses only those after it:
//! `function`, `edge`, `admin`, `gateway`, `invoke`, `catalog`, `session`, `door`, `port`, `server`,
//! `policy`, `registration`, `principal`, `protocol`, `deployment`, `listener`. The adapters of `embedded` and `aws` implement the ports and are
//! named only by whoever composes a gateway.

pub mod admin;
#[cfg(feature = "aws")]
pub mod aws;
pub mod catalog;
pub mod deployment;
pub mod door;
pub mod edge;
#[cfg(feature = "store")]
pub mod embedded;
#[cfg(feature = "function")]
pub mod function;
pub mod gateway;
pub mod invoke;
#[cfg(feature = "listen")]
pub mod listener;
pub mod policy;
pub mod port;
pub mod principal;
pub mod protocol;
pub mod registration;
pub mod server;
pub mod session;
pub mod system;
