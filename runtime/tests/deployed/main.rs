//! The gateway's functions, deployed in an emulated AWS that verifies signatures and enforces
//! policies: each with a role of its own that may do what its adapters need and nothing else.

mod account;
mod callers;
mod clients;
mod package;
mod policy;
mod roles;
mod secrets;
mod stack;
mod sweeping;
#[path = "../aws/dynamodb/tables.rs"]
mod tables;
mod wire;
