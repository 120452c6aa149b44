//! Signatures of AWS (SigV4), with credentials as the AWS CLI finds them.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::request::Parts;
use tokio::sync::Mutex;

use crate::aws;
use crate::client::http::HttpError;
use crate::client::place::Scope;
use crate::exit::Failure;

/// Credentials that end sooner than this are asked for anew.
const EARLY: Duration = Duration::from_secs(5 * 60);

/// Signs requests for one service.
pub(crate) struct Signer {
    profile: Option<String>,
    region: Option<String>,
    scope: Scope,
    known: Mutex<Option<Known>>,
}

/// What was found out, until it ends or is refused.
struct Known {
    config: SdkConfig,
    credentials: Credentials,
}

impl Signer {
    /// Credentials are looked for when they are first needed.
    pub(crate) fn new(
        profile: Option<&str>,
        region: Option<&str>,
        scope: Scope,
    ) -> Result<Self, Failure> {
        let (profile, region) = (profile.map(str::to_owned), region.map(str::to_owned));
        Ok(Self { profile, region, scope, known: Mutex::new(None) })
    }

    /// Signs a request.
    pub(crate) async fn sign(&self, parts: &mut Parts, body: &[u8]) -> Result<(), HttpError> {
        let now = now();
        let (credentials, region) = self.credentials(now).await?;
        let identity = credentials.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&region)
            .name(&self.scope.service)
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| HttpError::Credentials(error.to_string()))?;
        let uri = parts.uri.to_string();
        let host = parts.uri.authority().map(ToString::to_string).unwrap_or_default();
        let request = SignableRequest::new(
            parts.method.as_str(),
            uri.as_str(),
            [("host", host.as_str())].into_iter(),
            SignableBody::Bytes(body),
        )
        .map_err(|error| HttpError::Credentials(error.to_string()))?;
        let signed = sign(request, &params.into())
            .map_err(|error| HttpError::Credentials(error.to_string()))?;
        let (instructions, _) = signed.into_parts();
        for (name, value) in instructions.headers() {
            let mut value = http::HeaderValue::from_str(value)
                .map_err(|error| HttpError::Credentials(error.to_string()))?;
            value.set_sensitive(true);
            if let Ok(name) = http::HeaderName::try_from(name) {
                parts.headers.insert(name, value);
            }
        }
        Ok(())
    }

    /// Looks for credentials anew at the next request: those that were used were refused.
    pub(crate) async fn forget(&self) {
        *self.known.lock().await = None;
    }

    async fn credentials(&self, now: SystemTime) -> Result<(Credentials, String), HttpError> {
        let mut known = self.known.lock().await;
        let lasts = |known: &Known| known.credentials.expiry().is_none_or(|end| end > now + EARLY);
        if !known.as_ref().is_some_and(lasts) {
            // The files of profiles are read again, too: somebody may have signed in meanwhile.
            let config = aws::configuration(self.profile.as_deref(), self.region.as_deref()).await;
            let Some(provider) = config.credentials_provider() else {
                return Err(HttpError::Credentials("nothing provides any".to_owned()));
            };
            let credentials = provider
                .provide_credentials()
                .await
                .map_err(|error| HttpError::Credentials(aws::causes(&error)))?;
            *known = Some(Known { config, credentials });
        }
        let Some(known) = known.as_ref() else {
            return Err(HttpError::Credentials("nothing provides any".to_owned()));
        };
        let of_config = || known.config.region().map(ToString::to_string);
        let region = self.scope.region.clone().or_else(of_config);
        Ok((known.credentials.clone(), region.unwrap_or_else(|| aws::DEFAULT_REGION.to_owned())))
    }
}

#[expect(clippy::disallowed_methods, reason = "AWS refuses signatures of another time")]
fn now() -> SystemTime {
    SystemTime::now()
}
