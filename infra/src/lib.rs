//! The stack of mcp-lambda, written with typed CloudFormation builders.
//!
//! This crate will hold the builders generated from resource-provider schemas, the constructs and
//! their grants, the stack itself, and what `synth`, `deploy` and `publish` do with it.
//! For now the gateway runs on one machine only, so there is nothing here yet.
