//! `chat`, for a program that was built without the feature.

use crate::cli::client::ChatArguments;
use crate::exit::Failure;
use crate::output::Output;

pub(crate) fn run(_: &ChatArguments, _: &Output) -> Result<(), Failure> {
    Err(Failure::WithoutAws("chat"))
}
