//! A gateway whose ports have faults, and a client that reads every answer with suspicion.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use mcp_lambda_runtime::edge::access::Record;
use mcp_lambda_runtime::edge::body::Body;
use mcp_lambda_runtime::edge::origin::OriginPolicy;
use mcp_lambda_runtime::edge::{Edge, EdgeSettings, From};
use mcp_lambda_runtime::embedded::mailboxes::MemoryMailboxes;
use mcp_lambda_runtime::embedded::permissions::MemoryPermissions;
use mcp_lambda_runtime::embedded::sqlite::SqliteStore;
use mcp_lambda_runtime::gateway::{Gateway, Ports, Settings};
use mcp_lambda_runtime::port::faulty::{Faulty, MARK, Odds, Plan};
use mcp_lambda_runtime::port::permissions::{Intents, Permissions};
use mcp_lambda_runtime::port::row::RowId;
use mcp_lambda_runtime::port::{
    Clock, Ids, Invoker, Mailboxes, Registrations, Sessions, Timestamp,
};
use mcp_lambda_runtime::principal::Principal;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::form;
use crate::functions::{InProcess, arn};

/// How long a request may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
/// What the ports may take in all after that.
const SLACK: Duration = Duration::from_secs(60);

/// Numbers by chance, the same for the same seed.
#[derive(Debug)]
pub(crate) struct Random(AtomicU64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub(crate) fn below(&self, bound: usize) -> usize {
        const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).expect("a small number")
    }

    pub(crate) fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

impl Ids for Random {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = u8::try_from(self.below(256)).expect("a byte");
        }
    }
}

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_767_225_600_000)
    }
}

/// One instance of the gateway, or several that share their ports.
pub(crate) struct World {
    pub(crate) instances: Vec<Arc<Edge>>,
    pub(crate) functions: InProcess,
    log: Arc<Mutex<Vec<Record>>>,
}

impl World {
    /// A world in which everything is registered, before the faults begin.
    pub(crate) async fn new(seed: u64, odds: Odds, instances: usize) -> Self {
        let mailboxes = Arc::new(MemoryMailboxes::default());
        Self::with_mailboxes(seed, odds, instances, mailboxes).await
    }

    /// The same with other mailboxes.
    pub(crate) async fn with_mailboxes(
        seed: u64,
        odds: Odds,
        instances: usize,
        mailboxes: Arc<dyn Mailboxes>,
    ) -> Self {
        let store = SqliteStore::in_memory().expect("a store");
        let now = StoppedClock.now();
        store.create(registrations(), now).await.expect("an empty store");
        let functions = InProcess::default();
        let plan = Plan::new(seed, odds);
        // Nobody calls a function twice but who was told to; so that can be counted.
        let calls = Plan::new(seed, Odds { repeat: 0, ..odds });
        let registrations: Arc<dyn Registrations> = Arc::new(store.clone());
        let intents: Arc<dyn Intents> = Arc::new(store.clone());
        let permissions: Arc<dyn Permissions> = Arc::new(MemoryPermissions::default());
        let sessions: Arc<dyn Sessions> = Arc::new(store);
        let invoker: Arc<dyn Invoker> = Arc::new(functions.clone());
        let ports = Ports {
            registrations: Arc::new(Faulty::new(registrations, plan.clone())),
            sessions: Arc::new(Faulty::new(sessions, plan.clone())),
            mailboxes: Arc::new(Faulty::new(mailboxes, plan.clone())),
            invoker: Arc::new(Faulty::new(invoker, calls)),
            permissions: Arc::new(Faulty::new(permissions, plan.clone())),
            intents: Arc::new(Faulty::new(intents, plan.clone())),
            clock: Arc::new(StoppedClock),
            ids: Arc::new(Random::new(seed)),
        };
        let log: Arc<Mutex<Vec<Record>>> = Arc::default();
        let instances = (0..instances).map(|_| instance(ports.clone(), log.clone())).collect();
        Self { instances, functions, log }
    }

    /// Sends a request to an instance and reads the answer to its end, whatever it is.
    pub(crate) async fn send(&self, instance: usize, request: Request<Bytes>) -> Answer {
        self.send_until(instance, request, DEADLINE, async |_| {}).await
    }

    /// Sends a request to an instance and leaves the answer's body unread.
    pub(crate) async fn begin(
        &self,
        instance: usize,
        request: Request<Bytes>,
        deadline: Duration,
    ) -> Response<Body> {
        let from = From { principal: Principal::Anonymous, deadline: Instant::now() + deadline };
        self.instances[instance].answer(request, from).await
    }

    /// Sends a request and does something at every piece of the answer as it comes.
    pub(crate) async fn send_until(
        &self,
        instance: usize,
        request: Request<Bytes>,
        deadline: Duration,
        mut at: impl AsyncFnMut(&[u8]),
    ) -> Answer {
        let what = format!("{} {} {:?}", request.method(), request.uri(), request.body());
        let from = From { principal: Principal::Anonymous, deadline: Instant::now() + deadline };
        let status_of_functions = request.uri().path().ends_with("/status");
        let answering = async {
            let response = self.instances[instance].answer(request, from).await;
            let (head, mut body) = response.into_parts();
            let mut answer =
                Answer { status: head.status, headers: head.headers, body: Vec::new() };
            while let Some(frame) = body.frame().await {
                let frame = frame.expect("bodies never fail").into_data().expect("data");
                answer.body.extend_from_slice(&frame);
                at(&frame).await;
            }
            answer
        };
        let answer = tokio::time::timeout(deadline + SLACK, answering).await;
        let answer = answer.unwrap_or_else(|_| panic!("{what} hangs"));
        form::check(&what, &answer);
        // Administrators are shown why a function cannot be called; nobody else is.
        let leaks = !status_of_functions && answer.text().contains(MARK);
        assert!(!leaks, "{what} shows a port's error: {}", answer.text());
        answer
    }

    /// Every request has been logged, and every cause is in the log.
    pub(crate) fn causes(&self) -> Vec<String> {
        let log = self.log.lock().expect("no panic");
        assert!(log.iter().all(|record| record.status >= 200), "{log:?}");
        log.iter().filter_map(|record| record.cause.clone()).collect()
    }

    pub(crate) fn requests(&self) -> usize {
        self.log.lock().expect("no panic").len()
    }
}

fn instance(ports: Ports, log: Arc<Mutex<Vec<Record>>>) -> Arc<Edge> {
    let settings = Settings {
        version: "1.0.0".to_owned(),
        instructions: None,
        catalog_freshness: Duration::from_secs(1),
        list_ttl: Duration::from_secs(5),
    };
    let gateway = Arc::new(Gateway::new(ports, settings));
    let access =
        Arc::new(move |record: &Record| log.lock().expect("no panic").push(record.clone()));
    Arc::new(Edge::new(gateway, EdgeSettings { origins: OriginPolicy::default(), access }))
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.headers.get("content-type").map(|value| value.to_str().expect("visible ASCII"))
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.content_type() == Some("text/event-stream")
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("bodies are UTF-8")
    }

    /// All JSON-RPC messages, in order; those of a batch one by one.
    pub(crate) fn messages(&self) -> Vec<Value> {
        if self.is_stream() {
            return form::messages(&self.body);
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Array(messages)) => messages,
            Ok(message) => vec![message],
            Err(_) => Vec::new(),
        }
    }
}

/// A POST of one JSON-RPC message.
pub(crate) fn post(path: &str, session: Option<&str>, body: &Value) -> Request<Bytes> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    if let Some(session) = session {
        request = request.header("mcp-session-id", session);
    }
    request.body(body.to_string().into()).expect("a request")
}

pub(crate) fn request(id: usize, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn registrations() -> Vec<(RowId, String)> {
    let mut documents = vec![
        json!({"type": "resource", "name": "fixed", "uri": "notes://fixed", "text": "a"}),
        json!({"type": "resource", "name": "page", "uri": "notes://page", "lambdaArn": "page"}),
        json!({"type": "resource", "name": "all", "uriTemplate": "n://{name}", "lambdaArn": "page"}),
        json!({"type": "prompt", "name": "static", "arguments": [{"name": "a"}],
               "messages": [{"role": "user", "content": {"type": "text", "text": "{{a}}"}}]}),
        json!({"type": "prompt", "name": "prompt", "arguments": [{"name": "a"}],
               "lambdaArn": "prompt"}),
    ];
    let tool = |name: &str, mode: &str, function: &str| {
        json!({"type": "tool", "name": name, "invokeMode": mode, "lambdaArn": function,
               "timeoutSeconds": 10})
    };
    for name in ["echo", "fail", "slow", "ask", "missing", "once"] {
        documents.push(tool(name, "auto", name));
    }
    documents.push(tool("count", "stream", "count"));
    documents.push(tool("like-agentcore", "agentcore", "fail"));
    let mut repeated = tool("repeated", "raw", "echo");
    repeated["retries"] = json!(3);
    repeated["annotations"] = json!({"idempotentHint": true});
    documents.push(repeated);
    documents.into_iter().map(complete).collect()
}

fn complete(mut document: Value) -> (RowId, String) {
    document["description"] = json!("for a test");
    if let Some(function) = document["lambdaArn"].as_str() {
        document["lambdaArn"] = json!(arn(function).as_str());
    }
    let id = |member: &str| document[member].as_str().expect("a string").to_owned();
    let id = format!("{}-{}", id("type"), id("name"));
    (RowId::parse(&id).expect("an id"), document.to_string())
}
