//! The tokens of a stack, for a program that was built without the feature.

use crate::cli::token::TokenArguments;
use crate::exit::Failure;
use crate::output::Output;

pub(crate) fn run(_: &TokenArguments, _: &Output) -> Result<(), Failure> {
    Err(Failure::Argument(
        "token needs a build with the feature aws: run cargo install --features aws --path . or \
         cargo run --features aws -- token ..."
            .to_owned(),
    ))
}
