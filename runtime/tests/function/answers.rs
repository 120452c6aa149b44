//! Invocations and their answers, in this process.

mod admission;
mod direct;
mod doors;
mod endings;
mod forms;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use mcp_lambda_runtime::admin::Admin;
use mcp_lambda_runtime::door::Door;
use mcp_lambda_runtime::edge::origin::OriginPolicy;
use mcp_lambda_runtime::edge::{Edge, EdgeSettings, Planes};
use mcp_lambda_runtime::embedded::mailboxes::MemoryMailboxes;
use mcp_lambda_runtime::embedded::permissions::MemoryPermissions;
use mcp_lambda_runtime::embedded::sqlite::SqliteStore;
use mcp_lambda_runtime::function::answer::{Answer, Streamed};
use mcp_lambda_runtime::function::configuration::{Authentication, InvokeMode};
use mcp_lambda_runtime::function::log::Log;
use mcp_lambda_runtime::function::runtime_api::Invocation as Event;
use mcp_lambda_runtime::function::settle::Settling;
use mcp_lambda_runtime::function::{Duty, Function, Http, Role};
use mcp_lambda_runtime::gateway::{Gateway, Ports, Settings};
use mcp_lambda_runtime::port::{
    self, AnswerStream, Clock, Invocation, InvokeError, Invoker, Timestamp,
};
use mcp_lambda_runtime::registration::arn::FunctionArn;
use mcp_lambda_runtime::system::SystemIds;
use serde_json::{Value, json};

use crate::events::{self, ID};

/// How long an invocation may take.
const TIMEOUT: Duration = Duration::from_secs(20);
const NOW: Timestamp = Timestamp(1_795_262_400_000);

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// Tools: `echo` returns its client context, `slow` never returns, `tell` says something before it
/// returns, `ask` asks until it is answered.
struct Tools;

#[async_trait]
impl Invoker for Tools {
    async fn invoke(&self, invocation: Invocation) -> Result<port::Answer, InvokeError> {
        if invocation.function.function_name() == "slow" {
            std::future::pending::<()>().await;
        }
        let answered = invocation.payload.windows(6).any(|bytes| bytes == b"accept");
        if invocation.function.function_name() == "ask" && !answered {
            let question = json!({ "message": "Who?", "requestedSchema": { "type": "object", "properties": {} } });
            let payload = json!({
                "resultType": "input_required",
                "inputRequests": { "who": { "method": "elicitation/create", "params": question } }
            });
            return Ok(port::Answer { payload: payload.to_string().into(), failed: false });
        }
        let context = invocation.client_context.unwrap_or_default();
        let payload = json!({ "content": [{ "type": "text", "text": context }] });
        Ok(port::Answer { payload: payload.to_string().into(), failed: false })
    }

    async fn invoke_streaming(&self, _: Invocation) -> Result<Box<dyn AnswerStream>, InvokeError> {
        let note = json!({
            "jsonrpc": "2.0", "method": "notifications/message",
            "params": { "level": "info", "data": "on the way" }
        });
        Ok(Box::new(Lines(vec![
            b"{\"done\":true}\n".as_slice().into(),
            format!("{note}\n").into(),
        ])))
    }

    async fn probe(&self, _: &FunctionArn) -> Result<(), InvokeError> {
        Ok(())
    }
}

struct Lines(Vec<Bytes>);

#[async_trait]
impl AnswerStream for Lines {
    async fn next(&mut self) -> Option<Bytes> {
        tokio::time::sleep(Duration::from_millis(2)).await;
        self.0.pop()
    }

    fn failure(&self) -> Option<Bytes> {
        None
    }
}

/// How a function is set.
pub(crate) struct Setting {
    authentication: Authentication,
    direct_invoke: bool,
    invoke_mode: InvokeMode,
    planes: Planes,
    door: Option<Door>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            authentication: Authentication::AwsIam,
            direct_invoke: false,
            invoke_mode: InvokeMode::Buffered,
            planes: Planes { register: false, streams: false, ..Planes::ALL },
            door: None,
        }
    }
}

/// The settings of a function whose front end streams.
pub(crate) fn streaming() -> Setting {
    let planes = Planes { register: false, ..Planes::ALL };
    Setting { invoke_mode: InvokeMode::ResponseStream, planes, ..Setting::default() }
}

pub(crate) struct World {
    function: Function,
    lines: Arc<Mutex<Vec<Value>>>,
}

impl World {
    pub(crate) async fn new(setting: Setting) -> Self {
        let store = SqliteStore::in_memory().expect("a store");
        let mailboxes = Arc::new(Settling::new(Arc::new(MemoryMailboxes::default())));
        let clock: Arc<dyn Clock> = Arc::new(Stopped);
        let ports = Ports {
            registrations: Arc::new(store.clone()),
            permissions: Arc::new(MemoryPermissions::default()),
            intents: Arc::new(store.clone()),
            sessions: Arc::new(store),
            mailboxes: mailboxes.clone(),
            invoker: Arc::new(Tools),
            clock: clock.clone(),
            ids: Arc::new(SystemIds::default()),
        };
        let settings = Settings {
            version: "0.0.0".to_owned(),
            instructions: None,
            catalog_freshness: Duration::ZERO,
            list_ttl: Duration::from_secs(5),
        };
        let gateway = Arc::new(Gateway::new(ports, settings));
        for (name, mode) in [("ask", "auto"), ("echo", "raw"), ("slow", "raw"), ("tell", "stream")]
        {
            let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
            let tool = json!({
                "type": "tool", "name": name, "description": name, "lambdaArn": arn,
                "invokeMode": mode, "timeoutSeconds": 60
            });
            let created = Admin::new(gateway.clone()).create(tool.to_string().as_bytes()).await;
            created.expect("a registration");
        }
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = lines.clone();
        let sink = Arc::new(move |line: &str| {
            sink.lock().expect("no panic").push(serde_json::from_str(line).expect("JSON"));
        });
        let log = Log::new(sink, clock.clone());
        let origins = OriginPolicy::default();
        let edge = Edge::new(gateway, EdgeSettings { origins, access: log.access() });
        let edge = edge.serving(setting.planes);
        let edge = match setting.door {
            None => edge,
            Some(door) => edge.behind(Arc::new(door)),
        };
        let http = Http {
            edge: Arc::new(edge),
            authentication: setting.authentication,
            public_url: None,
            direct_invoke: setting.direct_invoke,
            invoke_mode: setting.invoke_mode,
            path_prefix: None,
            mailboxes,
            duty: Duty::Probe(Arc::new(Tools)),
        };
        Self { function: Function::new(Role::Http(http), log, clock), lines }
    }

    pub(crate) async fn invoke(&self, event: &Value) -> Answer {
        let payload = event.to_string().into();
        let deadline = NOW.after(TIMEOUT);
        self.function.answer(Event { id: ID.to_owned(), deadline, payload, trace: None }).await
    }

    /// An answer all at once: its status and body.
    async fn whole(&self, event: &Value) -> (u64, String) {
        let answer = json_of(self.invoke(event).await);
        let body = answer["body"].as_str().expect("a body").to_owned();
        (answer["statusCode"].as_u64().expect("a status"), body)
    }

    fn logged(&self) -> Vec<Value> {
        self.lines.lock().expect("no panic").clone()
    }
}

fn json_of(answer: Answer) -> Value {
    match answer {
        Answer::Whole(bytes) => serde_json::from_slice(&bytes).expect("JSON"),
        Answer::Streamed(_) => panic!("it streams"),
        Answer::Failed(failure) => panic!("it failed: {failure:?}"),
    }
}

fn streamed(answer: Answer) -> Box<Streamed> {
    match answer {
        Answer::Streamed(streamed) => streamed,
        Answer::Whole(_) | Answer::Failed(_) => panic!("it does not stream"),
    }
}

/// A request through the Function URL, by a verified caller.
pub(crate) fn request(method: &str, path: &str, body: &Value) -> Value {
    let mut event = events::file("url");
    event["rawPath"] = json!(path);
    event["requestContext"]["http"]["method"] = json!(method);
    event["body"] = if body.is_null() { Value::Null } else { body.to_string().into() };
    event
}

pub(crate) fn call(tool: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": { "name": tool, "arguments": {} } })
}
