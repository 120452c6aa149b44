//! The stack of mcp-lambda, and the typed CloudFormation builders that it is written with.
//!
//! The builders know nothing of the stack; `README.md` shows another one made of them.

pub mod aws;
pub mod check;
pub mod construct;
pub mod core;
pub mod diagram;
pub mod emit;
pub mod policy;
pub mod roles;
pub mod stack;
pub mod template;
pub mod value;

#[cfg(feature = "deploy")]
pub mod account;
#[cfg(feature = "deploy")]
pub mod deploy;
#[cfg(feature = "deploy")]
pub mod destroy;
#[cfg(feature = "deploy")]
pub mod diff;
#[cfg(feature = "deploy")]
pub mod outputs;
#[cfg(feature = "deploy")]
pub mod package;
#[cfg(feature = "deploy")]
pub mod publish;
