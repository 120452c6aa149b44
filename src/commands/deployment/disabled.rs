//! Packaging, deploying and publishing, for a program that was built without the feature.

use crate::cli::deployment::{
    DeployArguments, DestroyArguments, DiffArguments, OutputsArguments, PackageArguments,
    PublishArguments,
};
use crate::exit::Failure;
use crate::output::Output;

pub(crate) fn package(_: &PackageArguments, _: &Output) -> Result<(), Failure> {
    Err(Failure::WithoutDeploy("package"))
}

pub(crate) fn deploy(_: &DeployArguments, _: &Output) -> Result<(), Failure> {
    Err(Failure::WithoutDeploy("deploy"))
}

pub(crate) fn diff(_: &DiffArguments, _: &Output) -> Result<(), Failure> {
    Err(Failure::WithoutDeploy("diff"))
}

pub(crate) fn outputs(_: &OutputsArguments, _: &Output) -> Result<(), Failure> {
    Err(Failure::WithoutDeploy("outputs"))
}

pub(crate) fn destroy(_: &DestroyArguments, _: &Output) -> Result<(), Failure> {
    Err(Failure::WithoutDeploy("destroy"))
}

pub(crate) fn publish(_: &PublishArguments, _: &Output) -> Result<(), Failure> {
    Err(Failure::WithoutDeploy("publish"))
}
