//! Adapters for one machine: SQLite, queues in the process, the local Lambda host.

pub mod buckets;
#[cfg(feature = "embedded")]
pub mod documents;
#[cfg(feature = "embedded")]
pub mod invoker;
pub mod mailboxes;
pub mod permissions;
pub mod sqlite;
pub mod tokens;
pub use crate::system;
