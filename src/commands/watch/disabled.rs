//! What a deployed gateway writes and counts, for a program that was built without the feature.

use crate::cli::watch::{LogsArguments, MetricsArguments};
use crate::exit::Failure;
use crate::output::Output;

pub(crate) fn logs(_: &LogsArguments, _: &Output) -> Result<(), Failure> {
    Err(Failure::WithoutDeploy("logs"))
}

pub(crate) fn metrics(_: &MetricsArguments, _: &Output) -> Result<(), Failure> {
    Err(Failure::WithoutDeploy("metrics"))
}
