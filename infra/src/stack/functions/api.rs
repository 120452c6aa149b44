//! The functions at API Gateway: those behind it, and the authorizer before them.

use mcp_lambda_runtime::deployment::{handlers, variables};

use super::{ADMIN_MEMORY, Function, Gateway, arn, name};
use crate::aws::iam;
use crate::aws::lambda::url::{AuthType, InvokeMode};
use crate::construct::api::RestApi;
use crate::construct::function::{Added, Concurrency};
use crate::construct::logs::Logs;
use crate::construct::tokens::Tokens;
use crate::construct::{Grant, Scope};
use crate::core::{Handle, IntoValue, InvalidTemplate, Value, Word};
use crate::stack::names;
use crate::stack::parameters::{ApiDoor, ApiParameters};
use crate::stack::settings::Api;

/// Seconds that the authorizer has, in which it may have to fetch an issuer's keys.
const AUTHORIZER_TIMEOUT: i64 = 20;

/// A function behind API Gateway.
#[derive(Clone, Copy)]
struct Behind {
    id: &'static str,
    logs: &'static str,
    suffix: &'static str,
    grant: &'static str,
    /// The paths that lead to it.
    paths: &'static [&'static str],
    /// The planes that it serves.
    planes: &'static str,
    /// Whether it does so little that it needs few rights, in a role of its own.
    has_own_role: bool,
}

const WHOLE: Behind = Behind {
    id: "McpApiFunction",
    logs: "McpApiLogs",
    suffix: names::API,
    grant: "ApiLogs",
    paths: &["", "{proxy+}"],
    planes: "mcp,sse,message",
    has_own_role: false,
};
/// Without event streams and their messages. API Gateway looks for a path that fits from the most
/// special one, so what is left of a virtual server's paths is named too.
const CALLS: Behind =
    Behind { paths: &["", "{proxy+}", "s/{server}/{proxy+}"], planes: "mcp", ..WHOLE };
const STREAMS: Behind = Behind {
    id: "McpApiSseFunction",
    logs: "McpApiSseLogs",
    suffix: names::API_SSE,
    grant: "ApiSseLogs",
    paths: &["sse", "s/{server}/sse"],
    planes: "sse",
    has_own_role: false,
};
const MESSAGES: Behind = Behind {
    id: "McpApiMessageFunction",
    logs: "McpApiMessageLogs",
    suffix: names::API_MESSAGE,
    grant: "Logs",
    paths: &["message", "s/{server}/message"],
    planes: "message",
    has_own_role: true,
};
/// What strangers may ask for at the public door: whether the gateway is there, and who issues
/// tokens.
const OPEN: [&str; 2] = ["health", ".well-known/{proxy+}"];

/// The functions at API Gateway, in the template.
pub(in crate::stack) struct BehindApi {
    /// Those behind it.
    pub(in crate::stack) functions: Vec<Added>,
    /// What each path asks.
    pub(in crate::stack) routes: Vec<(&'static str, Added)>,
    /// What strangers may ask at the public door.
    pub(in crate::stack) open: Vec<(&'static str, Added)>,
    /// What asks for tokens.
    pub(in crate::stack) authorizer: Added,
    /// The address of the API as clients know it.
    pub(in crate::stack) url: Value<String>,
}

/// The functions before their roles are there.
pub(super) struct Plan<'a> {
    parameters: &'a ApiParameters,
    door: &'a ApiDoor,
    functions: Vec<(Behind, Logs)>,
    authorizer_logs: Logs,
    url: Value<String>,
}

impl<'a> Gateway<'a> {
    /// Which functions there will be at API Gateway.
    pub(super) fn plan(
        &self,
        scope: &mut Scope<'_>,
        api: &RestApi,
    ) -> Result<Plan<'a>, InvalidTemplate> {
        let parameters = self.parameters.api.as_ref().expect("there is an API");
        let door = self.parameters.door.at_api.as_ref().expect("there is an API");
        let functions: &[Behind] = match self.api {
            Api::Absent => &[],
            Api::Whole => &[WHOLE],
            Api::Split => &[CALLS, STREAMS, MESSAGES],
        };
        let mut logged = Vec::new();
        for one in functions {
            let logs = self.logs(scope, one.logs, one.suffix, Some(&parameters.used))?;
            logged.push((*one, logs));
        }
        let authorizer_logs =
            self.logs(scope, "AuthorizerLogs", names::AUTHORIZER, Some(&door.public))?;
        let public = &self.parameters.door;
        let url = door.has_url.choose(public.url.clone(), api.url.clone()).into_value();
        Ok(Plan { parameters, door, functions: logged, authorizer_logs, url })
    }
}

impl Plan<'_> {
    /// To write the logs of those that have the gateway's role.
    pub(super) fn grants(&self) -> impl Iterator<Item = Grant> {
        self.sharing().map(|(one, logs)| logs.grant_write(one.grant).only_if(&self.parameters.used))
    }

    /// The ARNs of those that have the gateway's role.
    pub(super) fn arns(&self, scope: &Scope<'_>) -> Vec<Value<String>> {
        self.sharing().map(|(one, _)| arn(scope, one.suffix)).collect()
    }

    fn sharing(&self) -> impl Iterator<Item = &(Behind, Logs)> {
        self.functions.iter().filter(|(one, _)| !one.has_own_role)
    }

    /// Puts them into the template.
    pub(super) fn add(
        self,
        scope: &mut Scope<'_>,
        gateway: &Gateway<'_>,
        role: &Handle<iam::Role>,
    ) -> Result<BehindApi, InvalidTemplate> {
        let (mut functions, mut routes) = (Vec::new(), Vec::new());
        for (one, logs) in &self.functions {
            let role = match one.has_own_role {
                true => self.messages_role(scope, gateway, logs)?,
                false => role.clone(),
            };
            let function = gateway.client_plane(scope, logs, &role);
            let function = self.behind(scope, gateway, one, function);
            let function = function.add(scope, gateway.common)?;
            routes.extend(one.paths.iter().map(|path| (*path, function.clone())));
            functions.push(function);
        }
        let calls = functions.first().expect("calls are always served").clone();
        let open = OPEN.map(|path| (path, calls.clone())).into();
        let authorizer = self.authorizer(scope, gateway)?;
        Ok(BehindApi { functions, routes, open, authorizer, url: self.url })
    }

    /// Who calls no function and makes no queue does not have the role that may.
    fn messages_role(
        &self,
        scope: &mut Scope<'_>,
        gateway: &Gateway<'_>,
        logs: &Logs,
    ) -> Result<Handle<iam::Role>, InvalidTemplate> {
        let network = gateway.common.network.grant(&[arn(scope, MESSAGES.suffix)]);
        let logged = vec![logs.grant_write(MESSAGES.grant)];
        let role = gateway.shared(scope).messages(gateway.data, logged, network);
        let role = role.grant(Tokens::new(scope).grant_read(&self.door.bearer));
        role.only_if(&self.parameters.used).add(scope, "MessageRole")
    }

    /// A function of the client plane behind API Gateway, whose events do not prove who sent them:
    /// API Gateway has verified the caller before, and nobody else may invoke the function. At the
    /// public door it asks for the token once more.
    fn behind(
        &self,
        scope: &Scope<'_>,
        gateway: &Gateway<'_>,
        one: &Behind,
        mut function: Function,
    ) -> Function {
        let door = self.door.public.choose(self.kind(), "NONE").into_value();
        let url = self.door.public.choose(self.url.clone(), "").into_value();
        function.ask_for_tokens(gateway.door_variables(scope, door, url));
        let mode = InvokeMode::ResponseStream.as_str();
        function.variables.push((variables::INVOKE_MODE, mode.into_value()));
        function.variables.push((variables::PLANES, one.planes.into_value()));
        Function {
            id: one.id,
            name: name(scope, one.suffix),
            description: "MCP clients, through API Gateway",
            url: None,
            condition: Some(self.parameters.used.clone()),
            ..function
        }
    }

    /// Which tokens are asked for.
    fn kind(&self) -> Value<String> {
        self.door.bearer.choose("BEARER", "OAUTH").into_value()
    }

    fn authorizer(
        &self,
        scope: &mut Scope<'_>,
        gateway: &Gateway<'_>,
    ) -> Result<Added, InvalidTemplate> {
        let public = &self.door.public;
        let network = gateway.common.network.grant(&[arn(scope, names::AUTHORIZER)]);
        let logged = vec![self.authorizer_logs.grant_write("Logs")];
        let role = gateway.shared(scope).authorizer(logged, network);
        let role = role.grant(Tokens::new(scope).grant_read(&self.door.bearer));
        let role = role.only_if(public).add(scope, "AuthorizerRole")?;
        let mut variables = vec![(variables::STACK, scope.identifier.clone())];
        variables.extend(gateway.door_variables(scope, self.kind(), self.url.clone()));
        let functions = &gateway.parameters.functions;
        let function = Function {
            id: "AuthorizerFunction",
            name: name(scope, names::AUTHORIZER),
            description: "API Gateway asks it whether a token is good",
            handler: handlers::AUTHORIZER,
            memory: ADMIN_MEMORY.into_value(),
            timeout: AUTHORIZER_TIMEOUT.into_value(),
            variables,
            role,
            concurrency: Concurrency {
                limited: functions.is_reserved.clone(),
                reserved: functions.reserved.clone(),
            },
            logs: self.authorizer_logs.clone(),
            url: None,
            callers: AuthType::AwsIam,
            timer: None,
            condition: Some(public.clone()),
        };
        function.add(scope, gateway.common)
    }
}
