//! The bearer door's tokens in Systems Manager or Secrets Manager.
//!
//! Two requests of each service, without their SDKs: these would add two crates of hundreds of
//! operations to a program of which a cold start reads every megabyte.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_types::SdkConfig;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::aws::json::{JsonApi, JsonClient, JsonError, JsonVersion};
use crate::port::doors::{BearerToken, LiveTokens, Tokens};
use crate::port::{Clock, StoreError};

/// Bytes of an answer; the largest secret has 64 KiB.
const MAX_ANSWER_BYTES: usize = 128 * 1024;
/// Bytes of the name of a secret: of an ARN, which is longer than any name.
const MAX_NAME_BYTES: usize = 2_048;
/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where tokens are kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SecretName {
    /// A parameter of Systems Manager, of the type SecureString: its name, which begins with `/`,
    /// or its ARN.
    Parameter(String),
    /// A secret of Secrets Manager: its ARN.
    Secret(String),
}

impl SecretName {
    /// Parses what a deployment says.
    pub fn parse(text: &str) -> Result<Self, InvalidSecretName> {
        let good = text.len() <= MAX_NAME_BYTES
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._/:+=@!".contains(&b));
        let mut parts = text.split(':');
        match (parts.next(), parts.nth(1)) {
            _ if !good => Err(InvalidSecretName),
            (Some("arn"), Some("secretsmanager")) => Ok(Self::Secret(text.to_owned())),
            (Some("arn"), Some("ssm")) => Ok(Self::Parameter(text.to_owned())),
            _ if text.len() > 1 && text.starts_with('/') && !text.contains(':') => {
                Ok(Self::Parameter(text.to_owned()))
            }
            _ => Err(InvalidSecretName),
        }
    }

    fn service(&self) -> JsonApi {
        let (name, target) = match self {
            Self::Parameter(_) => ("ssm", "AmazonSSM"),
            Self::Secret(_) => ("secretsmanager", "secretsmanager"),
        };
        let version = JsonVersion::OneOne;
        JsonApi { name, target, version, max_answer_bytes: MAX_ANSWER_BYTES, timeout: TIMEOUT }
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(name) => write!(f, "the parameter {name}"),
            Self::Secret(arn) => write!(f, "the secret {arn}"),
        }
    }
}

/// Why a text names no secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "tokens are in a parameter of Systems Manager, such as /mcp-lambda/stack/tokens, or in a secret \
     of Secrets Manager, by its ARN"
)]
pub struct InvalidSecretName;

/// Tokens in AWS.
pub struct SecretTokens {
    place: SecretName,
    service: JsonClient,
}

/// What is stored. A secret that is nothing but a token is understood too.
#[derive(Deserialize, Serialize)]
struct Stored {
    current: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameter<'a> {
    name: &'a str,
    with_decryption: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutParameter<'a> {
    name: &'a str,
    value: &'a str,
    r#type: &'static str,
    overwrite: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue<'a> {
    secret_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutSecretValue<'a> {
    secret_id: &'a str,
    secret_string: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    parameter: Option<Parameter>,
    secret_string: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    value: String,
}

impl SecretTokens {
    /// The tokens there, reached by a configuration with credentials and a region.
    pub fn new(place: SecretName, config: SdkConfig, clock: Arc<dyn Clock>) -> Self {
        let service = JsonClient::new(place.service(), config, clock);
        Self { place, service }
    }

    async fn ask(&self, operation: &str, body: &impl Serialize) -> Result<Bytes, StoreError> {
        self.service.ask(operation, body).await.map_err(|error| match &error {
            JsonError::Refused { code, .. }
                if ["ParameterNotFound", "ResourceNotFoundException"].contains(&code.as_str()) =>
            {
                StoreError::NotFound
            }
            JsonError::Refused { .. } | JsonError::Unavailable(_) => {
                self.unavailable(&error.to_string())
            }
        })
    }

    fn unavailable(&self, cause: &str) -> StoreError {
        StoreError::Unavailable(format!("{}: {cause}", self.place))
    }

    fn understand(&self, text: &str) -> Result<LiveTokens, StoreError> {
        let stored: Stored = match serde_json::from_str(text) {
            Ok(stored) => stored,
            Err(_) => Stored { current: text.trim().to_owned(), previous: None },
        };
        let token = |text: &str| {
            BearerToken::parse(text).map_err(|error| self.unavailable(&error.to_string()))
        };
        let previous = stored.previous.filter(|text| !text.is_empty());
        Ok(LiveTokens {
            current: token(&stored.current)?,
            previous: previous.as_deref().map(token).transpose()?,
        })
    }
}

#[async_trait]
impl Tokens for SecretTokens {
    async fn load(&self) -> Result<LiveTokens, StoreError> {
        let answer = match &self.place {
            SecretName::Parameter(name) => {
                self.ask("GetParameter", &GetParameter { name, with_decryption: true }).await?
            }
            SecretName::Secret(secret_id) => {
                self.ask("GetSecretValue", &GetSecretValue { secret_id }).await?
            }
        };
        let answer: Answer = serde_json::from_slice(&answer)
            .map_err(|_| self.unavailable("the answer cannot be read"))?;
        let text = answer.parameter.map(|parameter| parameter.value).or(answer.secret_string);
        self.understand(&text.ok_or_else(|| self.unavailable("it holds no text"))?)
    }

    async fn save(&self, tokens: &LiveTokens) -> Result<(), StoreError> {
        let stored = Stored {
            current: tokens.current.reveal().to_owned(),
            previous: tokens.previous.as_ref().map(|token| token.reveal().to_owned()),
        };
        let value = &serde_json::to_string(&stored).expect("texts always have a JSON form");
        match &self.place {
            SecretName::Parameter(name) => {
                let (r#type, overwrite) = ("SecureString", true);
                self.ask("PutParameter", &PutParameter { name, value, r#type, overwrite }).await
            }
            SecretName::Secret(secret_id) => {
                self.ask("PutSecretValue", &PutSecretValue { secret_id, secret_string: value })
                    .await
            }
        }
        .map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:tokens-AbCdEf";
        assert_eq!(SecretName::parse(arn), Ok(SecretName::Secret(arn.to_owned())));
        for name in ["/mcp-lambda/a/tokens", "arn:aws:ssm:eu-west-1:123456789012:parameter/a"] {
            assert_eq!(SecretName::parse(name), Ok(SecretName::Parameter(name.to_owned())));
        }
        for bad in ["", "/", "tokens", "arn:aws:s3:::a", "/a b", "/a:b", "arn:aws:ssm:x\n"] {
            assert_eq!(SecretName::parse(bad), Err(InvalidSecretName), "{bad}");
        }
        let long =
            |length: usize| SecretName::parse(&format!("/{}", "x".repeat(length - 1))).is_ok();
        assert!(long(MAX_NAME_BYTES) && !long(MAX_NAME_BYTES + 1));
    }
}
