//! The functions of the deployed gateway: events in, answers out, and the program itself behind a
//! local Lambda with emulated services.

mod answers;
mod events;
mod processes;
mod runtime_api;
#[path = "../aws/dynamodb/tables.rs"]
mod tables;
mod trees;
