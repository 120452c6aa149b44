//! Adapters for AWS: DynamoDB, SQS and Lambda, secrets, and documents of issuers.

pub mod documents;
#[cfg(feature = "function")]
pub mod door;
pub mod dynamodb;
mod fault;
pub mod gateway_probe;
pub mod json;
pub mod lambda;
#[cfg(feature = "function")]
pub mod own_role;
pub mod permissions;
#[cfg(feature = "aws-profiles")]
pub mod profiles;
pub mod sqs;
pub mod tokens;

use aws_sdk_lambda::config::SharedHttpClient;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// A pool of connections with TLS by `ring`, to be shared by all clients of a process.
pub fn http_client() -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}
