//! The program as several instances that share nothing but AWS: processes behind Function URLs of
//! two local Lambdas, tools behind a third one's Invoke API, queues and tables in an emulated AWS.
//!
//! Two requests that follow each other never reach the same process, so that no state can hide in
//! one. All of it needs the emulator; `MCP_LAMBDA_TEST=quick` leaves it out.

mod clients;
mod conformance;
mod duplicates;
mod orphans;
mod questions;
mod sessions;
mod sse;
mod streams;
mod support;
#[path = "../aws/dynamodb/tables.rs"]
mod tables;
