//! The mode for AWS Lambda: the function that is deployed, with the author's tools in it.

mod absent;

use std::sync::Arc;

use mcp_lambda_runtime::aws::door::door;
use mcp_lambda_runtime::aws::dynamodb::{DynamoBuckets, DynamoSessions, TableName};
use mcp_lambda_runtime::aws::own_role::OwnRole;
use mcp_lambda_runtime::aws::sqs::{Options, SqsMailboxes, StackIdentifier};
use mcp_lambda_runtime::deployment::{handlers, variables};
use mcp_lambda_runtime::edge::origin::OriginPolicy;
use mcp_lambda_runtime::edge::{Edge, EdgeSettings, Planes};
use mcp_lambda_runtime::function;
use mcp_lambda_runtime::function::configuration::{Configuration, InvokeMode};
use mcp_lambda_runtime::function::log::{Level, Log, write_line};
use mcp_lambda_runtime::function::metrics::Metrics;
use mcp_lambda_runtime::function::settle::Settling;
use mcp_lambda_runtime::function::{Duty, Function, Http, Role};
use mcp_lambda_runtime::port::buckets::Buckets;
use mcp_lambda_runtime::port::session_data::SessionData;
use mcp_lambda_runtime::port::{Ids, Mailboxes, Sessions};
use mcp_lambda_runtime::system::{SystemClock, SystemIds};

use self::absent::{NoMailboxes, NoSessions};
use super::RUNTIME_API;
use crate::server::{Adapters, Server};

/// The variable by which awslabs' servers name their table of sessions.
const SESSION_TABLE: &str = "MCP_SESSION_TABLE";
/// The name of metrics where the deployment gives the server none.
const NO_STACK: &str = "mcp-lambda-sdk";
/// Stands for a table that is not there; it is never asked for.
const NO_TABLE: &str = "none";

/// Serves until it cannot any more, which is always an error.
pub(super) fn run(server: Server, variable: impl Fn(&str) -> Option<String>) -> Result<(), String> {
    let Some(address) = variable(RUNTIME_API) else {
        return Err(format!("{RUNTIME_API} must be set: this mode is for AWS Lambda"));
    };
    let log = Log::new(Arc::new(write_line), Arc::new(SystemClock));
    // One thread: an instance has one request at a time, and mostly waits for others.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
    let ended = runtime.block_on(async {
        let composed = compose(server, variable, &log).await;
        function::serve(&address, composed).await
    });
    log.say(Level::Error, "ended", &ended);
    Err(ended)
}

async fn compose(
    server: Server,
    variable: impl Fn(&str) -> Option<String>,
    log: &Log,
) -> Result<Function, String> {
    let table = variable(variables::SESSIONS_TABLE).or_else(|| variable(SESSION_TABLE));
    let table = table.filter(|table| !table.is_empty());
    let stack = variable(variables::STACK);
    let configuration = Configuration::read(|name| match name {
        "_HANDLER" => Some(handlers::MCP.to_owned()),
        variables::REGISTRATIONS_TABLE => Some(NO_TABLE.to_owned()),
        variables::SESSIONS_TABLE => table.clone().or_else(|| Some(NO_TABLE.to_owned())),
        variables::STACK => stack.clone().or_else(|| Some(NO_STACK.to_owned())),
        name => variable(name),
    });
    let configuration = configuration.map_err(|error| error.to_string())?;
    let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
    let role = OwnRole::new(&configuration.aws);
    let stores = stores(&configuration, &role, table.as_deref(), stack.as_deref(), &ids)?;
    let Stores { sessions, data, mailboxes, buckets } = stores;
    let adapters = Adapters {
        sessions,
        data,
        mailboxes: mailboxes.clone(),
        clock: Arc::new(SystemClock),
        ids,
    };
    let server = match configuration.instructions.clone() {
        Some(text) => server.instructions(text),
        None => server,
    };
    let (gateway, invoker) = server.gateway(adapters).map_err(|error| error.to_string())?;
    let gateway = gateway.expiring(configuration.expiry);
    let gateway = match buckets {
        // Without a table there is nothing by which instances could count together.
        None => gateway.sessionless(),
        Some(buckets) => gateway.limited(configuration.limits, buckets),
    };
    let gateway = Arc::new(gateway);
    // Lambda gives full speed until the first invocation is asked for, and little afterwards.
    gateway.prepare().await;
    let metrics = Metrics::new(&configuration.stack);
    let log = log.clone().naming(configuration.callers).measuring(metrics);
    let origins = OriginPolicy {
        // Which hosts lead here is decided by AWS.
        loopback_hosts_only: false,
        loopback_origins: false,
        origins: configuration.allowed_origins.clone(),
    };
    let door = door(&configuration, &role)?;
    let edge = Edge::new(gateway, EdgeSettings { origins, access: log.access() });
    let edge = match door {
        None => edge,
        Some(door) => edge.behind(door),
    };
    let http = Http {
        edge: Arc::new(edge.serving(planes(&configuration, table.is_some() && stack.is_some()))),
        authentication: configuration.authentication,
        public_url: configuration.public_url,
        direct_invoke: configuration.direct_invoke,
        invoke_mode: configuration.invoke_mode,
        path_prefix: configuration.path_prefix,
        mailboxes,
        duty: Duty::Probe(invoker),
    };
    Ok(Function::new(Role::Http(http), log, Arc::new(SystemClock)))
}

/// HTTP+SSE needs what reaches from one instance to another.
fn planes(configuration: &Configuration, across: bool) -> Planes {
    let wanted = configuration.planes;
    Planes {
        mcp: wanted.mcp,
        sse: wanted.sse && across,
        message: wanted.message && across,
        register: false,
        streams: configuration.invoke_mode == InvokeMode::ResponseStream,
    }
}

struct Stores {
    sessions: Arc<dyn Sessions>,
    data: Option<Arc<dyn SessionData>>,
    mailboxes: Arc<Settling>,
    buckets: Option<Arc<dyn Buckets>>,
}

/// Sessions are in a table if there is one, mailboxes are queues if the deployment has a name.
fn stores(
    configuration: &Configuration,
    role: &OwnRole,
    table: Option<&str>,
    stack: Option<&str>,
    ids: &Arc<dyn Ids>,
) -> Result<Stores, String> {
    let aws = &configuration.aws;
    let (sessions, data, buckets): (Arc<dyn Sessions>, _, _) = match table {
        None => (Arc::new(NoSessions::default()), None, None),
        Some(name) => {
            let name = TableName::parse(name).map_err(|error| {
                format!("{} or {SESSION_TABLE}: {error}", variables::SESSIONS_TABLE)
            })?;
            let config = role.at(aws.dynamodb_endpoint.as_deref());
            let buckets = DynamoBuckets::new(&config, name.clone());
            let table = Arc::new(DynamoSessions::new(&config, name, ids.clone()));
            let data: Arc<dyn SessionData> = table.clone();
            (table, Some(data), Some(Arc::new(buckets) as Arc<dyn Buckets>))
        }
    };
    let mailboxes: Arc<dyn Mailboxes> = match stack {
        None => Arc::new(NoMailboxes),
        Some(name) => {
            let name = StackIdentifier::parse(name)
                .map_err(|error| format!("{} {error}", variables::STACK))?;
            let config = role.at(aws.sqs_endpoint.as_deref());
            Arc::new(SqsMailboxes::new(&config, name, ids.clone(), Options::default()))
        }
    };
    Ok(Stores { sessions, data, mailboxes: Arc::new(Settling::new(mailboxes)), buckets })
}
