//! Functions in AWS, for a program that was built without the feature.

use std::sync::Arc;

use mcp_lambda_runtime::port::Invoker;
use mcp_lambda_runtime::port::doors::Documents;

use crate::exit::Failure;

/// Says what to build.
pub(super) async fn invoker() -> Result<Arc<dyn Invoker>, Failure> {
    Err(Failure::WithoutAws("serve --invoke aws"))
}

/// Says what to build.
pub(super) fn documents() -> Result<Arc<dyn Documents>, Failure> {
    Err(Failure::Argument(
        "--oauth-issuer with https needs TLS, which a build with the feature aws has: run cargo \
         install --features aws --path . or cargo run --features aws -- serve ..."
            .to_owned(),
    ))
}
