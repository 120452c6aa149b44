//! API Gateway in front, if the template can have one.

use super::Gateway;
use super::functions::Functions;
use crate::construct::Scope;
use crate::construct::api::door::Door;
use crate::construct::api::{Api, RestApi};
use crate::construct::logs::Logs;
use crate::core::{InvalidTemplate, Value};
use crate::sub;

/// Puts the API itself into the template, before the functions that have to know it.
pub(super) fn open(
    scope: &mut Scope<'_>,
    gateway: &Gateway<'_>,
) -> Result<Option<RestApi>, InvalidTemplate> {
    let Some(api) = &gateway.parameters.api else { return Ok(None) };
    RestApi::add(scope, &api.used, &api.stage).map(Some)
}

/// Puts what it leads to into the template; its URL.
pub(super) fn add(
    scope: &mut Scope<'_>,
    gateway: &Gateway<'_>,
    opened: Option<&RestApi>,
    functions: &Functions,
) -> Result<Option<Value<String>>, InvalidTemplate> {
    let parameters = gateway.parameters;
    let (Some(api), Some(opened), Some(behind)) = (&parameters.api, opened, &functions.api) else {
        return Ok(None);
    };
    let door = parameters.door.at_api.as_ref().expect("there is an API");
    let observing = &parameters.observing;
    let name = sub!("/aws/apigateway/${id}-mcp", id = scope.identifier);
    let logs = Logs::add(scope, "McpApiAccessLogs", name, &observing.retention, Some(&api.logged))?;
    let api = Api {
        used: &api.used,
        api: opened,
        stage: &api.stage,
        rate: &api.rate,
        burst: &api.burst,
        traced: &observing.traced,
        logged: &api.logged,
        logs: &logs,
        routes: behind.routes.iter().map(|(path, function)| (*path, function)).collect(),
        open: behind.open.iter().map(|(path, function)| (*path, function)).collect(),
        door: Door {
            public: &door.public,
            signed: &door.signed,
            bearer: &door.bearer,
            oauth: &door.oauth,
            authorizer: &behind.authorizer,
            url: &behind.url,
        },
    };
    api.add_to(scope).map(Some)
}
