//! The benchmark's offer, served by rmcp under `lambda_http`: no sessions, answers as JSON.

#[path = "../../../src/catalog.rs"]
#[expect(dead_code, unreachable_pub, reason = "shared: the rest of the offer is for others")]
mod catalog;

use std::collections::HashMap;
use std::sync::Arc;

use http_body_util::BodyExt;
use lambda_http::{Body, Error, Request, Response, service_fn};
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde::Deserialize;

/// Tools that are offered.
const TOOLS: usize = 20;

/// The arguments of every tool, read as `#[tool]` functions of rmcp read theirs.
#[derive(Debug, Deserialize)]
struct Arguments {
    text: String,
    #[serde(rename = "days")]
    _days: Option<u8>,
    #[serde(rename = "units")]
    _units: Option<String>,
}

/// The handler; clones share the tools.
#[derive(Clone)]
struct Peer {
    tools: Arc<[Tool]>,
    by_name: Arc<HashMap<String, usize>>,
}

impl Peer {
    fn new() -> Result<Self, serde_json::Error> {
        let tools = (0..TOOLS).map(|index| serde_json::from_value(catalog::tool(index)));
        let by_name = (0..TOOLS).map(|index| (catalog::tool_name(index), index)).collect();
        Ok(Self { tools: tools.collect::<Result<_, _>>()?, by_name: Arc::new(by_name) })
    }
}

impl ServerHandler for Peer {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    /// What `#[tool_handler]` writes too: rmcp checks mirrored headers against the schema.
    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.by_name.get(name).map(|index| self.tools[*index].clone())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.to_vec()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if !self.by_name.contains_key(&*request.name) {
            return Err(ErrorData::invalid_params("unknown tool", None));
        }
        let arguments = request.arguments.unwrap_or_default();
        let result = match Arguments::deserialize(&arguments) {
            Ok(read) if !read.text.is_empty() => {
                CallToolResult::success(vec![ContentBlock::text(read.text)])
            }
            Ok(_) => CallToolResult::error(vec![ContentBlock::text("text must not be empty")]),
            Err(error) => CallToolResult::error(vec![ContentBlock::text(error.to_string())]),
        };
        Ok(result.into())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let peer = Peer::new()?;
    // Which hosts lead here is decided by AWS.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .disable_allowed_hosts();
    let factory = move || Ok(peer.clone());
    let service: StreamableHttpService<Peer, NeverSessionManager> =
        StreamableHttpService::new(factory, Arc::default(), config);
    let answer = |request: Request| {
        let service = service.clone();
        async move {
            let (parts, body) = service.handle(request).await.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok::<_, Error>(Response::from_parts(parts, Body::from(body.to_vec())))
        }
    };
    lambda_http::run(service_fn(answer)).await
}
