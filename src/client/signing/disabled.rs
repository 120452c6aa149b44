//! Signatures, for a program that was built without the feature.

use http::request::Parts;

use crate::client::http::HttpError;
use crate::client::place::Scope;
use crate::exit::Failure;

/// Nobody who signs.
pub(crate) enum Signer {}

impl Signer {
    /// Says what to build.
    pub(crate) fn new(_: Option<&str>, _: Option<&str>, _: Scope) -> Result<Self, Failure> {
        Err(Failure::WithoutAws("signing requests"))
    }

    pub(crate) async fn sign(&self, _: &mut Parts, _: &[u8]) -> Result<(), HttpError> {
        match *self {}
    }

    pub(crate) async fn forget(&self) {
        match *self {}
    }
}
