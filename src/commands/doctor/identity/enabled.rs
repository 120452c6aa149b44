//! Credentials: whose, and for how long.

use std::time::{Duration, SystemTime};

use super::Found;
use crate::aws;
use crate::cli::client::GatewayArguments;

/// Credentials that end sooner are worth a word.
const SOON: Duration = Duration::from_secs(15 * 60);

/// Looks for credentials, where a signature is wanted.
pub(super) async fn look(arguments: &GatewayArguments, signed: bool) -> Vec<Found> {
    if !signed {
        return Vec::new();
    }
    let (profile, region) = (arguments.profile.as_deref(), arguments.region.as_deref());
    let config = aws::configuration(profile, region).await;
    let named = config.region().map(ToString::to_string).unwrap_or_default();
    let mut found = vec![Found::ok("region", format!("{named}, unless the URL names another"))];
    found.push(match aws::caller(&config).await {
        Err(reason) => Found::fail(
            "credentials",
            reason,
            "sign in as for the AWS CLI (aws configure, aws sso login), or name a profile with \
             --profile",
        ),
        Ok(caller) => {
            let left = caller.until.map(|until| until.duration_since(now()).unwrap_or_default());
            match left {
                Some(left) if left < SOON => Found::warn(
                    "credentials",
                    format!("{}, for {} more minutes", caller.arn, left.as_secs() / 60),
                    "sign in again before they end",
                ),
                Some(left) => {
                    let minutes = left.as_secs() / 60;
                    Found::ok("credentials", format!("{}, for {minutes} more minutes", caller.arn))
                }
                None => Found::ok("credentials", caller.arn),
            }
        }
    });
    found
}

#[expect(clippy::disallowed_methods, reason = "credentials end by the wall clock")]
fn now() -> SystemTime {
    SystemTime::now()
}
