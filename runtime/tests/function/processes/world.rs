//! A deployment on this machine.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use lambda_host::url::{InvokeMode, UrlOptions};
use lambda_host::{FunctionConfig, FunctionName, Host, HostOptions, Invocation, RawFunction};
use mcp_lambda_runtime::aws;
use mcp_lambda_test_support::example;
use mcp_lambda_test_support::ministack::{Key, Ministack};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::tables::{Tables, tables};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A response as it comes.
pub(crate) type Open = Response<BoxBody<Bytes, std::convert::Infallible>>;

/// Variables of all functions beside the usual ones, and seconds that they have.
#[derive(Default)]
pub(crate) struct Setting {
    pub(crate) variables: Vec<(&'static str, String)>,
    pub(crate) timeout: Option<f64>,
}

impl Setting {
    pub(crate) fn with(name: &'static str, value: impl Into<String>) -> Self {
        Self { variables: vec![(name, value.into())], timeout: None }
    }

    pub(crate) fn and(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }
}

/// A deployment.
pub(crate) struct World {
    pub(crate) host: Host,
    tools: Host,
    lines: Arc<Mutex<Vec<String>>>,
    streams: bool,
}

impl World {
    /// Tables, tools, and the functions of the gateway; nothing runs yet.
    pub(crate) async fn start(setting: Setting) -> Self {
        let tools = tools();
        let ((database, tables), invoke) = (database().await, serve(tools.clone()).await);
        let mut variables = BTreeMap::from(
            [
                ("AWS_ACCESS_KEY_ID", Key::root().id),
                ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{database}")),
                ("AWS_ENDPOINT_URL_LAMBDA", format!("http://{invoke}")),
                // Nobody listens there.
                ("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9".to_owned()),
                ("AWS_SECRET_ACCESS_KEY", Key::root().secret),
                ("MCP_LAMBDA_CATALOG_FRESHNESS_SECONDS", "0".to_owned()),
                ("MCP_LAMBDA_INVOKE_MODE", "RESPONSE_STREAM".to_owned()),
                ("MCP_LAMBDA_REGISTRATIONS_TABLE", tables.registrations.as_str().to_owned()),
                ("MCP_LAMBDA_SESSIONS_TABLE", tables.sessions.as_str().to_owned()),
                ("MCP_LAMBDA_STACK", "stack".to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        for (name, value) in setting.variables {
            variables.insert(name.to_owned(), value);
        }
        let streams = variables["MCP_LAMBDA_INVOKE_MODE"] == "RESPONSE_STREAM";
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = lines.clone();
        let log = Arc::new(move |line: lambda_host::LogLine| {
            sink.lock().expect("no panic").push(line.text);
        });
        let gateway = |name: &str| {
            let mut variables = variables.clone();
            variables.entry("_HANDLER".to_owned()).or_insert_with(|| name.to_owned());
            let raw = RawFunction {
                command: vec![env!("CARGO_BIN_EXE_bootstrap").to_owned()],
                environment: variables,
                timeout: setting.timeout,
                ..RawFunction::default()
            };
            function(name, raw)
        };
        let functions = BTreeMap::from(["mcp", "registration", "sweeper"].map(gateway));
        let host = Host::new(functions, HostOptions { log, ..HostOptions::default() });
        Self { host, tools, lines, streams }
    }

    /// Sends a request to a function's URL, by a caller whom AWS has verified.
    pub(crate) async fn open(&self, function: &str, request: Request<Full<Bytes>>) -> Open {
        let iam = json!({
            "accessKey": "AKIDEXAMPLE", "accountId": "123456789012", "callerId": "AIDAEXAMPLE",
            "cognitoIdentity": null, "principalOrgId": null, "userId": "AIDAEXAMPLE",
            "userArn": "arn:aws:iam::123456789012:user/alice"
        });
        self.open_as(function, request, iam.as_object().cloned()).await
    }

    /// Sends a request to a function's URL.
    pub(crate) async fn open_as(
        &self,
        function: &str,
        request: Request<Full<Bytes>>,
        authorizer: Option<serde_json::Map<String, Value>>,
    ) -> Open {
        let invoke_mode =
            if self.streams { InvokeMode::ResponseStream } else { InvokeMode::Buffered };
        let options = UrlOptions { invoke_mode, authorizer, ..UrlOptions::default() };
        let function = name(function);
        let answer = lambda_host::url::answer(&self.host, &function, options, request);
        tokio::time::timeout(PATIENCE, answer).await.expect("an answer")
    }

    /// Posts a message to `/mcp` and reads the whole answer: its status and body.
    pub(crate) async fn post(&self, message: &Value) -> (u16, String) {
        read(self.open("mcp", post("/mcp", message)).await).await
    }

    /// Registers one of the tools.
    pub(crate) async fn register(&self, tool: &str, mode: &str) {
        let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{tool}");
        let document = json!({
            "type": "tool", "name": tool, "description": tool, "lambdaArn": arn,
            "invokeMode": mode, "timeoutSeconds": 60,
            "inputSchema": { "type": "object" }
        });
        let answer = self.open("registration", post("/register", &document)).await;
        let (status, body) = read(answer).await;
        assert_eq!(status, 201, "{body}\n{}", self.log());
    }

    /// Invokes a function directly: what it returns, and whether that is an error.
    pub(crate) async fn invoke(&self, function: &str, event: &Value) -> (Value, bool) {
        let invocation = Invocation { payload: event.to_string().into(), ..Invocation::default() };
        let function = name(function);
        let invoked = self.host.invoke(&function, invocation);
        let response = tokio::time::timeout(PATIENCE, invoked).await.expect("an answer");
        let (body, error) = response.expect("it was invoked").body.collect().await;
        match error {
            None => (serde_json::from_slice(&body).expect("JSON"), false),
            Some(error) => {
                (json!({ "errorType": error.error_type, "errorMessage": error.message() }), true)
            }
        }
    }

    /// Everything that the functions wrote.
    pub(crate) fn log(&self) -> String {
        self.lines.lock().expect("no panic").join("\n")
    }

    pub(crate) async fn end(self) {
        self.host.shutdown().await;
        self.tools.shutdown().await;
    }
}

/// An emulated AWS for queues, if the foreign part of the tests is not left out.
pub(crate) fn ministack() -> Option<Ministack> {
    Ministack::start(Path::new(env!("CARGO_TARGET_TMPDIR")), false)
}

pub(crate) fn name(text: &str) -> FunctionName {
    FunctionName::parse(text).expect("a name")
}

pub(crate) fn call(tool: &str, arguments: &Value) -> Value {
    json!({
        "jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": { "name": tool, "arguments": arguments }
    })
}

pub(crate) fn post(path: &str, body: &Value) -> Request<Full<Bytes>> {
    Request::post(path)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .body(Full::new(body.to_string().into()))
        .expect("a request")
}

pub(crate) fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(path)
        .header("accept", "text/event-stream")
        .body(Full::default())
        .expect("a request")
}

pub(crate) async fn read(response: Open) -> (u16, String) {
    let status = response.status().as_u16();
    let body = tokio::time::timeout(PATIENCE, response.into_body().collect()).await;
    let bytes = body.expect("an end").expect("a body").to_bytes();
    (status, String::from_utf8(bytes.to_vec()).expect("text"))
}

/// The next piece of a body.
pub(crate) async fn next(response: &mut Open) -> Option<String> {
    let frame = tokio::time::timeout(PATIENCE, response.body_mut().frame()).await;
    let data = frame.expect("a piece")?.expect("it never fails").into_data().expect("bytes");
    Some(String::from_utf8(data.to_vec()).expect("text"))
}

fn function(text: &str, raw: RawFunction) -> (FunctionName, FunctionConfig) {
    let name = name(text);
    let config = FunctionConfig::from_raw(&name, raw, Path::new("/")).expect("a function");
    (name, config)
}

/// The functions that `examples/tool_function` has.
fn tools() -> Host {
    let program = example("tool_function");
    let tool = |name: &str| {
        let command = vec![program.to_str().expect("UTF-8").to_owned(), name.to_owned()];
        function(name, RawFunction { command, ..RawFunction::default() })
    };
    let functions = BTreeMap::from(["echo", "slow", "stream"].map(tool));
    Host::new(functions, HostOptions::default())
}

/// The Invoke API of a host.
async fn serve(host: Host) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let host = host.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let host = host.clone();
                async move {
                    let answer = lambda_host::api::answer(&host, request).await;
                    Ok::<_, std::convert::Infallible>(answer)
                }
            });
            stream.set_nodelay(true).expect("a socket");
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

/// DynamoDB in this process, with both tables.
async fn database() -> (SocketAddr, Tables) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let memory = dynoxide::Database::memory().expect("a database");
    tokio::spawn(dynoxide::server::serve_on(listener, memory));
    let credentials = Credentials::new(Key::root().id, Key::root().secret, None, None, "test");
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(credentials)
        .http_client(aws::http_client())
        .endpoint_url(format!("http://{address}"));
    let client = Client::from_conf(config.build());
    (address, tables(&client).await)
}
