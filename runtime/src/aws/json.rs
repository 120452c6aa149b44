//! Requests in AWS's JSON protocols that no SDK here makes, signed by the SDKs' own signer.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_lambda::config::http::HttpRequest;
use aws_sdk_lambda::primitives::SdkBody;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_types::SdkConfig;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::aws::documents::{Unread, connector, read};
use crate::aws::fault::{bounded, causes};
use crate::port::Clock;

/// A service that takes JSON.
#[derive(Clone, Copy, Debug)]
pub struct JsonApi {
    /// Its name in signatures and in its endpoints' names.
    pub name: &'static str,
    /// What stands before its operations in `x-amz-target`.
    pub target: &'static str,
    /// The protocol.
    pub version: JsonVersion,
    /// Bytes that an answer may have.
    pub max_answer_bytes: usize,
    /// How long one request may take.
    pub timeout: Duration,
}

/// The protocols, which differ in the media type alone as far as requests here go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JsonVersion {
    /// AWS JSON 1.0.
    OneZero,
    /// AWS JSON 1.1.
    OneOne,
}

impl JsonVersion {
    fn media_type(self) -> &'static str {
        match self {
            Self::OneZero => "application/x-amz-json-1.0",
            Self::OneOne => "application/x-amz-json-1.1",
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum JsonError {
    /// The service said no. Only its code is kept: messages about credentials and keys may quote
    /// what nobody should read.
    #[error("HTTP {status}, {code}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// AWS's name of the refusal; empty if it has none.
        code: String,
    },
    /// It could not be asked.
    #[error("{0}")]
    Unavailable(String),
}

/// A service as somebody sees it.
pub struct JsonClient {
    api: JsonApi,
    config: SdkConfig,
    clock: Arc<dyn Clock>,
    connector: Connector,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(rename = "__type", default)]
    kind: String,
}

impl JsonClient {
    /// The service, reached by a configuration with credentials and a region.
    pub fn new(api: JsonApi, config: SdkConfig, clock: Arc<dyn Clock>) -> Self {
        Self { api, config, clock, connector: connector() }
    }

    /// Sends a request once, and reads the body of an answer that is a success.
    pub async fn ask(&self, operation: &str, body: &impl Serialize) -> Result<Bytes, JsonError> {
        let body = serde_json::to_string(body).expect("requests always have a JSON form");
        let asked = tokio::time::timeout(self.api.timeout, self.send(operation, body)).await;
        asked.unwrap_or_else(|_| Err(unavailable("there was no answer in time")))
    }

    async fn send(&self, operation: &str, body: String) -> Result<Bytes, JsonError> {
        let request = self.signed(operation, body).await?;
        let answered = self.connector.call(request).await;
        let mut response = answered.map_err(|error| unavailable(&causes(&error)))?;
        let status = response.status().as_u16();
        let answer = read(response.body_mut(), self.api.max_answer_bytes).await;
        let answer = answer.map_err(|error| match error {
            Unread::TooLarge => unavailable("the answer is too long"),
            Unread::Broken(cause) => unavailable(&cause),
        })?;
        if status == 200 {
            return Ok(answer);
        }
        let refusal: Refusal = serde_json::from_slice(&answer).unwrap_or_default();
        let code = refusal.kind.rsplit('#').next().unwrap_or_default();
        Err(JsonError::Refused { status, code: bounded(code).to_owned() })
    }

    async fn signed(&self, operation: &str, body: String) -> Result<HttpRequest, JsonError> {
        let region = self.config.region().map(ToString::to_string);
        let region = region.ok_or_else(|| unavailable("no region is configured"))?;
        let url = match self.config.endpoint_url() {
            Some(url) => format!("{}/", url.trim_end_matches('/')),
            None => format!("https://{}.{region}.{}/", self.api.name, suffix(&region)),
        };
        let provider = self.config.credentials_provider();
        let provider = provider.ok_or_else(|| unavailable("there are no credentials"))?;
        let identity = provider.provide_credentials().await;
        let identity = identity.map_err(|error| unavailable(&causes(&error)))?.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&region)
            .name(self.api.name)
            .time(UNIX_EPOCH + Duration::from_millis(self.clock.now().0))
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unavailable(&error.to_string()))?
            .into();
        let headers = [
            ("content-type", self.api.version.media_type().to_owned()),
            ("x-amz-target", format!("{}.{operation}", self.api.target)),
        ];
        let signable = SignableRequest::new(
            "POST",
            url.as_str(),
            headers.iter().map(|(name, value)| (*name, value.as_str())),
            SignableBody::Bytes(body.as_bytes()),
        );
        let signed = signable.and_then(|request| sign(request, &parameters));
        let (instructions, _) =
            signed.map_err(|error| unavailable(&error.to_string()))?.into_parts();
        let mut request = http::Request::post(url.as_str());
        for (name, value) in &headers {
            request = request.header(*name, value);
        }
        let request = request.body(SdkBody::from(body));
        let mut request = request.map_err(|error| unavailable(&error.to_string()))?;
        instructions.apply_to_request_http1x(&mut request);
        HttpRequest::try_from(request).map_err(|error| unavailable(&error.to_string()))
    }
}

fn unavailable(cause: &str) -> JsonError {
    JsonError::Unavailable(cause.to_owned())
}

/// The domain of AWS's partition that a Region is in.
fn suffix(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "amazonaws.com.cn",
        Some("eusc") => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions() {
        assert_eq!(suffix("eu-west-1"), "amazonaws.com");
        assert_eq!(suffix("cn-north-1"), "amazonaws.com.cn");
        assert_eq!(suffix("eusc-de-east-1"), "amazonaws.eu");
    }
}
