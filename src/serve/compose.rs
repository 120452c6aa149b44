//! The composition root of `serve`: embedded adapters behind every port, or behind all but one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lambda_host::{FunctionConfig, FunctionName, Host, HostOptions};
use mcp_lambda_runtime::admin::Admin;
use mcp_lambda_runtime::door::Door;
use mcp_lambda_runtime::edge::origin::OriginPolicy;
use mcp_lambda_runtime::edge::{Edge, EdgeSettings};
use mcp_lambda_runtime::embedded::buckets::MemoryBuckets;
use mcp_lambda_runtime::embedded::invoker::HostInvoker;
use mcp_lambda_runtime::embedded::mailboxes::MemoryMailboxes;
use mcp_lambda_runtime::embedded::permissions::MemoryPermissions;
use mcp_lambda_runtime::embedded::sqlite::SqliteStore;
use mcp_lambda_runtime::embedded::system::{SystemClock, SystemIds};
use mcp_lambda_runtime::gateway::admit::RateLimits;
use mcp_lambda_runtime::gateway::{Gateway, Ports, Settings};
use mcp_lambda_runtime::port::Invoker;
use mcp_lambda_runtime::session::Expiry;

use crate::cli::{InvokeWhere, ServeArguments};
use crate::exit::Failure;
use crate::output::Output;
use crate::serve::page::Feed;
use crate::serve::{aws, log};
use crate::{examples, version};

/// How long clients may keep lists: long enough for one conversation's turn.
const LIST_TTL: Duration = Duration::from_secs(5);

/// The local Lambda host.
pub(super) fn host(
    functions: BTreeMap<FunctionName, FunctionConfig>,
    output: &Arc<Output>,
) -> Host {
    let output = output.clone();
    let log = Arc::new(move |line| log::function(&output, &line));
    Host::new(functions, HostOptions { log, ..HostOptions::default() })
}

/// Finds missing programs before anyone calls.
pub(super) fn check(host: &Host) -> Result<(), Failure> {
    match host.check().first() {
        None => Ok(()),
        Some(problem) => Err(Failure::Missing(problem.to_string())),
    }
}

/// The gateway with its HTTP edge.
pub(super) async fn edge(
    arguments: &ServeArguments,
    host: Host,
    origins: OriginPolicy,
    door: Option<Arc<Door>>,
    output: &Arc<Output>,
    feed: &Feed,
) -> Result<Arc<Edge>, Failure> {
    let invoker = invoker(arguments.invoke, host).await?;
    let store = match &arguments.data {
        None => SqliteStore::in_memory()?,
        Some(folder) => SqliteStore::in_folder(folder)?,
    };
    let is_new = store.is_new();
    let ports = Ports {
        registrations: Arc::new(store.clone()),
        permissions: Arc::new(MemoryPermissions::default()),
        intents: Arc::new(store.clone()),
        sessions: Arc::new(store),
        mailboxes: Arc::new(MemoryMailboxes::default()),
        invoker,
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds::default()),
    };
    let settings = Settings {
        version: version::SHORT.to_owned(),
        instructions: None,
        // The store is in this process: asking it for its version costs nothing.
        catalog_freshness: Duration::ZERO,
        list_ttl: LIST_TTL,
    };
    let gateway = Gateway::new(ports, settings)
        .limited(limits(arguments), Arc::new(MemoryBuckets::default()))
        .expiring(arguments.session_idle.map_or_else(Expiry::default, Expiry::Sliding));
    let gateway = Arc::new(gateway);
    // In AWS nobody has the examples.
    if is_new && !arguments.no_examples && arguments.invoke == InvokeWhere::Local {
        register_examples(&gateway).await?;
    }
    let (output, audited, feed) = (output.clone(), output.is_json(), feed.clone());
    let access = Arc::new(move |record: &_| {
        log::request(&output, record);
        feed.tell(record);
    });
    let edge = Edge::new(gateway, EdgeSettings { origins, access });
    let edge = if audited { edge.detailing() } else { edge };
    Ok(Arc::new(match door {
        None => edge,
        Some(door) => edge.behind(door),
    }))
}

fn limits(arguments: &ServeArguments) -> RateLimits {
    RateLimits {
        per_principal: arguments.limit_principal,
        per_tool: arguments.limit_tool,
        sessions: arguments.limit_sessions,
    }
}

async fn invoker(place: InvokeWhere, host: Host) -> Result<Arc<dyn Invoker>, Failure> {
    match place {
        InvokeWhere::Local => Ok(Arc::new(HostInvoker::new(host))),
        InvokeWhere::Aws => aws::invoker().await,
    }
}

async fn register_examples(gateway: &Arc<Gateway>) -> Result<(), Failure> {
    let admin = Admin::new(gateway.clone());
    for body in examples::registrations() {
        let registered = admin.create(body.to_string().as_bytes()).await;
        registered.map_err(|error| Failure::Bug(error.to_string()))?;
    }
    Ok(())
}
