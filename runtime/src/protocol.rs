//! MCP as it is on the wire: messages, versions, methods, errors, names and bounds.
//!
//! Everything here is synchronous, free of I/O and of the rest of this crate.
//! Foreign JSON is never rebuilt: it stays the text that was sent, as a [`serde_json::value::RawValue`].

pub mod call;
pub mod capability;
pub mod classify;
pub mod error;
pub mod header;
pub mod json;
pub mod jsonrpc;
pub mod limits;
pub mod meta;
pub mod name;
pub mod notification;
pub mod render;
pub mod rope;
pub mod template;
pub mod version;
