//! The same offer served by rmcp: a hand-written handler behind its Streamable HTTP service.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Display;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::combinators::BoxBody;
use lambda_host::{FunctionName, Host, Invocation};
use mcp_lambda_runtime::protocol::limits;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData,
    GetPromptRequestParams, GetPromptResponse, GetPromptResult, Implementation, JsonObject,
    ListToolsResult, PaginatedRequestParams, PromptMessage, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult, ResourceContents, Role, ServerCapabilities,
    ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde::Deserialize;
use serde_json::Value;

use crate::catalog;
use crate::gateway::AtOnce;

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
pub struct Peer {
    tools: Arc<[Tool]>,
    by_name: Arc<HashMap<String, usize>>,
    host: Option<Host>,
}

impl Peer {
    /// So many tools; they answer at once, or through a local Lambda host where one is given.
    pub fn new(tools: usize, host: Option<Host>) -> Self {
        let tool = |index| {
            serde_json::from_value(catalog::tool(index)).expect("rmcp knows every member of a tool")
        };
        let by_name = (0..tools).map(|index| (catalog::tool_name(index), index)).collect();
        Self { tools: (0..tools).map(tool).collect(), by_name: Arc::new(by_name), host }
    }

    fn find(&self, name: &str) -> Option<&Tool> {
        self.by_name.get(name).map(|index| &self.tools[*index])
    }

    async fn invoke(&self, tool: &Tool, arguments: &JsonObject) -> Result<Bytes, ErrorData> {
        let Some(host) = &self.host else {
            let large = tool.name == catalog::LARGE_TOOL;
            return Ok(AtOnce::answer(if large { catalog::LARGE } else { catalog::ECHO }));
        };
        let failed = |error: String| ErrorData::internal_error(error, None);
        let name = FunctionName::parse(catalog::ECHO).map_err(|error| failed(error.to_string()))?;
        let payload = serde_json::to_vec(arguments).map_err(|error| failed(error.to_string()))?;
        let invocation = Invocation { payload: payload.into(), ..Invocation::default() };
        let response = host.invoke(&name, invocation).await;
        let response = response.map_err(|error| failed(error.to_string()))?;
        match response.body.collect().await {
            (_, Some(error)) => Err(failed(String::from_utf8_lossy(&error.payload).into_owned())),
            (payload, None) => Ok(payload),
        }
    }
}

/// A result where the function made one, else a text, as the gateway does it.
fn understand(payload: &[u8]) -> Result<CallToolResult, serde_json::Error> {
    if payload.starts_with(b"{") {
        return serde_json::from_slice(payload);
    }
    let text = match serde_json::from_slice(payload)? {
        Value::String(text) => text,
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_)) => other.to_string(),
    };
    Ok(CallToolResult::success(vec![ContentBlock::text(text)]))
}

impl ServerHandler for Peer {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_prompts()
            .build();
        ServerConfig::new(capabilities)
    }

    /// What `#[tool_handler]` writes too: rmcp checks mirrored headers against the schema.
    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.find(name).cloned()
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let start = cursor.map_or(Ok(0), |cursor| cursor.parse::<usize>());
        let start = start.map_err(|_| ErrorData::invalid_params("no such cursor", None))?;
        let end = (start + limits::PAGE_SIZE).min(self.tools.len());
        let page = self.tools.get(start..end).unwrap_or_default();
        let mut result = ListToolsResult::with_all_items(page.to_vec());
        result.next_cursor = (end < self.tools.len()).then(|| end.to_string());
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = self.find(&request.name) else {
            return Err(ErrorData::invalid_params("unknown tool", None));
        };
        let arguments = request.arguments.unwrap_or_default();
        match Arguments::deserialize(&arguments) {
            Ok(read) if !read.text.is_empty() => {}
            Ok(_) => return Ok(failed("text must not be empty")),
            Err(error) => return Ok(failed(&error.to_string())),
        }
        let payload = self.invoke(tool, &arguments).await?;
        let result = understand(&payload);
        let result = result.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        Ok(result.into())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        if request.uri != catalog::RESOURCE {
            return Err(ErrorData::resource_not_found("unknown resource", None));
        }
        let contents = ResourceContents::text(catalog::RESOURCE_TEXT, request.uri);
        Ok(ReadResourceResult::new(vec![contents.with_mime_type("text/markdown")]).into())
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let audience = request.arguments.as_ref().and_then(|all| all.get("audience"));
        let (true, Some(audience)) =
            (request.name == catalog::PROMPT, audience.and_then(Value::as_str))
        else {
            return Err(ErrorData::invalid_params("unknown prompt or missing argument", None));
        };
        let text = catalog::PROMPT_TEXT.replace("{{audience}}", audience);
        Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]).into())
    }
}

fn failed(text: &str) -> CallToolResponse {
    CallToolResult::error(vec![ContentBlock::text(text)]).into()
}

/// rmcp's HTTP service, in its two ways to serve.
#[derive(Clone)]
pub enum Service {
    /// Without sessions, answers as JSON: what its documentation names for stateless hosts.
    Json(StreamableHttpService<Peer, NeverSessionManager>),
    /// As it is configured by default: sessions for legacy clients, answers as event streams.
    Default(StreamableHttpService<Peer, LocalSessionManager>),
}

impl Service {
    /// The lean way.
    pub fn json(peer: Peer) -> Self {
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true);
        let factory = move || Ok(peer.clone());
        Self::Json(StreamableHttpService::new(factory, Arc::default(), config))
    }

    /// The default way.
    pub fn with_sessions(peer: Peer) -> Self {
        let config = StreamableHttpServerConfig::default();
        let factory = move || Ok(peer.clone());
        Self::Default(StreamableHttpService::new(factory, Arc::default(), config))
    }

    /// Answers one HTTP request.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<BoxBody<Bytes, Infallible>>
    where
        B: Body + Send + 'static,
        B::Error: Display,
    {
        match self {
            Self::Json(service) => service.handle(request).await,
            Self::Default(service) => service.handle(request).await,
        }
    }
}

/// The version of rmcp.
pub fn version() -> String {
    Implementation::from_build_env().version
}
