//! What is watched: alarms and the dashboard.

use mcp_lambda_runtime::deployment::metrics;

use super::Gateway;
use super::functions::Functions;
use crate::construct::Scope;
use crate::construct::alarms::{Alarms, Told};
use crate::construct::dashboard::{self, Shown};
use crate::core::{IntoValue, InvalidTemplate};

/// Puts them into the template.
pub(super) fn add(
    scope: &mut Scope<'_>,
    gateway: &Gateway<'_>,
    functions: &Functions,
) -> Result<(), InvalidTemplate> {
    let observing = &gateway.parameters.observing;
    let told = Told { anybody: observing.told.clone(), topic: observing.topic.clone() };
    let mut alarms = Alarms::new(scope, &told);
    alarms.on_gateway(
        "SystemErrors",
        metrics::SYSTEM_ERRORS,
        &observing.threshold,
        "Requests fail without their callers' fault: functions that fail, or the gateway itself.",
    )?;
    alarms.on_gateway(
        "LimitFailures",
        metrics::LIMIT_FAILURES,
        &1.into_value(),
        "Requests are let through because their limits cannot be asked for.",
    )?;
    let crashed = "An instance crashed, ran out of memory or out of time; its log says which.";
    let throttled = "Requests are refused because there are no more instances.";
    let broken = "What a timer does failed, or an administrator's request broke off.";
    alarms.on_function("McpErrors", "Errors", &functions.mcp.name, crashed, None)?;
    alarms.on_function("McpThrottles", "Throttles", &functions.mcp.name, throttled, None)?;
    let used = gateway.parameters.api.as_ref().map(|api| &api.used);
    for function in functions.api.iter().flat_map(|api| &api.functions) {
        let id = function.id().trim_end_matches("Function");
        let (errors, throttles) = (format!("{id}Errors"), format!("{id}Throttles"));
        alarms.on_function(&errors, "Errors", &function.name, crashed, used)?;
        alarms.on_function(&throttles, "Throttles", &function.name, throttled, used)?;
    }
    if let (Some(api), Some(door)) = (&functions.api, &gateway.parameters.door.at_api) {
        let (name, used) = (&api.authorizer.name, Some(&door.public));
        alarms.on_function("AuthorizerThrottles", "Throttles", name, throttled, used)?;
    }
    let used = Some(&gateway.parameters.door.used);
    let public = &functions.public.name;
    alarms.on_function("McpPublicErrors", "Errors", public, crashed, used)?;
    alarms.on_function("McpPublicThrottles", "Throttles", public, throttled, used)?;
    alarms.on_function(
        "RegistrationErrors",
        "Errors",
        &functions.registration.name,
        broken,
        None,
    )?;
    alarms.on_function("SweeperErrors", "Errors", &functions.sweeper.name, broken, None)?;
    let shown = Shown {
        functions: [&functions.mcp, &functions.registration, &functions.sweeper]
            .map(|function| function.name.clone())
            .into(),
        tables: vec![
            gateway.data.registrations.handle().reference().text(),
            gateway.data.sessions.handle().reference().text(),
        ],
        logs: functions.mcp_logs.handle().reference().text(),
    };
    dashboard::add(scope, &shown).map(|_| ())
}
