//! Our gateway as `mcp-lambda serve` composes it, but for the functions, which answer at once.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use mcp_lambda_runtime::admin::Admin;
use mcp_lambda_runtime::edge::origin::OriginPolicy;
use mcp_lambda_runtime::edge::{Edge, EdgeSettings};
use mcp_lambda_runtime::embedded::mailboxes::MemoryMailboxes;
use mcp_lambda_runtime::embedded::permissions::MemoryPermissions;
use mcp_lambda_runtime::embedded::sqlite::SqliteStore;
use mcp_lambda_runtime::embedded::system::{SystemClock, SystemIds};
use mcp_lambda_runtime::gateway::{Gateway, Ports, Settings};
use mcp_lambda_runtime::port::{Answer, AnswerStream, Invocation, InvokeError, Invoker};
use mcp_lambda_runtime::registration::arn::FunctionArn;

use crate::catalog;
use crate::request::Case;

/// Functions that take no time, so that only the gateway's own part is measured: what a function
/// does is its author's, and the way to it is AWS's.
pub struct AtOnce;

impl AtOnce {
    /// What a function returns: its text as a JSON string, or an MCP result of 100 KB.
    pub fn answer(function: &str) -> Bytes {
        static SMALL: OnceLock<Bytes> = OnceLock::new();
        static LARGE: OnceLock<Bytes> = OnceLock::new();
        let answer = if function == catalog::LARGE {
            LARGE.get_or_init(|| {
                let text = "x".repeat(100 * 1024);
                format!(r#"{{"content":[{{"type":"text","text":"{text}"}}]}}"#).into()
            })
        } else {
            SMALL.get_or_init(|| format!(r#""{}""#, Case::Call.marker()).into())
        };
        answer.clone()
    }
}

#[async_trait]
impl Invoker for AtOnce {
    async fn invoke(&self, invocation: Invocation) -> Result<Answer, InvokeError> {
        let payload = Self::answer(invocation.function.function_name());
        Ok(Answer { payload, failed: false })
    }

    async fn invoke_streaming(
        &self,
        invocation: Invocation,
    ) -> Result<Box<dyn AnswerStream>, InvokeError> {
        let name = invocation.function.function_name();
        Err(InvokeError::Unavailable(format!("{name} does not stream")))
    }

    async fn probe(&self, _: &FunctionArn) -> Result<(), InvokeError> {
        Ok(())
    }
}

/// The edge of a gateway with so many tools, in the real store in memory. It writes no log.
pub async fn edge(tools: usize) -> Arc<Edge> {
    let store = SqliteStore::in_memory().expect("a database in memory can be opened");
    let ports = Ports {
        registrations: Arc::new(store.clone()),
        permissions: Arc::new(MemoryPermissions::default()),
        intents: Arc::new(store.clone()),
        sessions: Arc::new(store),
        mailboxes: Arc::new(MemoryMailboxes::default()),
        invoker: Arc::new(AtOnce),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds::default()),
    };
    let settings = Settings {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        instructions: None,
        catalog_freshness: Duration::ZERO,
        list_ttl: Duration::from_secs(5),
    };
    let gateway = Arc::new(Gateway::new(ports, settings));
    let admin = Admin::new(gateway.clone());
    for document in catalog::registrations(tools) {
        let registered = admin.create(document.to_string().as_bytes()).await;
        registered.expect("all registrations of the catalog are valid");
    }
    let settings = EdgeSettings { origins: OriginPolicy::local(), access: Arc::new(|_| {}) };
    Arc::new(Edge::new(gateway, settings))
}
