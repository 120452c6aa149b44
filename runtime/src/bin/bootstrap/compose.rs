//! The composition root of the deployed gateway: AWS's adapters behind every port.
//!
//! Every client is built here, while the process starts at full speed. The client plane also reads
//! the catalog; nothing else is connected or read before a request needs it.

use std::sync::Arc;

use async_trait::async_trait;
use aws_types::SdkConfig;
use mcp_lambda_runtime::admin::Admin;
use mcp_lambda_runtime::aws::door::door;
use mcp_lambda_runtime::aws::dynamodb::{
    DynamoBuckets, DynamoIntents, DynamoRegistrations, DynamoSessions, TableName,
};
use mcp_lambda_runtime::aws::gateway_probe::GatewayProbe;
use mcp_lambda_runtime::aws::lambda::LambdaInvoker;
use mcp_lambda_runtime::aws::own_role::OwnRole;
use mcp_lambda_runtime::aws::permissions::{IdentityPolicy, LambdaPermissions, RoleArn};
use mcp_lambda_runtime::aws::sqs::{
    ORPHANED_AFTER, Options, SqsMailboxes, StackIdentifier, Sweeper,
};
use mcp_lambda_runtime::deployment::variables;
use mcp_lambda_runtime::edge::origin::OriginPolicy;
use mcp_lambda_runtime::edge::{Edge, EdgeSettings, Planes};
use mcp_lambda_runtime::function::authorizer::Authorizer;
use mcp_lambda_runtime::function::configuration::{
    Configuration, GatewayFunction, Handler, InvokeMode,
};
use mcp_lambda_runtime::function::log::Log;
use mcp_lambda_runtime::function::metrics::Metrics;
use mcp_lambda_runtime::function::settle::Settling;
use mcp_lambda_runtime::function::{Duty, Function, Http, Role, Sweep};
use mcp_lambda_runtime::gateway::{Gateway, Ports, Settings};
use mcp_lambda_runtime::port::permissions::Permissions;
use mcp_lambda_runtime::port::{Clock, Ids, Invoker};
use mcp_lambda_runtime::registration::arn::FunctionArn;
use mcp_lambda_runtime::system::{SystemClock, SystemIds};
use tokio::time::Instant;

/// The function that a configuration describes, or why there is none.
pub(crate) async fn function(configuration: Configuration, log: &Log) -> Result<Function, String> {
    let stack = StackIdentifier::parse(&configuration.stack)
        .map_err(|error| format!("MCP_LAMBDA_STACK {error}"))?;
    let shared = OwnRole::new(&configuration.aws);
    let role = match configuration.handler {
        Handler::Sweeper => {
            let sweeper =
                Sweeper::new(&shared.at(configuration.aws.sqs_endpoint.as_deref()), stack);
            Role::Sweeper(Arc::new(Orphans(sweeper)))
        }
        Handler::Authorizer => {
            let door = door(&configuration, &shared)?
                .ok_or("MCP_LAMBDA_AUTHENTICATION must be BEARER or OAUTH for the authorizer")?;
            Role::Authorizer(Authorizer { door, site: configuration.public_url })
        }
        Handler::Mcp | Handler::Registration => {
            Role::Http(http(configuration, stack, &shared, log).await?)
        }
    };
    Ok(Function::new(role, log.clone(), Arc::new(SystemClock)))
}

async fn http(
    configuration: Configuration,
    stack: StackIdentifier,
    shared: &OwnRole,
    log: &Log,
) -> Result<Http, String> {
    let table =
        |name: &str, text: &str| TableName::parse(text).map_err(|error| format!("{name}: {error}"));
    let registrations = table(variables::REGISTRATIONS_TABLE, &configuration.registrations_table)?;
    let sessions = table(variables::SESSIONS_TABLE, &configuration.sessions_table)?;
    let planes = planes(&configuration);
    let door = door(&configuration, shared)?;
    let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
    let dynamodb = shared.at(configuration.aws.dynamodb_endpoint.as_deref());
    let sqs = shared.at(configuration.aws.sqs_endpoint.as_deref());
    let lambda = shared.at(configuration.aws.lambda_endpoint.as_deref());
    let buckets = DynamoBuckets::new(&dynamodb, sessions.clone());
    let metrics = Metrics::new(&configuration.stack);
    let mailboxes = SqsMailboxes::new(&sqs, stack, ids.clone(), Options::default());
    let mailboxes = Arc::new(Settling::new(Arc::new(mailboxes)));
    let intents = DynamoIntents::new(&dynamodb, registrations.clone());
    let (invoker, permissions) = functions(lambda, configuration.gateway.as_ref())?;
    let ports = Ports {
        registrations: Arc::new(DynamoRegistrations::new(&dynamodb, registrations, ids.clone())),
        sessions: Arc::new(DynamoSessions::new(&dynamodb, sessions, ids.clone())),
        mailboxes: mailboxes.clone(),
        invoker: invoker.clone(),
        permissions,
        intents: Arc::new(intents),
        clock: Arc::new(SystemClock),
        ids,
    };
    let settings = Settings {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        instructions: configuration.instructions,
        catalog_freshness: configuration.catalog_freshness,
        list_ttl: configuration.list_ttl,
    };
    let origins = OriginPolicy {
        // Which hosts lead here is decided by AWS.
        loopback_hosts_only: false,
        loopback_origins: false,
        origins: configuration.allowed_origins,
    };
    let gateway = Gateway::new(ports, settings)
        .limited(configuration.limits, Arc::new(buckets))
        .expiring(configuration.expiry);
    let gateway = Arc::new(gateway);
    if planes.mcp || planes.sse {
        // Lambda gives full speed until the first invocation is asked for, and little afterwards.
        gateway.prepare().await;
    }
    let duty = match configuration.handler {
        Handler::Mcp | Handler::Sweeper | Handler::Authorizer => Duty::Probe(invoker),
        Handler::Registration => Duty::Recover(Arc::new(BrokenOff(Admin::new(gateway.clone())))),
    };
    let log = log.clone().naming(configuration.callers).measuring(metrics);
    let edge = Edge::new(gateway, EdgeSettings { origins, access: log.access() });
    let edge = edge.serving(planes).detailing();
    let edge = match door {
        None => edge,
        Some(door) => edge.behind(door),
    };
    Ok(Http {
        edge: Arc::new(edge),
        authentication: configuration.authentication,
        public_url: configuration.public_url,
        direct_invoke: configuration.direct_invoke && planes.mcp,
        invoke_mode: configuration.invoke_mode,
        path_prefix: configuration.path_prefix,
        mailboxes,
        duty,
    })
}

type Functions = (Arc<dyn Invoker>, Arc<dyn Permissions>);

/// How functions are called, and how the right to is granted.
fn functions(lambda: SdkConfig, gateway: Option<&GatewayFunction>) -> Result<Functions, String> {
    let invoker = LambdaInvoker::new(lambda.clone());
    let Some(gateway) = gateway else {
        // The role may call by a policy of its own.
        return Ok((Arc::new(invoker), Arc::new(IdentityPolicy)));
    };
    let role = RoleArn::parse(&gateway.role)
        .map_err(|error| format!("MCP_LAMBDA_GATEWAY_ROLE_ARN {error}"))?;
    let function = FunctionArn::parse(&gateway.function)
        .map_err(|error| format!("MCP_LAMBDA_GATEWAY_FUNCTION_ARN: {error}"))?;
    let probe = GatewayProbe::new(invoker, function);
    Ok((Arc::new(probe), Arc::new(LambdaPermissions::new(lambda, role))))
}

/// The client plane and the admin plane are never served by one function.
fn planes(configuration: &Configuration) -> Planes {
    let client = configuration.planes;
    let is_client = configuration.handler == Handler::Mcp;
    Planes {
        mcp: is_client && client.mcp,
        sse: is_client && client.sse,
        message: is_client && client.message,
        register: !is_client,
        streams: configuration.invoke_mode == InvokeMode::ResponseStream,
    }
}

/// Changes of registrations that broke off, which left rights or intents behind.
struct BrokenOff(Admin);

#[async_trait(?Send)]
impl Sweep for BrokenOff {
    async fn sweep(&self, deadline: Instant) -> Result<String, String> {
        let recovering = self.0.recover(SystemClock.now());
        let recovered = tokio::time::timeout_at(deadline, recovering).await;
        let recovered = recovered.map_err(|_| "there was no time left".to_owned())?;
        let recovered = recovered.map_err(|error| error.to_string())?;
        let (settled, postponed) = (recovered.settled, recovered.postponed);
        Ok(format!(r#"{{"settled":{settled},"postponed":{postponed}}}"#))
    }
}

/// The queues of mailboxes that nobody closed.
struct Orphans(Sweeper);

#[async_trait(?Send)]
impl Sweep for Orphans {
    async fn sweep(&self, deadline: Instant) -> Result<String, String> {
        let swept = self.0.sweep(SystemClock.now(), ORPHANED_AFTER, deadline).await;
        let swept = swept.map_err(|error| error.to_string())?;
        Ok(format!(
            r#"{{"examined":{},"deleted":{},"failed":{},"complete":{}}}"#,
            swept.examined, swept.deleted, swept.failed, swept.complete
        ))
    }
}
