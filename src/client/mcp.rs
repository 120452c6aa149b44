//! A client of MCP over Streamable HTTP: 2026-07-28 where the server has it, else the revisions
//! with the `initialize` handshake.

mod error;

use std::sync::atomic::{AtomicU64, Ordering};

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use mcp_lambda_runtime::protocol::header;
use mcp_lambda_runtime::protocol::limits::{MAX_INPUT_ROUNDS, PAGE_SIZE};
use mcp_lambda_runtime::protocol::version::{LegacyVersion, MODERN};
use mcp_lambda_runtime::registration::mirror::Mirror;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::client::http::{Answer, Ask};
use crate::client::message::{Envelope, Messages, RpcError};
use crate::client::place::Gateway;
use crate::version;

pub(crate) use self::error::McpError;

pub(crate) const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(crate) const MCP_METHOD: HeaderName = HeaderName::from_static("mcp-method");
pub(crate) const MCP_NAME: HeaderName = HeaderName::from_static("mcp-name");
pub(crate) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// What every POST accepts.
pub(crate) const BOTH: HeaderValue =
    HeaderValue::from_static("application/json, text/event-stream");

/// Pages of a list that are read.
const MAX_PAGES: usize = 10_000 / PAGE_SIZE;

/// The revision to speak.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Revision {
    /// The newest that the server has.
    #[default]
    Any,
    /// 2026-07-28.
    Modern,
    /// Those with a handshake.
    Legacy,
}

/// Who hears what a server says before its answer.
pub(crate) trait Listener {
    /// A notification.
    fn notified(&self, method: &str, params: &Value);
    /// A question to the user, such as `elicitation/create`.
    async fn asked(&self, method: &str, params: &Value) -> Result<Value, RpcError>;
}

/// A connected client.
pub(crate) struct Mcp {
    gateway: Gateway,
    era: Era,
    ids: AtomicU64,
    /// What the server says of itself.
    server: Value,
}

enum Era {
    Modern,
    Legacy { version: HeaderValue, session: Option<HeaderValue> },
}

/// What a result says of its kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultHead {
    #[serde(default)]
    result_type: Option<String>,
    #[serde(default)]
    input_requests: Option<Map<String, Value>>,
    #[serde(default)]
    request_state: Option<Box<RawValue>>,
}

impl Mcp {
    /// Finds out which revision the server speaks.
    pub(crate) async fn connect(gateway: Gateway, revision: Revision) -> Result<Self, McpError> {
        let mut client =
            Self { gateway, era: Era::Modern, ids: AtomicU64::new(1), server: Value::Null };
        if revision == Revision::Legacy || !client.discover(revision).await? {
            client.initialize().await?;
        }
        Ok(client)
    }

    /// The revision that is spoken.
    pub(crate) fn revision(&self) -> &str {
        match &self.era {
            Era::Modern => MODERN,
            Era::Legacy { version, .. } => version.to_str().unwrap_or_default(),
        }
    }

    /// The version that the server says it has.
    pub(crate) fn server_version(&self) -> Option<&str> {
        self.server["version"].as_str()
    }

    /// Whether the server speaks 2026-07-28. Whatever it says instead makes a client begin with
    /// the handshake, but for refusals that would meet that too.
    async fn discover(&mut self, revision: Revision) -> Result<bool, McpError> {
        match self.request("server/discover", Map::new(), &Deaf).await {
            Ok(result) => {
                let result: Value = serde_json::from_str(result.get()).unwrap_or_default();
                self.server = result["_meta"]["io.modelcontextprotocol/serverInfo"].clone();
                let versions = result["supportedVersions"].as_array();
                Ok(versions.is_some_and(|all| all.iter().any(|one| one == MODERN)))
            }
            Err(error) if revision == Revision::Modern => Err(error),
            Err(McpError::Refused { status, .. })
                if status.is_client_error()
                    && !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) =>
            {
                Ok(false)
            }
            Err(McpError::Rpc(_) | McpError::Protocol(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn initialize(&mut self) -> Result<(), McpError> {
        let newest = HeaderValue::from_static(LegacyVersion::NEWEST.as_str());
        self.era = Era::Legacy { version: newest, session: None };
        let params = json!({
            "protocolVersion": LegacyVersion::NEWEST.as_str(),
            "capabilities": capabilities(),
            "clientInfo": client_info(),
        });
        let (id, ask) = self.ask("initialize", &params, None);
        let answer = self.gateway.http.send(&ask).await?;
        let session = answer.headers.get(SESSION_ID).cloned();
        let result = self.finish(answer, &id, &Deaf).await?;
        let result: Value = serde_json::from_str(result.get()).unwrap_or_default();
        self.server = result["serverInfo"].clone();
        let version = result["protocolVersion"].as_str();
        let version = version.and_then(|text| HeaderValue::from_str(text).ok());
        let version = version.ok_or(McpError::Protocol("it names no protocolVersion"))?;
        self.era = Era::Legacy { version, session };
        self.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await
    }

    /// Sends a request and answers what the server asks meanwhile; the result is as it was written.
    pub(crate) async fn request(
        &self,
        method: &str,
        params: Map<String, Value>,
        listener: &impl Listener,
    ) -> Result<Box<RawValue>, McpError> {
        self.request_of(method, params, &[], listener).await
    }

    /// Calls a tool with what its schema wants repeated in headers.
    pub(crate) async fn call(
        &self,
        tool: &Value,
        arguments: Value,
        listener: &impl Listener,
    ) -> Result<Box<RawValue>, McpError> {
        let mirrors = Mirror::find(&tool["inputSchema"]).unwrap_or_default();
        let mirrored: Vec<_> = mirrors
            .iter()
            .filter_map(|mirror| {
                let value = header::encode(&mirror.text(&arguments)?).into_owned();
                Some((
                    HeaderName::try_from(mirror.header.as_str()).ok()?,
                    HeaderValue::try_from(value).ok()?,
                ))
            })
            .collect();
        let mut params = Map::new();
        params.insert("name".to_owned(), tool["name"].clone());
        params.insert("arguments".to_owned(), arguments);
        self.request_of("tools/call", params, &mirrored, listener).await
    }

    async fn request_of(
        &self,
        method: &str,
        mut params: Map<String, Value>,
        mirrored: &[(HeaderName, HeaderValue)],
        listener: &impl Listener,
    ) -> Result<Box<RawValue>, McpError> {
        for _ in 0..=MAX_INPUT_ROUNDS {
            let whole = self.with_meta(params.clone());
            let (id, mut ask) = self.ask(method, &whole, name_of(method, &params));
            if matches!(self.era, Era::Modern) {
                for (name, value) in mirrored {
                    ask.set(name.clone(), value.clone());
                }
            }
            let answer = self.gateway.http.send(&ask).await?;
            let result = self.finish(answer, &id, listener).await?;
            let head: Option<ResultHead> = serde_json::from_str(result.get()).ok();
            let asks = |head: &ResultHead| head.result_type.as_deref() == Some("input_required");
            let Some(head) = head.filter(asks) else { return Ok(result) };
            let mut responses = Map::new();
            for (key, asked) in head.input_requests.unwrap_or_default() {
                let method = asked["method"].as_str().unwrap_or_default();
                // What nobody can answer is left out, which the function must expect.
                if let Ok(answer) = listener.asked(method, &asked["params"]).await {
                    responses.insert(key, answer);
                }
            }
            params.insert("inputResponses".to_owned(), Value::Object(responses));
            if let Some(state) = head.request_state {
                let state = serde_json::from_str(state.get()).unwrap_or_default();
                params.insert("requestState".to_owned(), state);
            }
        }
        Err(McpError::Rounds)
    }

    /// All pages of a list, each entry as it was written.
    pub(crate) async fn list(
        &self,
        method: &str,
        member: &str,
    ) -> Result<Vec<Box<RawValue>>, McpError> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..MAX_PAGES {
            let mut params = Map::new();
            if let Some(cursor) = cursor {
                params.insert("cursor".to_owned(), cursor.into());
            }
            let result = self.request(method, params, &Deaf).await?;
            let mut page: std::collections::HashMap<String, Box<RawValue>> =
                serde_json::from_str(result.get())
                    .map_err(|_| McpError::Protocol("its list is none"))?;
            let entries = page.remove(member).ok_or(McpError::Protocol("its list is none"))?;
            let entries: Vec<Box<RawValue>> = serde_json::from_str(entries.get())
                .map_err(|_| McpError::Protocol("its list is none"))?;
            all.extend(entries);
            let next = page.remove("nextCursor");
            cursor = next.and_then(|next| serde_json::from_str(next.get()).ok());
            if cursor.is_none() {
                return Ok(all);
            }
        }
        Err(McpError::Protocol("its list does not end"))
    }

    /// Says goodbye, where the server remembers a session.
    pub(crate) async fn end(&self) {
        let Era::Legacy { session: Some(session), version } = &self.era else { return };
        let mut ask = Ask::new(Method::DELETE, self.gateway.url.at("/mcp"), self.gateway.limit);
        ask.set(SESSION_ID, session.clone());
        ask.set(PROTOCOL_VERSION, version.clone());
        // It ends by itself too.
        let _ = self.gateway.http.send(&ask).await;
    }

    /// The parameters with what 2026-07-28 wants to know of every request.
    fn with_meta(&self, mut params: Map<String, Value>) -> Value {
        let mut meta = json!({"progressToken": self.ids.load(Ordering::Relaxed)});
        if matches!(self.era, Era::Modern) {
            meta["io.modelcontextprotocol/protocolVersion"] = MODERN.into();
            meta["io.modelcontextprotocol/clientInfo"] = client_info();
            meta["io.modelcontextprotocol/clientCapabilities"] = capabilities();
        }
        params.insert("_meta".to_owned(), meta);
        params.into()
    }

    /// A request and its id.
    fn ask(&self, method: &str, params: &Value, name: Option<&str>) -> (String, Ask) {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let mut ask = self.message(body.to_string());
        match &self.era {
            Era::Modern => {
                ask.set(PROTOCOL_VERSION, HeaderValue::from_static(MODERN));
                if let Ok(method) = HeaderValue::from_str(method) {
                    ask.set(MCP_METHOD, method);
                }
                let name = name.map(|name| HeaderValue::try_from(header::encode(name).as_ref()));
                if let Some(Ok(name)) = name {
                    ask.set(MCP_NAME, name);
                }
            }
            // The handshake itself has no header: its body says the version.
            Era::Legacy { .. } if method == "initialize" => {
                ask.headers.remove(PROTOCOL_VERSION);
            }
            Era::Legacy { .. } => {}
        }
        (id.to_string(), ask)
    }

    fn message(&self, body: String) -> Ask {
        let ask = Ask::new(Method::POST, self.gateway.url.at("/mcp"), self.gateway.limit);
        let mut ask = ask.json(body);
        ask.set(ACCEPT, BOTH);
        if let Era::Legacy { version, session } = &self.era {
            ask.set(PROTOCOL_VERSION, version.clone());
            if let Some(session) = session {
                ask.set(SESSION_ID, session.clone());
            }
        }
        ask
    }

    /// Sends what has no answer.
    async fn post(&self, message: &Value) -> Result<(), McpError> {
        let mut answer = self.gateway.http.send(&self.message(message.to_string())).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        let text = answer.text().await?;
        Err(McpError::Refused { status: answer.status, text: answer.explain(&text) })
    }

    /// Reads until the answer to a request.
    async fn finish(
        &self,
        mut answer: Answer,
        id: &str,
        listener: &impl Listener,
    ) -> Result<Box<RawValue>, McpError> {
        let status = answer.status;
        if !status.is_success() {
            let text = answer.text().await?;
            let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            let is_json = kind.is_some_and(|kind| kind.starts_with("application/json"));
            let error = Envelope::read(&text)
                .filter(|_| is_json)
                .and_then(|message| serde_json::from_str::<RpcError>(message.error?.get()).ok());
            return Err(match error {
                Some(error) => McpError::Rpc(error),
                None => McpError::Refused { status, text: answer.explain(&text) },
            });
        }
        let mut messages = Messages::of(answer);
        while let Some(text) = messages.next().await? {
            let message =
                Envelope::read(&text).ok_or(McpError::Protocol("its answer is no message"))?;
            if message.is_answer() && message.id() == Some(id) {
                return match (message.result, message.error) {
                    (Some(result), _) => Ok(result.to_owned()),
                    (None, Some(error)) => Err(serde_json::from_str(error.get())
                        .map_or(McpError::Protocol("its error is none"), McpError::Rpc)),
                    (None, None) => Err(McpError::Protocol("its answer is empty")),
                };
            }
            self.hear(&message, listener).await?;
        }
        Err(McpError::Protocol("it ends without an answer"))
    }

    async fn hear(&self, message: &Envelope<'_>, listener: &impl Listener) -> Result<(), McpError> {
        let Some(method) = message.method.as_deref() else { return Ok(()) };
        let params = message.params.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let params: Value = params.unwrap_or_default();
        let Some(id) = message.id else {
            listener.notified(method, &params);
            return Ok(());
        };
        let answer = match listener.asked(method, &params).await {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err(RpcError { code, message }) => {
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
            }
        };
        self.post(&answer).await
    }
}

/// Nobody who hears.
pub(crate) struct Deaf;

impl Listener for Deaf {
    fn notified(&self, _: &str, _: &Value) {}

    async fn asked(&self, _: &str, _: &Value) -> Result<Value, RpcError> {
        Err(RpcError { code: METHOD_NOT_FOUND, message: "nobody can be asked".to_owned() })
    }
}

/// JSON-RPC 2.0, section 5.1.
pub(crate) const METHOD_NOT_FOUND: i64 = -32_601;

/// What `Mcp-Name` repeats (2026-07-28, basic/transports, "Standard Request Headers").
fn name_of<'a>(method: &str, params: &'a Map<String, Value>) -> Option<&'a str> {
    let member = match method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        _ => return None,
    };
    params.get(member)?.as_str()
}

fn client_info() -> Value {
    json!({"name": "mcp-lambda", "version": version::SHORT})
}

/// Questions with forms can be put to whoever sits at the terminal.
fn capabilities() -> Value {
    json!({"elicitation": {"form": {}}})
}
