//! The host at its boundaries: real processes in, real answers out.

mod api;
mod events;
mod invoke;
mod logs;
mod node;
mod pool;
mod runtime_api;
mod stream;
mod support;
mod url;
