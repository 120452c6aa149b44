//! Functions in AWS, for a program that was built without the feature.

use std::sync::Arc;

use mcp_lambda_runtime::port::Invoker;

use crate::exit::Failure;

/// Says what to build.
pub(super) async fn invoker() -> Result<Arc<dyn Invoker>, Failure> {
    Err(Failure::WithoutAws("serve --invoke aws"))
}
