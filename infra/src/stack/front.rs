//! API Gateway in front, if the template can have one.

use super::Gateway;
use super::functions::Functions;
use crate::construct::Scope;
use crate::construct::api::{Api, Front};
use crate::construct::logs::Logs;
use crate::core::InvalidTemplate;
use crate::sub;

/// Puts it into the template.
pub(super) fn add(
    scope: &mut Scope<'_>,
    gateway: &Gateway<'_>,
    functions: &Functions,
) -> Result<Option<Front>, InvalidTemplate> {
    let Some(parameters) = &gateway.parameters.api else { return Ok(None) };
    let observing = &gateway.parameters.observing;
    let name = sub!("/aws/apigateway/${id}-mcp", id = scope.identifier);
    let logs =
        Logs::add(scope, "McpApiAccessLogs", name, &observing.retention, Some(&parameters.logged))?;
    let api = Api {
        used: &parameters.used,
        stage: &parameters.stage,
        rate: &parameters.rate,
        burst: &parameters.burst,
        traced: &observing.traced,
        logged: &parameters.logged,
        logs: &logs,
        routes: functions.behind_api.iter().map(|(path, function)| (*path, function)).collect(),
    };
    api.add_to(scope).map(Some)
}
