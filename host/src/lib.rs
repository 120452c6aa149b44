#![doc = include_str!("../README.md")]

mod body;
mod bootstrap;
mod calendar;
mod check;
mod config;
mod fault;
mod function;
mod host;
mod instance;
mod invocation;
mod job;
mod log;
mod name;
mod pool;
mod runtime_api;

pub mod api;
pub mod limits;
pub mod url;

pub use bootstrap::node_bootstrap;
pub use check::CannotRun;
pub use config::{FunctionConfig, InvalidConfig, RawFunction};
pub use fault::FunctionError;
pub use host::{Host, HostOptions};
pub use invocation::{CannotStart, Invocation, InvokeError, Response, ResponseBody};
pub use log::LogLine;
pub use name::{AccountId, FunctionName, InvalidName, Region};
