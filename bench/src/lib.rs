//! Benchmarks of mcp-lambda beside rmcp, the official Rust SDK, in the same run.
//!
//! `catalog` and `request` say what both servers offer and are asked; `gateway` and `peer` build
//! them. `in_process`, `loopback` and `memory` measure, `report` and `plot` show. `functions` measures
//! the deployed gateway's function beside other servers as functions, and `endpoint` is the AWS that
//! it talks to. What is measured and why is told in `docs/benchmarks.md`.

pub mod catalog;
pub mod connection;
pub mod endpoint;
pub mod failure;
pub mod functions;
pub mod gateway;
pub mod in_process;
pub mod load;
pub mod loopback;
pub mod machine;
pub mod memory;
pub mod moment;
pub mod peer;
pub mod plot;
pub mod process;
pub mod report;
pub mod request;
pub mod serving;
