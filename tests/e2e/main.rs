//! The program as a process, judged from outside.
//!
//! The quick part needs nothing but the program: arguments, exit codes, signals, `kill -9`, and
//! the official Rust client. The foreign part installs the official TypeScript and Python clients
//! and the conformance suites (see `tests/foreign`), which takes Python 3.11 or later and npm, and
//! runs the README's first five minutes.
//!
//! `MCP_LAMBDA_TEST=quick cargo test` leaves the foreign part out and says so; `all`, the default,
//! runs everything. A test of the foreign part whose tools are missing fails.

mod cli;
mod clients;
mod conformance;
mod deploying;
mod doors;
mod durability;
mod hands;
mod publishing;
mod readme;
mod rust_client;
mod startup;
mod stopping;
mod support;
mod watching;
