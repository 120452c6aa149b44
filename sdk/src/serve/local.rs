//! What both modes for one machine have in common.

use std::sync::Arc;

use mcp_lambda_runtime::edge::access::{AccessLog, Record};
use mcp_lambda_runtime::edge::origin::OriginPolicy;
use mcp_lambda_runtime::edge::{Edge, EdgeSettings, Planes};
use mcp_lambda_runtime::embedded::mailboxes::MemoryMailboxes;
use mcp_lambda_runtime::embedded::sqlite::SqliteStore;
use mcp_lambda_runtime::system::{SystemClock, SystemIds};

use super::arguments::Arguments;
use super::complain;
use crate::server::{Adapters, Server};

/// The edge of a server, with its sessions in SQLite.
pub(super) fn edge(server: Server, arguments: &Arguments) -> Result<Arc<Edge>, String> {
    let opened = match &arguments.data {
        None => SqliteStore::in_memory(),
        Some(folder) => SqliteStore::in_folder(folder),
    };
    let store = Arc::new(opened.map_err(|error| error.to_string())?);
    let adapters = Adapters {
        sessions: store.clone(),
        data: Some(store),
        mailboxes: Arc::new(MemoryMailboxes::default()),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds::default()),
    };
    let (gateway, _) = server.gateway(adapters).map_err(|error| error.to_string())?;
    let stateless = arguments.stateless;
    let gateway = if stateless { gateway.sessionless() } else { gateway };
    let settings = EdgeSettings { origins: origins(arguments), access: log() };
    let planes = Planes { register: false, sse: !stateless, message: !stateless, ..Planes::ALL };
    Ok(Arc::new(Edge::new(Arc::new(gateway), settings).serving(planes)))
}

/// Only a server on a loopback address can insist on loopback Host headers.
fn origins(arguments: &Arguments) -> OriginPolicy {
    let loopback = arguments.listen.ip().is_loopback();
    OriginPolicy {
        loopback_hosts_only: loopback,
        loopback_origins: loopback,
        origins: arguments.origins.clone(),
    }
}

/// Says of a call that failed by no fault of its client's why it did.
fn log() -> AccessLog {
    Arc::new(|record: &Record| {
        let Some(cause) = &record.cause else { return };
        let call = record.call.as_deref().unwrap_or(&record.path);
        let correlation = record.correlation.as_deref().unwrap_or("-");
        complain(&format!("{call} failed: {cause} (correlation id {correlation})"));
    })
}

/// Threads for many clients at the same time.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|error| format!("cannot start: {error}"))
}
