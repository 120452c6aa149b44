//! The URLs of a stack, for a program that was built without the feature.

use crate::client::place::Plane;
use crate::exit::Failure;

pub(crate) async fn url(
    _: &str,
    _: Plane,
    _: Option<&str>,
    _: Option<&str>,
) -> Result<String, Failure> {
    Err(Failure::WithoutDeploy("--stack"))
}
