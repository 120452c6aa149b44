//! The buckets of an account, counted with the AWS SDK.
//!
//! The function's role needs `s3:ListAllMyBuckets`. Elsewhere, region and credentials are those that
//! the AWS CLI would use, and `AWS_ENDPOINT_URL` names another S3.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use mcp_lambda_sdk::prelude::*;
use tokio::sync::OnceCell;

/// How many buckets S3 is asked for at once.
const PAGE: i32 = 1000;
/// How often it is asked. An account has at most 10,000 buckets until AWS grants it more.
const MAX_PAGES: usize = 10;
/// How long one page may take, with all attempts. The tool's own time ends a little later, so that
/// the model reads why.
const PAGE_TIME: Duration = Duration::from_secs(20);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Counts the S3 buckets of this server's AWS account.
#[tool(read_only, open_world, timeout = 25)]
async fn count_buckets() -> Result<usize, ToolError> {
    let mut buckets = client().await.list_buckets().into_paginator().page_size(PAGE).send();
    let mut count = 0;
    for _ in 0..MAX_PAGES {
        let Some(page) = buckets.next().await else { return Ok(count) };
        count += page.map_err(|error| refusal(&error))?.buckets().len();
    }
    match buckets.next().await {
        None => Ok(count),
        Some(_) => Err(ToolError::new(format!(
            "there are more buckets than the {count} that this server reads: count them with S3 \
             Storage Lens"
        ))),
    }
}

/// Made at the first call, and kept with its connections for the following ones.
async fn client() -> &'static Client {
    static CLIENT: OnceCell<Client> = OnceCell::const_new();
    let connect = || async {
        let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let times = TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(PAGE_TIME);
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(times.build());
        Client::new(&config.load().await)
    };
    CLIENT.get_or_init(connect).await
}

/// What the model is told. What AWS says of a refusal names users, roles and the account.
fn refusal<E: ProvideErrorMetadata>(error: &SdkError<E>) -> ToolError {
    if let SdkError::TimeoutError(_) = error {
        return ToolError::new("S3 did not answer in time; try again later");
    }
    let Some(refused) = error.as_service_error() else {
        return ToolError::new(
            "this server cannot reach S3: its operator must look at its credentials, its region \
             and its network",
        );
    };
    ToolError::new(match refused.code() {
        Some("AccessDenied") => {
            "this server may not list buckets: its operator must allow its role \
             s3:ListAllMyBuckets"
                .to_owned()
        }
        Some(code) => format!("S3 refused with {code}; try again later"),
        None => "S3 refused; try again later".to_owned(),
    })
}

fn main() -> ExitCode {
    Server::new("buckets", env!("CARGO_PKG_VERSION")).tool(count_buckets).serve()
}
