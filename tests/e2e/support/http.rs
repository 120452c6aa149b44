//! A small HTTP client.

use std::io::{BufReader, Read};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::{HeaderMap, Request};

/// How long a request may take with its answer, streams included.
const LIMIT: Duration = Duration::from_secs(60);

/// A client of one server.
#[derive(Clone)]
pub(crate) struct Client {
    agent: Agent,
    url: String,
    authorization: Option<String>,
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

    /// Itself, if the status is the expected one.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

impl Client {
    /// A client of the server with this base URL.
    pub(crate) fn new(url: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(LIMIT))
            .build();
        Self { agent: config.new_agent(), url: url.to_owned(), authorization: None }
    }

    /// The same with a token.
    pub(crate) fn bearing(self, token: &str) -> Self {
        Self { authorization: Some(format!("Bearer {token}")), ..self }
    }

    /// Sends a request, which fails where the server goes away.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Reply, ureq::Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        request = request.header("accept", "application/json, text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let response = match body {
            None => self.agent.run(request.body(())?)?,
            Some(body) => {
                let request = request.header("content-type", "application/json");
                self.agent.run(request.body(body.to_string())?)?
            }
        };
        let (parts, mut body) = response.into_parts();
        let body = body.read_to_string()?;
        Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    /// `GET`.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], None).expect("an answer")
    }

    /// `DELETE`.
    pub(crate) fn delete(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send("DELETE", path, headers, None).expect("an answer")
    }

    /// `POST` of JSON.
    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
        self.send("POST", path, headers, Some(body)).expect("an answer")
    }

    /// Registers; the body must be accepted.
    pub(crate) fn register(&self, body: &Value) -> Value {
        self.post("/register", &[], body).expect(201).json()
    }

    /// Calls a tool without a session, as `curl` would.
    pub(crate) fn call_tool(&self, name: &str, arguments: &Value) -> Reply {
        let params = json!({"name": name, "arguments": arguments});
        self.post("/mcp", &[], &rpc("tools/call", &params))
    }

    /// Opens an event stream.
    pub(crate) fn open(&self, path: &str) -> BufReader<impl Read + use<>> {
        let response = self.agent.get(format!("{}{path}", self.url)).call().expect("an answer");
        assert_eq!(response.status(), 200);
        BufReader::new(response.into_body().into_reader())
    }
}

/// A JSON-RPC request.
pub(crate) fn rpc(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}
