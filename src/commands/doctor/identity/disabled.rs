//! Credentials, for a program that was built without the feature.

use super::Found;
use crate::cli::client::GatewayArguments;

/// Says what to build, where a signature is wanted.
pub(super) async fn look(_: &GatewayArguments, signed: bool) -> Vec<Found> {
    if !signed {
        return Vec::new();
    }
    vec![Found::fail(
        "credentials",
        "this program cannot sign".to_owned(),
        "build it with cargo install --features aws --path .",
    )]
}
