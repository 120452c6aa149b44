//! Credentials, regions and endpoints as the AWS CLI finds them.

use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_sts::error::ProvideErrorMetadata;

/// Where everything is, if neither an argument nor the environment nor a profile says so.
pub(crate) const DEFAULT_REGION: &str = "us-east-1";

/// What the AWS CLI would use too; what is given here goes first.
///
/// Credentials are looked for when they are first needed.
pub(crate) async fn configuration(profile: Option<&str>, region: Option<&str>) -> SdkConfig {
    let mut files = ProfileFileRegionProvider::builder();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(mcp_lambda_runtime::aws::http_client());
    if let Some(profile) = profile {
        files = files.profile_name(profile);
        loader = loader.profile_name(profile);
    }
    // The default chain would end by asking EC2's metadata service, which answers nobody elsewhere.
    let region = RegionProviderChain::first_try(region.map(|name| Region::new(name.to_owned())))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(files.build())
        .or_else(Region::from_static(DEFAULT_REGION));
    loader.region(region).load().await
}

/// What an error and those behind it say, in one line.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next.filter(|_| told.len() < MAX_CAUSES) {
        let text = crate::client::refusal::printable(&error.to_string());
        // Some errors repeat the one behind them.
        if !told.iter().any(|earlier| earlier.contains(&text)) {
            told.push(text);
        }
        next = error.source();
    }
    told.join(": ")
}

const MAX_CAUSES: usize = 10;

/// Who signs, and until when.
pub(crate) struct Caller {
    /// The user or the session of a role.
    pub(crate) arn: String,
    /// Credentials without an end have none.
    pub(crate) until: Option<SystemTime>,
}

/// Asks AWS who signs; the error is one line.
pub(crate) async fn caller(config: &SdkConfig) -> Result<Caller, String> {
    let provider = config.credentials_provider().ok_or("nothing provides credentials")?;
    let credentials = provider.provide_credentials().await.map_err(|error| causes(&error))?;
    let until = credentials.expiry();
    let timeouts = TimeoutConfig::builder().operation_timeout(ASK).build();
    let config = aws_sdk_sts::config::Builder::from(config).timeout_config(timeouts).build();
    let said = aws_sdk_sts::Client::from_conf(config).get_caller_identity().send().await;
    match said {
        Ok(said) => Ok(Caller { arn: said.arn.unwrap_or_default(), until }),
        Err(error) => Err(match error.as_service_error() {
            // Only the code: the text may quote the request.
            Some(refused) => refused.code().unwrap_or("refused").to_owned(),
            None => causes(&error),
        }),
    }
}

/// How long a question to AWS may take with all its tries.
const ASK: Duration = Duration::from_secs(20);
