//! Refusals of DynamoDB and failures on the way to it, as errors of the port.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

pub(super) use super::super::fault::bounded;
use super::super::fault::tell;
use crate::port::StoreError;

/// Says in a line why DynamoDB did not do what it was asked.
pub(super) fn unavailable<E>(error: &SdkError<E>) -> StoreError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    StoreError::Unavailable(tell("DynamoDB", error))
}
