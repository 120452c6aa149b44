//! A client that reads event streams as they come.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;

/// A client of one address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client(pub(crate) SocketAddr);

/// An answer, whose body may still be on its way.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    read: String,
}

/// An event of a stream.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: String,
}

impl Client {
    /// Sends a request over a connection of its own, and waits for the answer's head.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        request = request
            .header("host", self.0.to_string())
            .header("accept", "application/json, text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            None => Bytes::new(),
            Some(body) => {
                request = request.header("content-type", "application/json");
                body.to_string().into()
            }
        };
        let request = request.body(Full::new(body)).expect("a request");
        let sending = async {
            let stream = TcpStream::connect(self.0).await.expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            let (mut sender, connection) =
                handshake(TokioIo::new(stream)).await.expect("a connection");
            tokio::spawn(connection);
            sender.send_request(request).await.expect("an answer")
        };
        let answer = timeout(PATIENCE, sending).await;
        let (parts, body) = answer.unwrap_or_else(|_| panic!("no answer: {path}")).into_parts();
        let status = parts.status.as_u16();
        Reply { status, headers: parts.headers, body, read: String::new() }
    }

    /// Posts a message to `/mcp`, in a session if one is given.
    pub(crate) async fn post(&self, session: Option<&str>, message: &Value) -> Reply {
        let headers = session.map(|session| ("mcp-session-id", session));
        self.send("POST", "/mcp", headers.as_slice(), Some(message)).await
    }

    /// Posts a request that is answered with JSON.
    pub(crate) async fn ask(&self, session: Option<&str>, message: &Value) -> Value {
        self.post(session, message).await.expect(200).await.json().await
    }

    /// Posts an answer to what the server asked.
    pub(crate) async fn reply(&self, session: &str, id: &Value, result: &Value) {
        let message = json!({"jsonrpc": "2.0", "id": id, "result": result});
        self.post(Some(session), &message).await.expect(202).await;
    }

    /// Begins a session whose client can be asked everything.
    pub(crate) async fn initialize(&self) -> String {
        let reply = self.post(None, &initialize()).await.expect(200).await;
        let id = reply.headers.get("mcp-session-id").expect("a session");
        id.to_str().expect("text").to_owned()
    }
}

impl Reply {
    /// Itself, if the status is the expected one.
    pub(crate) async fn expect(self, status: u16) -> Self {
        if self.status != status {
            let found = self.status;
            panic!("{found} and not {status}: {}", self.text().await);
        }
        self
    }

    /// Everything until the end.
    pub(crate) async fn text(mut self) -> String {
        while self.more().await {}
        self.read
    }

    /// The whole body as JSON.
    pub(crate) async fn json(self) -> Value {
        let text = self.text().await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The next event; none at the end, which must not come within one.
    pub(crate) async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let (event, rest) = (parse(event), rest.to_owned());
                self.read = rest;
                match event {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            if !self.more().await {
                assert_eq!(self.read, "", "the stream ends within an event");
                return None;
            }
        }
    }

    /// The next event, which must be a message.
    pub(crate) async fn message(&mut self) -> Value {
        let event = self.event().await.expect("a message before the end");
        assert_eq!(event.name, "message", "{event:?}");
        serde_json::from_str(&event.data).expect("JSON")
    }

    /// The address that messages of an HTTP+SSE stream go to.
    pub(crate) async fn endpoint(&mut self) -> String {
        let event = self.event().await.expect("an event");
        assert_eq!(event.name, "endpoint", "{event:?}");
        event.data
    }

    /// Asserts that nothing more comes.
    pub(crate) async fn ends(&mut self) {
        let event = self.event().await;
        assert_eq!(event, None, "after the last answer");
    }

    /// Reads a piece; false at the end.
    async fn more(&mut self) -> bool {
        let frame = timeout(PATIENCE, self.body.frame()).await.expect("a piece in time");
        let Some(frame) = frame else { return false };
        let bytes = frame.expect("the body does not break").into_data().unwrap_or_default();
        self.read.push_str(std::str::from_utf8(&bytes).expect("pieces end between characters"));
        true
    }
}

/// Nothing for a comment.
fn parse(text: &str) -> Option<Event> {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.strip_prefix(": ").map(str::to_owned)
    };
    Some(Event { name: field("event")?, data: field("data")? })
}

/// A request.
pub(crate) fn rpc(id: impl Into<Value>, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params})
}

/// A call of a tool that wants to hear of progress.
pub(crate) fn call(id: i64, tool: &str, arguments: &Value) -> Value {
    let meta = json!({"progressToken": id});
    rpc(id, "tools/call", &json!({"name": tool, "arguments": arguments, "_meta": meta}))
}

/// The beginning of a session whose client can be asked everything.
pub(crate) fn initialize() -> Value {
    let params = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {"elicitation": {}, "sampling": {}, "roots": {}},
        "clientInfo": {"name": "test", "version": "1"}
    });
    rpc(0, "initialize", &params)
}
