//! The URLs of a stack, by its outputs.

use mcp_lambda_infra::account::Account;
use mcp_lambda_infra::deploy::StackName;
use mcp_lambda_infra::outputs::outputs;

use crate::client::place::Plane;
use crate::exit::Failure;

/// The URL of a stack's gateway.
pub(crate) async fn url(
    name: &str,
    plane: Plane,
    profile: Option<&str>,
    region: Option<&str>,
) -> Result<String, Failure> {
    let name: StackName = name.parse()?;
    let account = Account::load(profile, region).await;
    let described = outputs(&account, &name).await?;
    let url = match plane {
        Plane::Mcp => described.outputs.mcp_url(),
        Plane::Public => described.outputs.public_url(),
        Plane::Registration => described.outputs.registration_url(),
    };
    url.ok_or_else(|| {
        let status = described.status;
        Failure::Deployment(match plane {
            Plane::Mcp | Plane::Registration => format!(
                "{name} has no Function URL of its own ({status}); name that of its API with --url"
            ),
            Plane::Public => format!(
                "{name} has no public door that takes tokens ({status}); deploy it with \
                 --parameter PublicDoor=BEARER, or unset MCP_LAMBDA_TOKEN to sign"
            ),
        })
    })
}
