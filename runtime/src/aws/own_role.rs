//! What a function's environment says of its role and of where AWS is.

use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;

use crate::function::configuration::AwsEnvironment;

/// What all clients of a function share: credentials, region, connections.
pub struct OwnRole(SdkConfig);

impl OwnRole {
    /// The function's own role. Its keys hold for as long as the process lives.
    pub fn new(environment: &AwsEnvironment) -> Self {
        let credentials = Credentials::new(
            &environment.access_key_id,
            &environment.secret_access_key,
            environment.session_token.clone(),
            None,
            "Environment",
        );
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(environment.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(super::http_client());
        Self(config.build())
    }

    /// With the endpoint of a service, where it is not the region's own.
    pub fn at(&self, endpoint: Option<&str>) -> SdkConfig {
        match endpoint {
            None => self.0.clone(),
            Some(url) => self.0.to_builder().endpoint_url(url).build(),
        }
    }
}
