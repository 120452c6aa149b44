//! Packaging, deploying and publishing: what is typed becomes calls of the library, and what these
//! say becomes text.

mod ask;
mod failure;
mod material;
mod packages;
mod screen;
mod stacks;
mod style;
mod words;

use std::future::Future;

pub(crate) use self::packages::{package, publish};
pub(crate) use self::stacks::{deploy, destroy, diff, outputs};
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
