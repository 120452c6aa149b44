//! What the tests share: hosts over the probes, gates, and the log as a value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use lambda_host::{
    FunctionConfig, FunctionError, FunctionName, Host, HostOptions, Invocation, InvokeError,
    LogLine, RawFunction, Response,
};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

/// Longer than anything here takes, so that a fault fails a test instead of stopping it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A host with one function, `probe`, and its log.
pub(crate) struct Probe {
    pub(crate) host: Host,
    pub(crate) name: FunctionName,
    pub(crate) log: Log,
}

impl Probe {
    /// A host over the probe on `lambda_runtime`.
    pub(crate) fn new() -> Self {
        Self::with(bootstrap_probe(&[]), HostOptions::default())
    }

    /// A host over a function as described.
    pub(crate) fn with(raw: RawFunction, options: HostOptions) -> Self {
        let name = FunctionName::parse("probe").expect("a good name");
        let base = Path::new(env!("CARGO_MANIFEST_DIR"));
        let config = FunctionConfig::from_raw(&name, raw, base).expect("a good config");
        let log = Log::default();
        let options = HostOptions { log: log.sink(), ..options };
        let host = Host::new(BTreeMap::from([(name.clone(), config)]), options);
        Self { host, name, log }
    }

    pub(crate) async fn try_invoke(&self, event: Value) -> Result<Response, InvokeError> {
        self.invoke_with(Invocation { payload: payload(&event), ..Invocation::default() }).await
    }

    pub(crate) async fn invoke_with(
        &self,
        invocation: Invocation,
    ) -> Result<Response, InvokeError> {
        timeout(PATIENCE, self.host.invoke(&self.name, invocation)).await.expect("an answer")
    }

    /// Invokes, expects an answer, and reads it to the end.
    pub(crate) async fn answer(&self, event: Value) -> (Bytes, Option<FunctionError>) {
        collect(self.try_invoke(event).await.expect("an answer")).await
    }

    /// Invokes and expects a good JSON answer.
    pub(crate) async fn value(&self, event: Value) -> Value {
        let (bytes, error) = self.answer(event).await;
        assert_eq!(error, None);
        serde_json::from_slice(&bytes).expect("JSON")
    }

    /// Invokes and expects a failure; gives the request id and the error's JSON.
    pub(crate) async fn failure(&self, event: Value) -> (String, Value) {
        let response = self.try_invoke(event).await.expect("an answer");
        let id = response.request_id.clone();
        let (bytes, error) = collect(response).await;
        assert_eq!(bytes, "");
        let error = error.expect("a function error");
        assert_eq!(error.kind, "Unhandled");
        (id, serde_json::from_slice(&error.payload).expect("JSON"))
    }
}

pub(crate) async fn collect(response: Response) -> (Bytes, Option<FunctionError>) {
    timeout(PATIENCE, response.body.collect()).await.expect("an end")
}

pub(crate) fn payload(event: &Value) -> Bytes {
    event.to_string().into()
}

/// The probe on `lambda_runtime`, with arguments.
pub(crate) fn bootstrap_probe(arguments: &[&str]) -> RawFunction {
    example("bootstrap_probe", arguments)
}

/// The probe that speaks the Runtime API by itself, with steps to do first.
pub(crate) fn runtime_probe(first: &Value) -> RawFunction {
    example("runtime_probe", &[&first.to_string()])
}

fn example(name: &str, arguments: &[&str]) -> RawFunction {
    // Cargo builds examples for integration tests, in a folder beside that of the tests.
    let test = std::env::current_exe().expect("the test's path");
    let target = test.ancestors().nth(2).expect("the target folder");
    let path: PathBuf = target.join("examples").join(name);
    assert!(path.exists(), "{} is not built; run the tests with cargo", path.display());
    let mut command = vec![path.to_str().expect("a UTF-8 path").to_owned()];
    command.extend(arguments.iter().map(|&argument| argument.to_owned()));
    RawFunction { command, timeout: Some(5.0), ..RawFunction::default() }
}

/// An address that functions knock at and wait, until the test lets them pass.
pub(crate) struct Gate {
    listener: TcpListener,
}

impl Gate {
    pub(crate) async fn new() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.expect("a port") }
    }

    pub(crate) fn address(&self) -> String {
        self.listener.local_addr().expect("an address").to_string()
    }

    /// Waits for the next function that knocks.
    pub(crate) async fn knock(&self) -> Visitor {
        let accepted = timeout(PATIENCE, self.listener.accept()).await.expect("a knock");
        Visitor { stream: accepted.expect("a connection").0 }
    }
}

/// A process that waits at a gate.
pub(crate) struct Visitor {
    stream: TcpStream,
}

impl Visitor {
    /// Lets it do one step.
    pub(crate) async fn pass(&mut self) {
        self.stream.write_all(b"!").await.expect("a waiting process");
    }

    /// Waits until the process has gone, which closes the connection.
    pub(crate) async fn gone(mut self) {
        let mut byte = [0];
        let read = timeout(PATIENCE, self.stream.read(&mut byte)).await.expect("an end");
        assert!(matches!(read, Ok(0) | Err(_)), "the process has said something");
    }
}

/// The lines that functions have printed.
#[derive(Clone, Default)]
pub(crate) struct Log {
    lines: Arc<Mutex<Vec<LogLine>>>,
    changed: Arc<watch::Sender<()>>,
}

impl Log {
    fn sink(&self) -> Arc<dyn Fn(LogLine) + Send + Sync> {
        let log = self.clone();
        Arc::new(move |line| {
            log.lines.lock().expect("no panic").push(line);
            log.changed.send_replace(());
        })
    }

    pub(crate) fn lines(&self) -> Vec<LogLine> {
        self.lines.lock().expect("no panic").clone()
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.lines().into_iter().map(|line| line.text).collect()
    }

    /// Waits for a line that contains a text.
    pub(crate) async fn wait_for(&self, text: &str) -> LogLine {
        let mut changed = self.changed.subscribe();
        let found = timeout(PATIENCE, async {
            loop {
                if let Some(line) = self.lines().into_iter().find(|line| line.text.contains(text)) {
                    return line;
                }
                changed.changed().await.expect("a log");
            }
        });
        match found.await {
            Ok(line) => line,
            Err(_) => panic!("no line {text:?} in {:?}", self.texts()),
        }
    }
}

/// Whether a process exists, be it as a zombie.
pub(crate) fn exists(process: &Value) -> bool {
    let id = process.as_i64().and_then(|id| i32::try_from(id).ok()).expect("a process id");
    let id = rustix::process::Pid::from_raw(id).expect("a process id");
    rustix::process::test_kill_process(id).is_ok()
}
