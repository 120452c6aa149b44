//! Functions in AWS.

use std::sync::Arc;

use mcp_lambda_runtime::aws;
use mcp_lambda_runtime::aws::documents::HttpDocuments;
use mcp_lambda_runtime::aws::lambda::LambdaInvoker;
use mcp_lambda_runtime::port::Invoker;
use mcp_lambda_runtime::port::doors::Documents;

use crate::exit::Failure;

/// Calls functions with the credentials of the environment.
pub(super) async fn invoker() -> Result<Arc<dyn Invoker>, Failure> {
    Ok(Arc::new(LambdaInvoker::new(aws::profiles::configuration().await)))
}

/// Fetches what issuers publish, with TLS.
pub(super) fn documents() -> Result<Arc<dyn Documents>, Failure> {
    Ok(Arc::new(HttpDocuments::default()))
}
