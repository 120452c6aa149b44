//! A deployment: the gateway's functions in two local Lambdas, which share nothing but an emulated
//! AWS.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use lambda_host::url::{InvokeMode, UrlOptions};
use lambda_host::{Host, HostOptions, Invocation, RawFunction, api, url};
use mcp_lambda_runtime::aws;
use mcp_lambda_test_support::install::{self, Installed};
use mcp_lambda_test_support::ministack::{Ministack, REGION};
use mcp_lambda_test_support::say;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::PATIENCE;
use super::functions::{self, Tools, function, name};
use super::http::Client;
use super::listener::{Body, bind, serve};
use super::queues::Queues;
use super::turn::Turn;
use crate::tables::tables;

/// The host that a Function URL's function is told.
const DOMAIN: &str = "q3n2jyc4lbrd5ohwa7xtmz6kfu0epsgi.lambda-url.us-east-1.on.aws";
/// Processes that a function may have in each Lambda: all streams of a test and more.
const CONCURRENCY: i64 = 30;
/// What the log says where a function was ended by its deadline, and where the gateway could not
/// do what it should.
const BAD: [&str; 3] = ["Task timed out", r#""level":"ERROR""#, r#""level":"WARN""#];

/// What a deployment is to be like.
pub(crate) struct Setting {
    /// The functions behind it, and their registrations.
    pub(crate) tools: fn(&Installed) -> Tools,
    /// Seconds that a request of the client plane may take.
    pub(crate) timeout: f64,
    /// Whether no other test may run meanwhile.
    pub(crate) alone: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self { tools: functions::own, timeout: 60.0, alone: false }
    }
}

/// A deployment with everything around it.
pub(crate) struct World {
    /// Where each request reaches another instance than the one before.
    pub(crate) front: Client,
    /// Where all requests reach one Lambda, of which each has its own processes.
    pub(crate) at: [Client; 2],
    pub(crate) installed: &'static Installed,
    pub(crate) queues: Queues,
    pub(crate) shared: SdkConfig,
    hosts: [Host; 2],
    admin: Host,
    tools: Host,
    lines: Lines,
    _turn: Turn,
}

/// What the functions wrote.
type Lines = Arc<Mutex<Vec<String>>>;

impl World {
    /// Starts everything and registers the tools; nothing if the foreign part is left out.
    pub(crate) async fn start(setting: Setting) -> Option<Self> {
        // Installing takes long the first time; others wait for it.
        let (installed, ministack) =
            tokio::task::block_in_place(|| Some((install::foreign(target())?, ministack()?)))?;
        let turn = Turn::take(setting.alone).await;
        let (shared, account) = account(ministack);
        tables(&aws_sdk_dynamodb::Client::new(&shared)).await;
        let endpoint = ministack.endpoint().strip_prefix("http://").expect("http");
        let queues = aws_sdk_sqs::Client::new(&shared);
        let queues = Queues::start(endpoint.parse().expect("an address"), queues).await;
        let Tools { functions, registrations } = (setting.tools)(installed);
        let lines = Lines::default();
        let tools = Host::new(functions, options("tool", &lines));
        let front = bind().await;
        let origin = format!("http://{}", front.local_addr().expect("an address"));
        let variables = [
            ("AWS_ACCESS_KEY_ID", account),
            ("AWS_ENDPOINT_URL_DYNAMODB", ministack.endpoint().to_owned()),
            ("AWS_ENDPOINT_URL_LAMBDA", format!("http://{}", invoke_api(&tools).await)),
            ("AWS_ENDPOINT_URL_SQS", format!("http://{}", queues.address)),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("MCP_LAMBDA_ALLOWED_ORIGINS", origin),
            ("MCP_LAMBDA_AUTHENTICATION", "AWS_IAM".to_owned()),
            ("MCP_LAMBDA_REGISTRATIONS_TABLE", "stack-mcp-registrations".to_owned()),
            ("MCP_LAMBDA_SESSIONS_TABLE", "stack-mcp-sessions".to_owned()),
            ("MCP_LAMBDA_STACK", "stack".to_owned()),
        ];
        let lambda = |handlers: &[(&str, &str)], timeout, log: &str| {
            let functions = handlers.iter().map(|(handler, mode)| {
                let mut environment: BTreeMap<String, String> =
                    variables.clone().map(|(name, value)| (name.to_owned(), value)).into();
                environment.insert("_HANDLER".to_owned(), (*handler).to_owned());
                environment.insert("MCP_LAMBDA_INVOKE_MODE".to_owned(), (*mode).to_owned());
                gateway(handler, environment, timeout)
            });
            Host::new(functions.collect(), options(log, &lines))
        };
        let mcp = &[("mcp", "RESPONSE_STREAM")];
        let hosts = ["first", "second"].map(|log| lambda(mcp, setting.timeout, log));
        let admin = &[("registration", "BUFFERED"), ("sweeper", "BUFFERED")];
        let admin = lambda(admin, 60.0, "admin");
        let at = [
            Client(url(bind().await, vec![hosts[0].clone()])),
            Client(url(bind().await, vec![hosts[1].clone()])),
        ];
        let front = Client(url(front, hosts.to_vec()));
        let world =
            Self { front, at, installed, queues, shared, hosts, admin, tools, lines, _turn: turn };
        for registration in &registrations {
            world.register(registration).await;
        }
        Some(world)
    }

    /// Another front, whose requests alternate by themselves.
    pub(crate) async fn another_front(&self) -> Client {
        Client(url(bind().await, self.hosts.to_vec()))
    }

    /// How many processes a Lambda runs at the moment.
    pub(crate) fn processes(&self, lambda: usize) -> usize {
        self.hosts[lambda].instances(&name("mcp"))
    }

    /// Kills all processes of a Lambda, in whatever they are in the middle of.
    pub(crate) async fn kill(&self, lambda: usize) {
        self.hosts[lambda].shutdown().await;
    }

    /// Registers by the registration function's URL, as an administrator would.
    async fn register(&self, document: &Value) {
        let request = Request::post("/register")
            .header("host", DOMAIN)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(document.to_string())))
            .expect("a request");
        let options = UrlOptions { authorizer: Some(caller()), ..UrlOptions::default() };
        let answer = url::answer(&self.admin, &name("registration"), options, request).await;
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(status, 201, "{document}: {body:?}");
    }

    /// Lets the sweeper's timer go off: what the sweeper reports.
    pub(crate) async fn sweep(&self) -> Value {
        let event = include_bytes!("../../function/events/scheduled.json");
        let invocation = Invocation { payload: Bytes::from_static(event), ..Invocation::default() };
        let sweeper = name("sweeper");
        let swept = timeout(PATIENCE, self.admin.invoke(&sweeper, invocation)).await;
        let body = swept.expect("in time").expect("an invocation").body;
        let (report, error) = body.collect().await;
        assert!(error.is_none(), "{error:?}");
        serde_json::from_slice(&report).expect("JSON")
    }

    /// Ends everything. Nothing may have gone wrong but what a tool did.
    pub(crate) async fn end(self) {
        for host in self.hosts.iter().chain([&self.admin, &self.tools]) {
            host.shutdown().await;
        }
        let lines = lock(&self.lines);
        let bad = |line: &&String| BAD.iter().any(|words| line.contains(words));
        assert_eq!(lines.iter().find(bad), None);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            say(&format!("the functions wrote\n{}", lock(&self.lines).join("\n")));
        }
    }
}

fn lock(lines: &Lines) -> std::sync::MutexGuard<'_, Vec<String>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// One emulator for all tests of the process; it ends with it.
fn ministack() -> Option<&'static Ministack> {
    static STARTED: OnceLock<Option<Ministack>> = OnceLock::new();
    STARTED.get_or_init(|| Ministack::start(target(), false)).as_ref()
}

/// An account of its own, in which nobody else has tables or queues: the emulator takes an access
/// key of twelve digits for its number.
fn account(ministack: &Ministack) -> (SdkConfig, String) {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let account = format!("{:012}", 100 + NUMBER.fetch_add(1, Ordering::Relaxed));
    let credentials = Credentials::new(&account, "test", None, None, "test");
    let shared = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws::http_client())
        .endpoint_url(ministack.endpoint());
    (shared.build(), account)
}

fn options(log: &str, lines: &Lines) -> HostOptions {
    let (log, lines) = (log.to_owned(), lines.clone());
    let log = Arc::new(move |line: lambda_host::LogLine| {
        lock(&lines).push(format!("{log} {line}"));
    });
    HostOptions { log, ..HostOptions::default() }
}

fn gateway(
    handler: &str,
    environment: BTreeMap<String, String>,
    timeout: f64,
) -> (lambda_host::FunctionName, lambda_host::FunctionConfig) {
    let raw = RawFunction {
        command: vec![env!("CARGO_BIN_EXE_bootstrap").to_owned()],
        environment,
        timeout: Some(timeout),
        concurrency: Some(CONCURRENCY),
        ..RawFunction::default()
    };
    function(handler, raw)
}

async fn invoke_api(tools: &Host) -> std::net::SocketAddr {
    let tools = tools.clone();
    serve(bind().await, move |request| {
        let tools = tools.clone();
        async move { api::answer(&tools, request).await }
    })
}

/// The Function URL of `mcp`, each request in the next of these Lambdas.
fn url(listener: TcpListener, hosts: Vec<Host>) -> std::net::SocketAddr {
    let turns = Arc::new(AtomicUsize::new(0));
    serve(listener, move |request| {
        let turn = turns.fetch_add(1, Ordering::Relaxed);
        let host = hosts[turn % hosts.len()].clone();
        async move { through_url(&host, request).await }
    })
}

async fn through_url(
    host: &Host,
    mut request: Request<hyper::body::Incoming>,
) -> http::Response<Body> {
    for (name, value) in
        [("host", DOMAIN), ("x-forwarded-port", "443"), ("x-forwarded-proto", "https")]
    {
        request.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let options = UrlOptions {
        invoke_mode: InvokeMode::ResponseStream,
        authorizer: Some(caller()),
        ..UrlOptions::default()
    };
    url::answer(host, &name("mcp"), options, request).await
}

/// A caller whom AWS has verified.
fn caller() -> Map<String, Value> {
    let caller = json!({
        "accessKey": "ASIAEXAMPLE", "accountId": "123456789012", "callerId": "AROAEXAMPLE:alice",
        "cognitoIdentity": null, "principalOrgId": null, "userId": "AROAEXAMPLE:alice",
        "userArn": "arn:aws:sts::123456789012:assumed-role/developers/alice"
    });
    caller.as_object().expect("an object").clone()
}
