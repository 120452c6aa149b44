//! A gateway for tests, and functions that run in the test itself.

pub(crate) mod functions;
pub(crate) mod issuer;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use mcp_lambda_runtime::admin::Admin;
use mcp_lambda_runtime::door::{BearerDoor, Door, OAuthDoor, OAuthSettings, Site};
use mcp_lambda_runtime::edge::access::{AccessLog, Record};
use mcp_lambda_runtime::edge::body::Body;
use mcp_lambda_runtime::edge::origin::OriginPolicy;
use mcp_lambda_runtime::edge::{Edge, EdgeSettings, From};
use mcp_lambda_runtime::embedded::mailboxes::MemoryMailboxes;
use mcp_lambda_runtime::embedded::permissions::MemoryPermissions;
use mcp_lambda_runtime::embedded::sqlite::SqliteStore;
use mcp_lambda_runtime::gateway::{Gateway, Ports, Settings};
use mcp_lambda_runtime::port::doors::Tokens;
use mcp_lambda_runtime::port::{Clock, Ids, Timestamp};
use mcp_lambda_runtime::principal::Principal;
use mcp_lambda_runtime::system::SystemIds;
use serde_json::Value;
use tokio::time::Instant;

use functions::Functions;
use issuer::Issuer;

/// A clock that is set by hand.
#[derive(Debug)]
pub(crate) struct ManualClock(AtomicU64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

impl ManualClock {
    /// Lets time pass.
    pub(crate) fn advance(&self, duration: Duration) {
        self.0.fetch_add(u64::try_from(duration.as_millis()).expect("short"), Ordering::SeqCst);
    }
}

/// Ids that are counted, so that golden files need no redaction.
#[derive(Debug, Default)]
struct CountedIds(AtomicU64);

impl Ids for CountedIds {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        let start = bytes.len().saturating_sub(number.len());
        bytes[..start].fill(0);
        let room = bytes.len() - start;
        bytes[start..].copy_from_slice(&number[number.len() - room..]);
    }
}

/// A gateway with everything around it.
pub(crate) struct TestGateway {
    pub(crate) edge: Arc<Edge>,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) functions: Arc<Functions>,
    pub(crate) store: SqliteStore,
    pub(crate) mailboxes: Arc<MemoryMailboxes>,
    pub(crate) principal: Principal,
    pub(crate) log: Arc<Mutex<Vec<Record>>>,
    origins: OriginPolicy,
    access: AccessLog,
}

/// 2026-01-01T00:00:00Z.
const START: u64 = 1_767_225_600_000;

impl TestGateway {
    /// An empty gateway.
    pub(crate) fn empty() -> Self {
        Self::empty_with(|gateway| gateway)
    }

    /// An empty gateway that is set up further.
    pub(crate) fn empty_with(set_up: impl FnOnce(Gateway) -> Gateway) -> Self {
        let store = SqliteStore::in_memory().expect("a store in memory");
        let clock = Arc::new(ManualClock(AtomicU64::new(START)));
        let functions = Arc::new(Functions::default());
        let mailboxes = Arc::new(MemoryMailboxes::default());
        let ports = Ports {
            registrations: Arc::new(store.clone()),
            permissions: Arc::new(MemoryPermissions::default()),
            intents: Arc::new(store.clone()),
            sessions: Arc::new(store.clone()),
            mailboxes: mailboxes.clone(),
            invoker: functions.clone(),
            clock: clock.clone(),
            ids: Arc::new(CountedIds::default()),
        };
        let settings = Settings {
            version: "0.0.0".to_owned(),
            instructions: None,
            catalog_freshness: Duration::ZERO,
            list_ttl: Duration::from_secs(5),
        };
        let gateway = Arc::new(set_up(Gateway::new(ports, settings)));
        let log = Arc::new(Mutex::new(Vec::new()));
        let sink = log.clone();
        let origins = OriginPolicy { origins: BTreeSet::new(), ..OriginPolicy::local() };
        let access: AccessLog = Arc::new(move |record: &Record| {
            sink.lock().expect("no panic while logging").push(record.clone());
        });
        let settings = EdgeSettings { origins: origins.clone(), access: access.clone() };
        let edge = Edge::new(gateway.clone(), settings);
        let edge = Arc::new(edge.detailing());
        let principal = Principal::Anonymous;
        Self { edge, gateway, clock, functions, store, mailboxes, principal, log, origins, access }
    }

    /// The same gateway behind a door.
    fn behind(self, door: Door) -> Self {
        let settings = EdgeSettings { origins: self.origins.clone(), access: self.access.clone() };
        let edge = Edge::new(self.gateway.clone(), settings).detailing().behind(Arc::new(door));
        Self { edge: Arc::new(edge), ..self }
    }

    /// The same gateway behind a door for the tokens of an issuer.
    pub(crate) fn behind_oauth(self, settings: OAuthSettings, issuer: &Arc<Issuer>) -> Self {
        let door = OAuthDoor::new(settings, issuer.clone(), self.clock.clone());
        self.behind(Door::OAuth(Box::new(door)))
    }

    /// The same gateway behind a door for bearers of tokens.
    pub(crate) fn behind_bearer(self, tokens: Arc<dyn Tokens>) -> Self {
        let ids = SystemIds::default();
        let door = BearerDoor::new(tokens, "stack".to_owned(), self.clock.clone(), &ids);
        self.behind(Door::Bearer(Box::new(door)))
    }

    /// A gateway with the registrations of `functions::registrations`.
    pub(crate) async fn new() -> Self {
        Self::new_with(|gateway| gateway).await
    }

    /// The same, set up further.
    pub(crate) async fn new_with(set_up: impl FnOnce(Gateway) -> Gateway) -> Self {
        let gateway = Self::empty_with(set_up);
        for body in functions::registrations() {
            gateway.register(&body).await;
        }
        gateway
    }

    /// Registers, and expects that to work.
    pub(crate) async fn register(&self, body: &Value) {
        let admin = Admin::new(self.gateway.clone());
        let created = admin.create(body.to_string().as_bytes()).await;
        created.unwrap_or_else(|error| panic!("{error} in {body}"));
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Reply {
        Reply::read(self.open(request).await).await
    }

    /// Sends a request and leaves the body to be read.
    pub(crate) async fn open(&self, request: Request<Bytes>) -> Response<Body> {
        let deadline = Instant::now() + Duration::from_secs(900);
        let from = From { principal: self.principal.clone(), deadline };
        let mut request = request;
        request.extensions_mut().insert(Site::new(issuer::SITE));
        self.edge.answer(request, from).await
    }

    /// Posts a JSON-RPC message of a legacy client.
    pub(crate) async fn post(&self, headers: &[(&str, &str)], body: &str) -> Reply {
        self.send(post("/mcp", headers, body)).await
    }

    /// Calls a method as a client of 2026-07-28 that can be asked anything.
    pub(crate) async fn modern(&self, method: &str, params: &Value) -> Reply {
        self.send(modern(method, params, ALL_CAPABILITIES)).await
    }

    /// Begins a session and returns its id.
    pub(crate) async fn initialize(&self, version: &str, capabilities: &str) -> String {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{version}","capabilities":{capabilities},"clientInfo":{{"name":"t","version":"1"}}}}}}"#
        );
        let reply = self.post(&[], &body).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.header("mcp-session-id").expect("a session").to_owned()
    }
}

/// What the clients of `TestGateway::modern` declare.
pub(crate) const ALL_CAPABILITIES: &str = r#"{"elicitation":{},"sampling":{},"roots":{}}"#;

/// A POST with the headers that every client sends.
pub(crate) fn post(path: &str, headers: &[(&str, &str)], body: &str) -> Request<Bytes> {
    let mut request = Request::post(path)
        .header("host", "127.0.0.1")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::copy_from_slice(body.as_bytes())).expect("a request")
}

/// A request of 2026-07-28 with all its headers.
pub(crate) fn modern(method: &str, params: &Value, capabilities: &str) -> Request<Bytes> {
    let mut params = params.clone();
    let members = params.as_object_mut().expect("params are an object");
    let meta = members.entry("_meta").or_insert_with(|| Value::Object(serde_json::Map::new()));
    meta["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
    meta["io.modelcontextprotocol/clientCapabilities"] =
        serde_json::from_str(capabilities).expect("capabilities are JSON");
    let body = serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let name = params.get("name").or(params.get("uri")).and_then(Value::as_str).unwrap_or_default();
    let name = mcp_lambda_runtime::protocol::header::encode(name).into_owned();
    let mut headers = vec![("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)];
    if matches!(method, "tools/call" | "prompts/get" | "resources/read") {
        headers.push(("mcp-name", &name));
    }
    post("/mcp", &headers, &body.to_string())
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    async fn read(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("bodies never fail").to_bytes();
        let body = String::from_utf8(bytes.to_vec()).expect("bodies are UTF-8");
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// The messages of an event stream.
    pub(crate) fn events(&self) -> Vec<Value> {
        events(&self.body)
    }

    /// The result, which must be there.
    pub(crate) fn result(&self) -> Value {
        let json = self.json();
        json.get("result").cloned().unwrap_or_else(|| panic!("no result: {}", self.body))
    }

    /// The error's code, which must be there.
    pub(crate) fn code(&self) -> i64 {
        let code = self.json().pointer("/error/code").and_then(Value::as_i64);
        code.unwrap_or_else(|| panic!("no error: {}", self.body))
    }
}

/// The messages in the text of an event stream.
pub(crate) fn events(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).expect("an event is JSON"))
        .collect()
}

/// The next piece of an open body as text; `None` at the end.
pub(crate) async fn next_piece(body: &mut Body) -> Option<String> {
    let frame = body.frame().await?.expect("bodies never fail");
    let data = frame.into_data().expect("bodies have no trailers");
    Some(String::from_utf8(data.to_vec()).expect("UTF-8"))
}
