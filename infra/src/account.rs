//! An account of AWS: who calls, its clients, and what they say when something goes wrong.

mod bucket;
mod fault;
mod progress;

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

pub(crate) use self::bucket::PREFIX;
pub use self::bucket::{
    Bucket, BucketError, BucketName, InvalidBucketName, MAX_BUCKET_NAME, MIN_BUCKET_NAME,
};
pub use self::fault::Fault;
pub(crate) use self::fault::Refusal;
pub use self::progress::{Event, Progress, Silent};

/// Where everything is, if neither an argument nor the environment nor a profile says so.
pub const DEFAULT_REGION: &str = "us-east-1";

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long one try of a request may take.
const ATTEMPT: Duration = Duration::from_secs(30);
/// How long a request may take with all its tries.
const REQUEST: Duration = Duration::from_secs(120);
/// The same for uploads, which a slow line makes long.
const UPLOAD: Duration = Duration::from_secs(900);

/// An account in a region, as one caller sees it.
#[derive(Clone, Debug)]
pub struct Account {
    config: SdkConfig,
    pub(crate) cloudformation: aws_sdk_cloudformation::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) repository: aws_sdk_serverlessapplicationrepository::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    sts: aws_sdk_sts::Client,
}

impl Account {
    /// As the AWS CLI finds it: credentials, region and endpoints (`AWS_ENDPOINT_URL`) of the
    /// environment and of the profile; what is given here goes first.
    ///
    /// Credentials are looked for when they are first needed.
    pub async fn load(profile: Option<&str>, region: Option<&str>) -> Self {
        let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let mut files = ProfileFileRegionProvider::builder();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(client);
        if let Some(profile) = profile {
            files = files.profile_name(profile);
            loader = loader.profile_name(profile);
        }
        // The default chain would end by asking EC2's metadata service, which answers nobody
        // elsewhere.
        let region =
            RegionProviderChain::first_try(region.map(|name| Region::new(name.to_owned())))
                .or_else(EnvironmentVariableRegionProvider::new())
                .or_else(files.build())
                .or_else(Region::from_static(DEFAULT_REGION));
        Self::new(loader.region(region).load().await)
    }

    /// By a configuration, which should have a region. Its timeouts are replaced.
    pub fn new(config: SdkConfig) -> Self {
        let timeouts = |whole| {
            let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT);
            timeouts.operation_timeout(whole)
        };
        let patient = timeouts(REQUEST).operation_attempt_timeout(ATTEMPT).build();
        let config = config.into_builder().timeout_config(patient).build();
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            .timeout_config(timeouts(UPLOAD).build())
            // An endpoint of one's own has no names for its buckets.
            .force_path_style(config.endpoint_url().is_some())
            .build();
        Self {
            cloudformation: aws_sdk_cloudformation::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            repository: aws_sdk_serverlessapplicationrepository::Client::new(&config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            sqs: aws_sdk_sqs::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            config,
        }
    }

    /// With another endpoint for the Serverless Application Repository, which emulators of AWS
    /// leave out. In the environment it is `AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY`.
    #[must_use]
    pub fn with_repository(mut self, endpoint: &str) -> Self {
        let config = aws_sdk_serverlessapplicationrepository::config::Builder::from(&self.config);
        let config = config.endpoint_url(endpoint).build();
        self.repository = aws_sdk_serverlessapplicationrepository::Client::from_conf(config);
        self
    }

    /// The region's name.
    pub fn region(&self) -> &str {
        self.config.region().map_or(DEFAULT_REGION, Region::as_ref)
    }

    /// The endpoint of one's own that requests go to instead of AWS.
    pub fn endpoint(&self) -> Option<&str> {
        self.config.endpoint_url()
    }

    /// Whether requests go to an endpoint of one's own instead of AWS.
    pub fn is_elsewhere(&self) -> bool {
        self.endpoint().is_some()
    }

    /// Whether requests go to an emulator that has no TLS.
    pub(crate) fn is_without_tls(&self) -> bool {
        self.endpoint().is_some_and(|url| url.starts_with("http://"))
    }

    /// Who signs the requests.
    pub async fn caller(&self) -> Result<Caller, Fault> {
        let said =
            self.sts.get_caller_identity().send().await.refused("STS", "to say who calls")?;
        let (Some(account), Some(arn)) = (said.account, said.arn) else {
            return Err(Fault::incomplete("STS", "the caller's account"));
        };
        Ok(Caller { account, arn })
    }
}

/// Who signs requests.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Caller {
    /// The account's number.
    pub account: String,
    /// The user or the session of a role.
    pub arn: String,
}

impl Caller {
    /// The part of AWS that the account is in: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &str {
        self.arn.split(':').nth(1).filter(|partition| !partition.is_empty()).unwrap_or("aws")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partition_is_the_arns() {
        let partition = |arn: &str| {
            Caller { account: String::new(), arn: arn.to_owned() }.partition().to_owned()
        };
        assert_eq!(partition("arn:aws-cn:iam::1:user/u"), "aws-cn");
        assert_eq!(partition("arn::iam::1:user/u"), "aws");
        assert_eq!(partition(""), "aws");
    }
}
