//! Benchmarks of mcp-lambda beside rmcp, the official Rust SDK, in the same run.
//!
//! `catalog` and `request` say what both servers offer and are asked; `gateway` and `peer` build
//! them. `in_process`, `loopback` and `memory` measure, `report` and `plot` show. What is measured
//! and why is told in `docs/benchmarks.md`.

pub mod catalog;
pub mod connection;
pub mod failure;
pub mod gateway;
pub mod in_process;
pub mod load;
pub mod loopback;
pub mod machine;
pub mod memory;
pub mod peer;
pub mod plot;
pub mod process;
pub mod report;
pub mod request;
pub mod serving;
