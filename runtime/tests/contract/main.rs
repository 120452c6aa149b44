//! The ports' contract suites on the adapters of one machine, what is particular to these
//! adapters, ports with faults before the whole gateway, and properties of what is parsed.

mod faults;
mod functions;
mod invoker;
mod mailboxes;
mod permissions;
mod properties;
mod simulation;
mod sqlite;
mod stores;
