//! The functions of the gateway, with their roles and logs.

mod api;
mod public;

use mcp_lambda_runtime::deployment::{handlers, variables};

use self::api::BehindApi;
use super::parameters::Parameters;
use super::{Gateway, names};
use crate::aws::iam;
use crate::aws::lambda::url::{AuthType, InvokeMode};
use crate::construct::api::RestApi;
use crate::construct::function::{Added, Concurrency, Function};
use crate::construct::logs::Logs;
use crate::construct::tokens::Tokens;
use crate::construct::tools::ToolFunctions;
use crate::construct::{Grant, Scope};
use crate::core::{Condition, Handle, IntoValue, InvalidTemplate, ToNode, Value};
use crate::roles::{Data, Shared};
use crate::sub;

/// How often the registration function looks for changes that broke off.
const SETTLE: &str = "rate(15 minutes)";
/// How often the sweeper looks for queues that were left behind.
const SWEEP: &str = "rate(1 hour)";
/// MB of the functions that clients do not wait for.
const ADMIN_MEMORY: i64 = 256;
/// Seconds that an administrator's request may take: IAM needs some until a right can be used.
const ADMIN_TIMEOUT: i64 = 60;
/// Seconds that a sweep may take; what it leaves is for the next.
const SWEEP_TIMEOUT: i64 = 300;

/// The functions in the template.
pub(super) struct Functions {
    pub(super) gateway_role: Handle<iam::Role>,
    pub(super) mcp: Added,
    pub(super) mcp_logs: Logs,
    /// The public door.
    pub(super) public: Added,
    pub(super) registration: Added,
    pub(super) sweeper: Added,
    /// Those at API Gateway, if there can be one.
    pub(super) api: Option<BehindApi>,
}

impl Functions {
    /// Puts them into the template.
    pub(super) fn add(
        scope: &mut Scope<'_>,
        gateway: &Gateway<'_>,
        opened: Option<&RestApi>,
    ) -> Result<Self, InvalidTemplate> {
        let door = &gateway.parameters.door;
        let plan = opened.map(|api| gateway.plan(scope, api)).transpose()?;
        let mcp_logs = gateway.logs(scope, "McpLogs", names::MCP, None)?;
        let public_logs = gateway.logs(scope, public::LOGS, names::PUBLIC, Some(&door.used))?;
        let registration_logs =
            gateway.logs(scope, "RegistrationLogs", names::REGISTRATION, None)?;
        let sweeper_logs = gateway.logs(scope, "SweeperLogs", names::SWEEPER, None)?;

        let mut written = vec![mcp_logs.grant_write("Logs")];
        let mut arns = vec![arn(scope, names::MCP)];
        if let Some(plan) = &plan {
            written.extend(plan.grants());
            arns.extend(plan.arns(scope));
        }
        written.push(public_logs.grant_write("PublicLogs").only_if(&door.used));
        written.push(Tokens::new(scope).grant_read(&door.is_bearer));
        arns.push(arn(scope, names::PUBLIC));

        let role = gateway.role(scope, written, &arns)?;
        let mcp = gateway.client_plane(scope, &mcp_logs, &role).add(scope, gateway.common)?;
        let api = plan.map(|plan| plan.add(scope, gateway, &role)).transpose()?;
        let public = gateway.client_plane(scope, &public_logs, &role);
        let public = gateway.public_door(scope, public).add(scope, gateway.common)?;
        let registration = gateway.registration(scope, &registration_logs, &role, &mcp)?;
        let sweeper = gateway.sweeper(scope, &sweeper_logs)?;
        let gateway_role = role;
        Ok(Self { gateway_role, mcp, mcp_logs, public, registration, sweeper, api })
    }
}

impl Gateway<'_> {
    /// The log group of a function.
    fn logs(
        &self,
        scope: &mut Scope<'_>,
        id: &str,
        suffix: &str,
        used: Option<&Condition>,
    ) -> Result<Logs, InvalidTemplate> {
        let name = sub!("/aws/lambda/${name}", name = name(scope, suffix));
        Logs::add(scope, id, name, &self.parameters.observing.retention, used)
    }

    fn shared<'a>(&'a self, scope: &'a Scope<'_>) -> Shared<'a> {
        Shared { observe: &self.common.observe, key: &scope.key }
    }

    fn role(
        &self,
        scope: &mut Scope<'_>,
        logs: Vec<Grant>,
        functions: &[Value<String>],
    ) -> Result<Handle<iam::Role>, InvalidTemplate> {
        let network = self.common.network.grant(functions);
        let role = self.shared(scope).gateway(self.data, logs, network);
        role.add(scope, "McpRole")
    }

    /// The client plane at a Function URL.
    fn client_plane(&self, scope: &Scope<'_>, logs: &Logs, role: &Handle<iam::Role>) -> Function {
        let Parameters { serving, limits, functions, .. } = self.parameters;
        let mut variables = self.variables(scope);
        variables.extend([
            (variables::DIRECT_INVOKE, serving.direct_invoke.clone()),
            (variables::LIST_TTL_SECONDS, serving.list_ttl.text()),
            (variables::INSTRUCTIONS, serving.instructions.clone()),
            (variables::LIMIT_PRINCIPAL, limits.principal.clone()),
            (variables::LIMIT_TOOL, limits.tool.clone()),
            (variables::LIMIT_SESSIONS, limits.sessions.clone()),
            (variables::SESSION_IDLE, limits.idle.clone()),
        ]);
        Function {
            id: "McpFunction",
            name: name(scope, names::MCP),
            description: "MCP clients: tools, resources and prompts",
            handler: handlers::MCP,
            memory: functions.memory.clone(),
            timeout: functions.timeout.clone(),
            variables,
            role: role.clone(),
            concurrency: Concurrency {
                limited: functions.is_reserved.clone(),
                reserved: functions.reserved.clone(),
            },
            logs: logs.clone(),
            url: Some(InvokeMode::ResponseStream),
            callers: AuthType::AwsIam,
            timer: None,
            condition: None,
        }
    }

    /// What every function is told that serves requests.
    fn variables(&self, scope: &Scope<'_>) -> Vec<(&'static str, Value<String>)> {
        let Data { registrations, sessions, .. } = self.data;
        vec![
            (variables::STACK, scope.identifier.clone()),
            (variables::REGISTRATIONS_TABLE, registrations.handle().reference().text()),
            (variables::SESSIONS_TABLE, sessions.handle().reference().text()),
            (variables::AUTHENTICATION, "AWS_IAM".into_value()),
            (variables::ALLOWED_ORIGINS, self.parameters.serving.origins.clone()),
            (
                variables::CATALOG_FRESHNESS_SECONDS,
                self.parameters.serving.catalog_freshness.text(),
            ),
            (variables::LOG_CALLERS, self.parameters.observing.callers.clone()),
        ]
    }

    fn administrative(&self) -> Concurrency {
        Concurrency {
            limited: self.parameters.functions.is_admin_reserved.clone(),
            reserved: self.parameters.functions.admin_reserved.clone(),
        }
    }

    fn registration(
        &self,
        scope: &mut Scope<'_>,
        logs: &Logs,
        gateway_role: &Handle<iam::Role>,
        mcp: &Added,
    ) -> Result<Added, InvalidTemplate> {
        let tools = ToolFunctions::new(&self.parameters.serving.tool_functions);
        let network = self.common.network.grant(&[arn(scope, names::REGISTRATION)]);
        let role = self.shared(scope).registration(
            &self.data.registrations,
            &tools,
            gateway_role.arn(),
            mcp,
            vec![logs.grant_write("Logs")],
            network,
        );
        let role = role.add(scope, "RegistrationRole")?;
        let mut variables = self.variables(scope);
        variables.extend([
            (variables::GATEWAY_ROLE_ARN, gateway_role.arn().text()),
            (variables::GATEWAY_FUNCTION_ARN, mcp.arn.text()),
        ]);
        let function = Function {
            id: "RegistrationFunction",
            name: name(scope, names::REGISTRATION),
            description: "Administrators: which functions are tools, resources and prompts",
            handler: handlers::REGISTRATION,
            memory: ADMIN_MEMORY.into_value(),
            timeout: ADMIN_TIMEOUT.into_value(),
            variables,
            role,
            concurrency: self.administrative(),
            logs: logs.clone(),
            url: Some(InvokeMode::Buffered),
            callers: AuthType::AwsIam,
            timer: Some(SETTLE),
            condition: None,
        };
        function.add(scope, self.common)
    }

    fn sweeper(&self, scope: &mut Scope<'_>, logs: &Logs) -> Result<Added, InvalidTemplate> {
        let network = self.common.network.grant(&[arn(scope, names::SWEEPER)]);
        let logged = vec![logs.grant_write("Logs")];
        let role = self.shared(scope).sweeper(&self.data.mailboxes, logged, network);
        let role = role.add(scope, "SweeperRole")?;
        let function = Function {
            id: "SweeperFunction",
            name: name(scope, names::SWEEPER),
            description: "Removes queues that nobody closed",
            handler: handlers::SWEEPER,
            memory: ADMIN_MEMORY.into_value(),
            timeout: SWEEP_TIMEOUT.into_value(),
            variables: vec![(variables::STACK, scope.identifier.clone())],
            role,
            concurrency: self.administrative(),
            logs: logs.clone(),
            url: None,
            callers: AuthType::AwsIam,
            timer: Some(SWEEP),
            condition: None,
        };
        function.add(scope, self.common)
    }
}

/// A function's name, made of the stack's identifier.
fn name(scope: &Scope<'_>, suffix: &str) -> Value<String> {
    sub!("${id}-${suffix}", id = scope.identifier, suffix = suffix)
}

/// A function's ARN, made of its name: for policies of its own role, which it depends on.
fn arn(scope: &Scope<'_>, suffix: &str) -> Value<String> {
    sub!(
        "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${name}",
        name = name(scope, suffix).to_node(),
    )
}
