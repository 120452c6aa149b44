//! The commands that do something and end.

pub(crate) mod ask;
pub(crate) mod call;
#[cfg_attr(feature = "aws", path = "commands/chat/enabled.rs")]
#[cfg_attr(not(feature = "aws"), path = "commands/chat/disabled.rs")]
pub(crate) mod chat;
pub(crate) mod connect;
#[cfg_attr(feature = "deploy", path = "commands/deployment/enabled.rs")]
#[cfg_attr(not(feature = "deploy"), path = "commands/deployment/disabled.rs")]
pub(crate) mod deployment;
pub(crate) mod doctor;
mod input;
pub(crate) mod lists;
pub(crate) mod manual;
pub(crate) mod register;
#[cfg_attr(feature = "deploy", path = "commands/stack/enabled.rs")]
#[cfg_attr(not(feature = "deploy"), path = "commands/stack/disabled.rs")]
pub(crate) mod stack;
pub(crate) mod synth;
#[cfg_attr(feature = "aws", path = "commands/token/enabled.rs")]
#[cfg_attr(not(feature = "aws"), path = "commands/token/disabled.rs")]
pub(crate) mod token;
#[cfg_attr(feature = "deploy", path = "commands/watch/enabled.rs")]
#[cfg_attr(not(feature = "deploy"), path = "commands/watch/disabled.rs")]
pub(crate) mod watch;

use std::future::Future;

use crate::exit::Failure;

/// Runs a command to its end.
fn run(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::System { doing: "starting", source })?;
    let result = runtime.block_on(work);
    // Whoever was asked and has not answered must not keep the program from ending.
    runtime.shutdown_background();
    result
}
