//! Messages of a client passed on, and what comes back.
//!
//! A client of 2026-07-28 describes itself in every request, so that nothing is remembered of it
//! but which arguments its tools want repeated in headers. Of an older client the session is kept,
//! and begun anew where the gateway no longer knows it. Every request is answered.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use http::header::ACCEPT;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use mcp_lambda_runtime::protocol::header;
use mcp_lambda_runtime::registration::mirror::Mirror;
use serde_json::{Value, json};
use tokio::sync::mpsc::Sender;
use tokio::task::AbortHandle;

use super::request::Request;
use super::trouble::{BROKEN_OFF, INVALID_REQUEST, PARSE_ERROR, Trouble, log};
use crate::client::http::{Answer, Ask};
use crate::client::mcp::{BOTH, PROTOCOL_VERSION, SESSION_ID};
use crate::client::message::{Envelope, Messages, RpcError, on_one_line};
use crate::client::place::Gateway;

/// Pages of a list that are looked through for a tool.
const MAX_PAGES: usize = 100;

/// What a line asks for.
pub(super) enum Next {
    /// It is done.
    Nothing,
    /// A request of this id, to be passed on beside others.
    Request(String),
}

/// A client's connection.
pub(super) struct Proxy {
    gateway: Gateway,
    client: Sender<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The handshake of a client that has one.
    initialize: Option<String>,
    version: Option<HeaderValue>,
    session: Option<HeaderValue>,
    /// What tools want repeated in headers, as far as lists have told.
    mirrors: HashMap<String, Vec<Mirror>>,
    /// Requests under way, by their ids.
    running: HashMap<String, AbortHandle>,
}

impl Proxy {
    pub(super) fn new(gateway: Gateway, client: Sender<String>) -> Self {
        Self { gateway, client, state: Mutex::default() }
    }

    /// Takes a line: what is no request is passed on at once, in its turn.
    pub(super) async fn take(&self, line: &str) -> Next {
        let Some(message) = Envelope::read(line) else {
            if line.starts_with('[') {
                // A batch of 2025-03-26.
                return Next::Request(line.to_owned());
            }
            self.refuse("null", PARSE_ERROR, "this is no JSON object on one line").await;
            return Next::Nothing;
        };
        match (&message.method, message.id()) {
            (Some(_), Some(id)) => Next::Request(id.to_owned()),
            (Some(method), None) => {
                if method == "notifications/cancelled" && self.cancel(&message) {
                    return Next::Nothing;
                }
                // A client of 2026-07-28 has nothing to notify a server of over HTTP.
                if self.with(|state| state.initialize.is_some()) {
                    self.pass_on(line).await;
                }
                Next::Nothing
            }
            (None, _) if message.is_answer() => {
                self.pass_on(line).await;
                Next::Nothing
            }
            (None, id) => {
                let text = "a message has a method, a result or an error";
                self.refuse(id.unwrap_or("null"), INVALID_REQUEST, text).await;
                Next::Nothing
            }
        }
    }

    /// Says that a line was too long.
    pub(super) async fn refuse_long(&self) {
        self.refuse("null", INVALID_REQUEST, "a message has at most 4 MiB").await;
    }

    /// Notes what is under way, so that it can be cancelled.
    pub(super) fn remember(&self, id: String, task: AbortHandle) {
        if !task.is_finished() {
            self.with(|state| state.running.insert(id, task));
        }
    }

    /// It is no longer under way.
    pub(super) fn forget(&self, id: &str) {
        self.with(|state| state.running.remove(id));
    }

    /// Over HTTP a request of 2026-07-28 is cancelled by closing its stream; older revisions have
    /// a message for it, which the gateway must get.
    fn cancel(&self, message: &Envelope<'_>) -> bool {
        let params = message.params.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
        let Some(id) = params.map(|params| params["requestId"].to_string()) else { return false };
        let task =
            self.with(
                |state| {
                    if state.initialize.is_some() { None } else { state.running.remove(&id) }
                },
            );
        task.map(|task| task.abort()).is_some()
    }

    /// Passes on a request and everything that is said until its answer.
    pub(super) async fn request(&self, id: &str, line: &str) {
        let Some(message) = Envelope::read(line) else {
            let told = self.exchange(&self.ask(line), id).await;
            return self.settle("null", told).await;
        };
        let request = Request::of(id, &message, line);
        let told = self.tell(&request).await;
        self.settle(id, told).await;
    }

    async fn tell(&self, request: &Request<'_>) -> Result<(), Trouble> {
        if request.method == "initialize" && request.revision().is_none() {
            return self.initialize(request).await;
        }
        let ask = self.ask_of(request).await;
        let answer = self.gateway.http.send(&ask).await?;
        let lost = answer.status == StatusCode::NOT_FOUND
            && ask.headers.contains_key(SESSION_ID)
            && request.revision().is_none();
        if !lost {
            return self.relay(answer, request.id, &request.method).await;
        }
        // The session has ended: a client begins a new one (2025-11-25, basic/transports, "Session
        // Management"). This one has no way to know, so that it is done for it, once.
        let used = ask.headers.get(SESSION_ID).cloned();
        self.begin_again(used).await?;
        let again = self.gateway.http.send(&self.ask_of(request).await).await?;
        self.relay(again, request.id, &request.method).await
    }

    /// The handshake; what it settles goes with every later message.
    async fn initialize(&self, request: &Request<'_>) -> Result<(), Trouble> {
        self.with(|state| {
            (state.session, state.version) = (None, None);
            state.initialize = Some(request.text.to_owned());
        });
        let answer = self.gateway.http.send(&self.ask(request.text)).await?;
        let session = answer.headers.get(SESSION_ID).cloned();
        self.with(|state| state.session = session);
        self.relay(answer, request.id, "initialize").await
    }

    async fn begin_again(&self, used: Option<HeaderValue>) -> Result<(), Trouble> {
        let Some(handshake) = self.with(|state| {
            // Another request may have begun it already.
            (state.session == used).then(|| {
                state.session = None;
                state.version.take();
                state.initialize.clone()
            })?
        }) else {
            return Ok(());
        };
        let answer = self.gateway.http.send(&self.ask(&handshake)).await?;
        let (status, session) = (answer.status, answer.headers.get(SESSION_ID).cloned());
        let mut messages = Messages::of(answer);
        while let Some(text) = messages.next().await? {
            self.learn("initialize", &text);
        }
        if !status.is_success() {
            let text = "the session has ended, and no new one could be begun".to_owned();
            return Err(Trouble { code: status.as_u16().into(), text });
        }
        self.with(|state| state.session = session);
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        self.pass_on(&ready.to_string()).await;
        Ok(())
    }

    /// A POST with what is known of an older client.
    fn ask(&self, body: &str) -> Ask {
        let ask = Ask::new(Method::POST, self.gateway.url.at("/mcp"), self.gateway.limit);
        let mut ask = ask.json(body.to_owned());
        ask.set(ACCEPT, BOTH);
        self.with(|state| {
            if let Some(session) = &state.session {
                ask.set(SESSION_ID, session.clone());
            }
            if let Some(version) = &state.version {
                ask.set(PROTOCOL_VERSION, version.clone());
            }
        });
        ask
    }

    /// A POST with the headers that a request of 2026-07-28 repeats.
    async fn ask_of(&self, request: &Request<'_>) -> Ask {
        let mut ask = self.headed(request);
        if request.revision().is_none() || request.method != "tools/call" {
            return ask;
        }
        let name = request.params["name"].as_str().unwrap_or_default();
        for mirror in self.mirrors(name, &request.params["_meta"]).await {
            let text = mirror.text(&request.params["arguments"]);
            let value = text.map(|text| HeaderValue::try_from(header::encode(&text).as_ref()));
            let name = HeaderName::try_from(mirror.header.as_str());
            if let (Some(Ok(value)), Ok(name)) = (value, name) {
                ask.set(name, value);
            }
        }
        ask
    }

    fn headed(&self, request: &Request<'_>) -> Ask {
        let mut ask = self.ask(request.text);
        for (name, value) in request.headers() {
            ask.set(name, value);
        }
        ask
    }

    /// What a tool wants repeated; if no list has told yet, the gateway is asked.
    async fn mirrors(&self, tool: &str, meta: &Value) -> Vec<Mirror> {
        let known = |state: &mut State| state.mirrors.get(tool).cloned();
        let mut cursor = Value::Null;
        for _ in 0..MAX_PAGES {
            if let Some(found) = self.with(known) {
                return found;
            }
            let mut params = json!({"_meta": meta});
            if !cursor.is_null() {
                params["cursor"] = cursor;
            }
            let body = json!({"jsonrpc": "2.0", "id": "mcp-lambda", "method": "tools/list",
                "params": params});
            let text = body.to_string();
            let request = Request {
                id: "\"mcp-lambda\"",
                method: "tools/list".to_owned(),
                params,
                text: &text,
            };
            let Ok(answer) = self.gateway.http.send(&self.headed(&request)).await else {
                return Vec::new();
            };
            let (mut messages, mut last) = (Messages::of(answer), String::new());
            while let Ok(Some(text)) = messages.next().await {
                last = text;
            }
            self.learn("tools/list", &last);
            let page: Value = serde_json::from_str(&last).unwrap_or_default();
            cursor = page["result"]["nextCursor"].clone();
            if cursor.is_null() {
                return self.with(known).unwrap_or_default();
            }
        }
        Vec::new()
    }

    async fn exchange(&self, ask: &Ask, id: &str) -> Result<(), Trouble> {
        let answer = self.gateway.http.send(ask).await?;
        self.relay(answer, id, "").await
    }

    /// Hands on what comes, as it comes.
    async fn relay(&self, mut answer: Answer, id: &str, method: &str) -> Result<(), Trouble> {
        let status = answer.status;
        if !status.is_success() {
            let text = answer.text().await?;
            let explained = answer.explain(&text);
            let error = Envelope::read(&text).and_then(|message| {
                Some((message.id().map(str::to_owned), message.error?.to_owned()))
            });
            return match error {
                Some((Some(named), _)) if named == id => {
                    self.send(on_one_line(&text)).await;
                    Ok(())
                }
                Some((_, error)) => match serde_json::from_str::<RpcError>(error.get()) {
                    Ok(error) => Err(Trouble { code: error.code, text: error.message }),
                    Err(_) => Err(Trouble { code: status.as_u16().into(), text: explained }),
                },
                None => Err(Trouble { code: status.as_u16().into(), text: explained }),
            };
        }
        let (mut messages, mut answered) = (Messages::of(answer), false);
        while let Some(text) = messages.next().await? {
            let ours = Envelope::read(&text)
                .is_none_or(|message| message.is_answer() && message.id() == Some(id));
            if ours {
                self.learn(method, &text);
                answered = true;
            }
            self.send(text).await;
        }
        // A batch of nothing but notifications has no answer.
        if answered || method.is_empty() {
            return Ok(());
        }
        Err(Trouble { code: BROKEN_OFF, text: "the gateway's answer broke off; try again".into() })
    }

    /// Keeps what later messages need of an answer.
    fn learn(&self, method: &str, text: &str) {
        if !matches!(method, "initialize" | "tools/list") {
            return;
        }
        let answer: Value = serde_json::from_str(text).unwrap_or_default();
        let result = &answer["result"];
        self.with(|state| match method {
            "initialize" => {
                let version = result["protocolVersion"].as_str();
                state.version = version.and_then(|text| HeaderValue::from_str(text).ok());
            }
            _ => {
                for tool in result["tools"].as_array().into_iter().flatten() {
                    let name = tool["name"].as_str().unwrap_or_default().to_owned();
                    let mirrors = Mirror::find(&tool["inputSchema"]).unwrap_or_default();
                    state.mirrors.insert(name, mirrors);
                }
            }
        });
    }

    /// Sends what has no answer. That it failed is only logged: nobody waits for it.
    async fn pass_on(&self, line: &str) {
        match self.gateway.http.send(&self.ask(line)).await {
            Ok(answer) if answer.status.is_success() => {}
            Ok(mut answer) => {
                let text = answer.text().await.unwrap_or_default();
                log(&answer.explain(&text));
            }
            Err(error) => log(&error.to_string()),
        }
    }

    async fn settle(&self, id: &str, told: Result<(), Trouble>) {
        if let Err(Trouble { code, text }) = told {
            log(&text);
            self.refuse(id, code, &text).await;
        }
    }

    async fn refuse(&self, id: &str, code: i64, text: &str) {
        let text = Value::from(text);
        let error =
            format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":{text}}}}}"#);
        self.send(error).await;
    }

    async fn send(&self, message: String) {
        // A client that reads no more will close its other end too.
        let _ = self.client.send(message).await;
    }

    /// Says goodbye, where the gateway remembers a session.
    pub(super) async fn end(&self) {
        let ask = self.ask("");
        if ask.headers.contains_key(SESSION_ID) {
            let mut goodbye = Ask::new(Method::DELETE, self.gateway.url.at("/mcp"), super::GRACE);
            goodbye.headers = ask.headers;
            // It ends by itself too.
            let _ = self.gateway.http.send(&goodbye).await;
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
