//! A deployed stack, and the services that know what it did.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use mcp_lambda_infra::account::Account;
use mcp_lambda_infra::deploy::StackName;
use mcp_lambda_infra::outputs::outputs;
use mcp_lambda_runtime::aws::json::{JsonApi, JsonClient, JsonError, JsonVersion};
use mcp_lambda_runtime::system::SystemClock;

use crate::aws::configuration;
use crate::cli::watch::Watched;
use crate::exit::Failure;

/// Bytes of an answer. CloudWatch Logs says up to a megabyte of lines, which JSON makes longer.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// CloudWatch Logs.
pub(super) const LOGS: JsonApi = JsonApi {
    name: "logs",
    target: "Logs_20140328",
    version: JsonVersion::OneOne,
    max_answer_bytes: MAX_ANSWER_BYTES,
    timeout: TIMEOUT,
};

/// CloudWatch.
pub(super) const METRICS: JsonApi = JsonApi {
    name: "monitoring",
    target: "GraniteServiceVersion20100801",
    version: JsonVersion::OneZero,
    max_answer_bytes: MAX_ANSWER_BYTES,
    timeout: TIMEOUT,
};

/// A stack that is there.
pub(super) struct Site {
    /// What the names in it begin with.
    pub(super) identifier: String,
    config: SdkConfig,
}

impl Site {
    pub(super) async fn find(place: &Watched) -> Result<Self, Failure> {
        let name: StackName = place.stack.parse()?;
        let config = configuration(place.profile.as_deref(), place.region.as_deref()).await;
        let described = outputs(&Account::new(config.clone()), &name).await?;
        Ok(Self { identifier: described.identifier, config })
    }

    pub(super) fn service(&self, api: JsonApi) -> JsonClient {
        JsonClient::new(api, self.config.clone(), Arc::new(SystemClock))
    }
}

/// Whether the same request may be answered later.
pub(super) fn may_pass(error: &JsonError) -> bool {
    match error {
        JsonError::Refused { status, code } => *status >= 500 || code.contains("Throttl"),
        JsonError::Unavailable(_) => true,
    }
}

/// Says what to do about a refusal; `action` is what whoever signs must be allowed.
pub(super) fn refused(error: &JsonError, action: &str) -> Failure {
    let next = match error {
        JsonError::Refused { code, .. } if code.contains("AccessDenied") => {
            format!("whoever signs must be allowed {action}")
        }
        JsonError::Refused { code, .. } if code == "InvalidParameterException" => {
            "look whether --filter is a filter pattern of CloudWatch Logs".to_owned()
        }
        JsonError::Refused { .. } if may_pass(error) => "try again in a moment".to_owned(),
        JsonError::Refused { .. } => "look at your credentials and the region".to_owned(),
        JsonError::Unavailable(_) => {
            "check your credentials, the network, the region and AWS_ENDPOINT_URL".to_owned()
        }
    };
    Failure::Aws(format!("CloudWatch cannot be asked: {error}; {next}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_what_to_do() {
        for (status, code, words, passes) in [
            (400, "AccessDeniedException", "must be allowed logs:X", false),
            (400, "InvalidParameterException", "--filter", false),
            (400, "ThrottlingException", "in a moment", true),
            (503, "", "in a moment", true),
            (400, "UnrecognizedClientException", "credentials", false),
        ] {
            let error = JsonError::Refused { status, code: code.to_owned() };
            let said = refused(&error, "logs:X").to_string();
            assert!(said.contains(words) && said.contains(code), "{said}");
            assert_eq!(may_pass(&error), passes, "{code}");
        }
        let unreachable = JsonError::Unavailable("no route".to_owned());
        assert!(may_pass(&unreachable));
        assert!(refused(&unreachable, "logs:X").to_string().contains("no route; check"));
    }
}
