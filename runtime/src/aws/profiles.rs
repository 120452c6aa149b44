//! The configuration of a machine of people, as the AWS CLI finds it.

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};

use super::http_client;

/// What the AWS CLI would use too: the environment's credentials, profiles with their roles and
/// single sign-on, endpoints that the environment or a profile names.
///
/// Credentials are looked for when they are first needed.
pub async fn configuration() -> SdkConfig {
    // Calls go to the region of their function; only roles need this one.
    chosen(None, None).await
}

/// The same, with a region and a profile that somebody has chosen.
///
/// The default chain would end by asking EC2's metadata service for a region, which makes every
/// start elsewhere slow.
pub async fn chosen(region: Option<String>, profile: Option<String>) -> SdkConfig {
    let mut files = ProfileFileRegionProvider::builder();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client());
    if let Some(profile) = profile {
        files = files.profile_name(&profile);
        loader = loader.profile_name(profile);
    }
    let region = RegionProviderChain::first_try(region.map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(files.build())
        .or_else(Region::from_static(FALLBACK_REGION));
    loader.region(region).load().await
}

/// Where roles are assumed if nothing names a region.
const FALLBACK_REGION: &str = "us-east-1";
