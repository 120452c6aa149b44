//! An example as a child process, and an HTTP client for it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use mcp_lambda_test_support::example;
use mcp_lambda_test_support::lines::Lines;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::{HeaderMap, Request};

/// How long a start, an end or an answer may take on a machine that is busy.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// An example without input, arguments and a surrounding that would choose its mode.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(example(name));
    command.stdin(Stdio::null()).env_remove("AWS_LAMBDA_RUNTIME_API");
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("NO_PROXY", "127.0.0.1,localhost");
    command
}

/// A running HTTP server. It is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    url: String,
    errors: Lines,
    agent: Agent,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The messages of an event stream.
    pub(crate) fn events(&self) -> Vec<Value> {
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).expect("JSON")).collect()
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Server {
    /// Starts an example in HTTP mode on a free port.
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Self {
        Self::start_with(name, arguments, &[])
    }

    /// The same with variables.
    pub(crate) fn start_with(name: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = program(name);
        command.args(["--mode", "http", "--listen", "127.0.0.1:0"]).args(arguments);
        command.envs(variables.iter().copied()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let errors = Lines::read(child.stderr.take().expect("it is piped"));
        let line = errors.find(LIMIT, |line| line.contains("listens at"));
        let line = line.unwrap_or_else(|| panic!("it does not start: {}", errors.text()));
        let url = line.rsplit(' ').next().expect("a URL").trim_end_matches("/mcp").to_owned();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(LIMIT))
            .build();
        Self { child, url, errors, agent: config.new_agent() }
    }

    /// The URL of the mount, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Without the mount.
    pub(crate) fn origin(&self) -> String {
        self.url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
    }

    /// Everything that it said.
    pub(crate) fn said(&self) -> String {
        self.errors.text()
    }

    /// Sends a request to a URL.
    pub(crate) fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(url);
        request = request.header("accept", "application/json, text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match body {
            None => self.agent.run(request.body(()).expect("a request")),
            Some(body) => {
                let request = request.header("content-type", "application/json");
                self.agent.run(request.body(body.to_string()).expect("a request"))
            }
        };
        let (parts, mut body) = response.expect("an answer").into_parts();
        let body = body.read_to_string().expect("text");
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// The lines of an event stream.
    pub(crate) fn open(&self, path: &str) -> impl Iterator<Item = String> + use<> {
        let opened = self.agent.get(format!("{}{path}", self.url)).call();
        let reader = BufReader::new(opened.expect("a stream").into_body().into_reader());
        reader.lines().map(|line| line.expect("a line"))
    }

    /// Posts a message to `/mcp`.
    pub(crate) fn post(&self, headers: &[(&str, &str)], message: &Value) -> Reply {
        self.send("POST", &format!("{}/mcp", self.url), headers, Some(message))
    }

    /// A request of an older revision without a session: its result.
    pub(crate) fn ask(&self, method: &str, params: &Value) -> Value {
        let answer = self.post(&[], &rpc(method, params)).json();
        assert!(answer.get("result").is_some(), "{answer}");
        answer["result"].clone()
    }

    /// The error of such a request.
    pub(crate) fn fail(&self, method: &str, params: &Value) -> Value {
        let answer = self.post(&[], &rpc(method, params)).json();
        assert!(answer.get("error").is_some(), "{answer}");
        answer["error"].clone()
    }

    /// Calls a tool without a session.
    pub(crate) fn call(&self, tool: &str, arguments: &Value) -> Value {
        self.ask("tools/call", &json!({ "name": tool, "arguments": arguments }))
    }

    /// A request of 2026-07-28 by a client that can do this: its answer.
    pub(crate) fn modern(&self, method: &str, params: &Value, capabilities: &Value) -> Value {
        let (message, headers) = modern(method, params, capabilities);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.post(&headers, &message).json()
    }

    /// Begins a session of the newest revision that has any; its id.
    pub(crate) fn begin(&self, capabilities: &Value) -> String {
        let params = json!({
            "protocolVersion": "2025-11-25", "capabilities": capabilities,
            "clientInfo": { "name": "test", "version": "1" }
        });
        let reply = self.post(&[], &rpc("initialize", &params));
        reply.header("mcp-session-id").expect("a session").to_owned()
    }

    /// Calls a tool in a session.
    pub(crate) fn call_in(&self, session: &str, tool: &str, arguments: &Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments });
        self.post(&[("mcp-session-id", session)], &rpc("tools/call", &params)).json()
    }

    /// Stops it as a supervisor would, and asserts a clean end.
    pub(crate) fn stop(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
        assert!(self.errors.ended(LIMIT), "it does not end: {}", self.said());
        let status = self.child.wait().expect("it can be waited for");
        assert_eq!(status.code(), Some(0), "{}", self.said());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Either is refused only if it has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A JSON-RPC request.
pub(crate) fn rpc(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

/// A request of 2026-07-28 with its headers.
pub(crate) fn modern(
    method: &str,
    params: &Value,
    capabilities: &Value,
) -> (Value, Vec<(&'static str, String)>) {
    let mut params = params.clone();
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": capabilities
    });
    let named = params.get("name").or(params.get("uri")).and_then(Value::as_str);
    let mut headers =
        vec![("mcp-protocol-version", "2026-07-28".to_owned()), ("mcp-method", method.to_owned())];
    headers.extend(named.map(|name| ("mcp-name", name.to_owned())));
    (rpc(method, &params), headers)
}

/// The first text of a tool's result.
pub(crate) fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {result}"))
}

/// An example that speaks over its standard input and output.
pub(crate) struct Pipe {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines,
    errors: Lines,
}

impl Pipe {
    /// Starts an example in stdio mode.
    pub(crate) fn start(name: &str) -> Self {
        let mut command = program(name);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // No mode is named: a pipe means stdio.
        let mut child = command.spawn().expect("the program starts");
        let output = Lines::read(child.stdout.take().expect("it is piped"));
        let errors = Lines::read(child.stderr.take().expect("it is piped"));
        Self { input: child.stdin.take(), child, output, errors }
    }

    /// Writes a line.
    pub(crate) fn write(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it is open");
        input.write_all(format!("{line}\n").as_bytes()).expect("it reads");
    }

    /// The first message that is looked for.
    pub(crate) fn find(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let parse = |line: &str| serde_json::from_str::<Value>(line).expect("every line is JSON");
        let line = self.output.find(LIMIT, |line| wanted(&parse(line)));
        parse(&line.unwrap_or_else(|| panic!("nothing of it in {}", self.output.text())))
    }

    /// Sends a request with an id and waits for its answer.
    pub(crate) fn request(&mut self, id: u64, method: &str, params: &Value) -> Value {
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.write(&message.to_string());
        self.find(|message| message["id"] == id && message.get("method").is_none())
    }

    /// Ends the input, and asserts a clean end; everything that was written on both ways.
    pub(crate) fn end(mut self) -> (Vec<String>, String) {
        self.input = None;
        assert!(self.output.ended(LIMIT), "it does not end");
        let status = self.child.wait().expect("it can be waited for");
        self.errors.ended(LIMIT);
        assert_eq!(status.code(), Some(0), "{}", self.errors.text());
        (self.output.all(), self.errors.text())
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
