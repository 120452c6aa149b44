//! The requests that are measured, the same bytes for every server.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::catalog;

/// How clients speak.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Era {
    /// 2026-07-28: no handshake, every request describes itself.
    Modern,
    /// 2025-11-25: a handshake, and a session where the server gives one.
    Legacy,
}

impl Era {
    /// The revision.
    pub fn version(self) -> &'static str {
        match self {
            Self::Modern => "2026-07-28",
            Self::Legacy => "2025-11-25",
        }
    }

    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Modern => "modern",
            Self::Legacy => "legacy",
        }
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// `tools/list`, the first page.
    List,
    /// `tools/call` of a tool that says back its text.
    Call,
    /// `tools/call` of a tool whose function returns an MCP result of 100 KB.
    CallLarge,
    /// `tools/call` without a required argument.
    BadArguments,
    /// `resources/read` of a fixed resource of 1.6 KB.
    Read,
    /// `prompts/get` of a fixed prompt.
    Prompt,
    /// `ping`, which only legacy revisions have.
    Ping,
    /// A method that does not exist.
    Unknown,
}

impl Case {
    /// The words in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "tools/list",
            Self::Call => "tools/call",
            Self::CallLarge => "tools/call, 100 KB answer",
            Self::BadArguments => "tools/call, bad arguments",
            Self::Read => "resources/read",
            Self::Prompt => "prompts/get",
            Self::Ping => "ping",
            Self::Unknown => "unknown method",
        }
    }

    fn method(self) -> &'static str {
        match self {
            Self::List => "tools/list",
            Self::Call | Self::CallLarge | Self::BadArguments => "tools/call",
            Self::Read => "resources/read",
            Self::Prompt => "prompts/get",
            Self::Ping => "ping",
            Self::Unknown => "tools/unknown",
        }
    }

    /// What every right answer holds; nothing is measured whose answer lacks it.
    pub fn marker(self) -> &'static str {
        match self {
            Self::List => "\"tool_00001\"",
            Self::Call => "a valley in the north",
            Self::CallLarge => "xxxxxxxxxxxxxxxx",
            Self::BadArguments => "\"isError\":true",
            Self::Read => "mountain, written as people",
            Self::Prompt => "Introduce the tools of this server to children.",
            Self::Ping => "\"result\":{",
            Self::Unknown => "-32601",
        }
    }

    /// The parameters, with what has to stand in the `Mcp-Name` header.
    fn params(self, tool: usize) -> (Value, Option<String>) {
        let call = |name: String, arguments: Value| {
            (json!({"name": name, "arguments": arguments}), Some(name))
        };
        let arguments = json!({"text": Self::Call.marker(), "days": 3, "units": "metric"});
        match self {
            Self::List | Self::Ping | Self::Unknown => (json!({}), None),
            Self::Call => call(catalog::tool_name(tool), arguments),
            Self::CallLarge => call(catalog::LARGE_TOOL.to_owned(), arguments),
            Self::BadArguments => call(catalog::tool_name(tool), json!({"days": 3})),
            Self::Read => (json!({"uri": catalog::RESOURCE}), Some(catalog::RESOURCE.to_owned())),
            Self::Prompt => call(catalog::PROMPT.to_owned(), json!({"audience": "children"})),
        }
    }
}

/// A POST, ready to be sent in process or over a connection.
#[derive(Clone, Debug)]
pub struct Exchange {
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Exchange {
    /// A request of a case; calls name the tool of a number.
    pub fn new(case: Case, era: Era, tool: usize, session: Option<&str>) -> Self {
        let (params, name) = case.params(tool);
        Self::of(era, case.method(), params, (name, session))
    }

    /// A page of `tools/list`.
    pub fn page(era: Era, cursor: Option<&str>, session: Option<&str>) -> Self {
        let params = cursor.map_or(json!({}), |cursor| json!({"cursor": cursor}));
        Self::of(era, "tools/list", params, (None, session))
    }

    /// The beginning of a legacy session.
    pub fn initialize() -> Self {
        let params = json!({
            "protocolVersion": Era::Legacy.version(),
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1"}
        });
        Self::of(Era::Legacy, "initialize", params, (None, None))
    }

    /// The end of the handshake.
    pub fn initialized(session: &str) -> Self {
        let mut exchange = Self::of(Era::Legacy, "", json!({}), (None, Some(session)));
        exchange.body = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.into();
        exchange
    }

    /// A registration for `POST /register`.
    pub fn registration(document: &Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { headers, body: document.to_string().into() }
    }

    /// A call whose answer is streamed, with a token for reports of progress.
    pub fn streamed(era: Era, tool: usize) -> Self {
        let (mut params, name) = Case::Call.params(tool);
        params["_meta"] = json!({"progressToken": 1});
        Self::of(era, "tools/call", params, (name, None))
    }

    fn of(
        era: Era,
        method: &str,
        mut params: Value,
        (name, session): (Option<String>, Option<&str>),
    ) -> Self {
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("accept", "application/json, text/event-stream".to_owned()),
            ("mcp-protocol-version", era.version().to_owned()),
        ];
        if era == Era::Modern {
            headers.push(("mcp-method", method.to_owned()));
            headers.extend(name.map(|name| ("mcp-name", name)));
            let (info, capabilities) = (json!({"name": "bench", "version": "1"}), json!({}));
            let meta = &mut params["_meta"];
            meta["io.modelcontextprotocol/protocolVersion"] = era.version().into();
            meta["io.modelcontextprotocol/clientInfo"] = info;
            meta["io.modelcontextprotocol/clientCapabilities"] = capabilities;
        }
        headers.extend(session.map(|session| ("mcp-session-id", session.to_owned())));
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        Self { headers, body: body.to_string().into() }
    }

    /// Its headers.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.headers.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Its body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// For a server in this process.
    pub fn to_request(&self) -> Request<Bytes> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = http::Uri::from_static("/mcp");
        let headers = request.headers_mut();
        headers.insert(http::header::HOST, HeaderValue::from_static("127.0.0.1:8765"));
        for (name, value) in &self.headers {
            let value = HeaderValue::from_str(value).expect("all values are visible ASCII");
            headers.insert(HeaderName::from_static(name), value);
        }
        request
    }

    /// For a server behind a connection.
    pub fn to_bytes(&self, path: &str) -> Vec<u8> {
        let mut head = format!("POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n");
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
