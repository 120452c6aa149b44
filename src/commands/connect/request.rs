//! A client's request, and the headers in which 2026-07-28 repeats it.

use http::{HeaderName, HeaderValue};
use mcp_lambda_runtime::protocol::header;
use serde_json::Value;

use crate::client::mcp::{MCP_METHOD, MCP_NAME, PROTOCOL_VERSION};
use crate::client::message::Envelope;

/// The `_meta` member that says which revision a request is of.
const REVISION: &str = "io.modelcontextprotocol/protocolVersion";

/// A request, read.
pub(super) struct Request<'a> {
    pub(super) id: &'a str,
    pub(super) method: String,
    pub(super) params: Value,
    /// As the client wrote it.
    pub(super) text: &'a str,
}

impl<'a> Request<'a> {
    /// Reads a message that is one.
    pub(super) fn of(id: &'a str, message: &Envelope<'_>, text: &'a str) -> Self {
        let params = message.params.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let method = message.method.as_deref().unwrap_or_default().to_owned();
        Self { id, method, params: params.unwrap_or_default(), text }
    }

    /// The revision that it says it is of.
    pub(super) fn revision(&self) -> Option<&str> {
        self.params["_meta"][REVISION].as_str()
    }

    /// What it repeats in headers (2026-07-28, basic/transports, "Standard Request Headers"), but
    /// for arguments; nothing for older revisions.
    pub(super) fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let Some(revision) = self.revision() else { return Vec::new() };
        let member = match self.method.as_str() {
            "tools/call" | "prompts/get" => Some("name"),
            "resources/read" => Some("uri"),
            _ => None,
        };
        let name = member.map(|member| self.params[member].as_str().unwrap_or_default());
        let all = [
            (PROTOCOL_VERSION, Some(revision.into())),
            (MCP_METHOD, Some(self.method.as_str().into())),
            (MCP_NAME, name.map(header::encode)),
        ];
        let value = |text: std::borrow::Cow<'_, str>| HeaderValue::try_from(text.as_ref()).ok();
        all.into_iter().filter_map(|(name, text)| Some((name, value(text?)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &[(&str, &str)]) {
        let message = Envelope::read(line).expect("an object");
        let headers = Request::of("1", &message, line).headers();
        let told: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().expect("ASCII")))
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn headers_by_method() {
        let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
        let version = ("mcp-protocol-version", "2026-07-28");
        let of = |method: &str, more: &str| {
            format!(r#"{{"id":1,"method":"{method}","params":{{{more}{meta}}}}}"#)
        };
        check(&of("tools/list", ""), &[version, ("mcp-method", "tools/list")]);
        let call = of("tools/call", r#""name":"a","#);
        check(&call, &[version, ("mcp-method", "tools/call"), ("mcp-name", "a")]);
        let read = of("resources/read", r#""uri":"a://\u00e9","#);
        let name = ("mcp-name", "=?base64?YTovL8Op?=");
        check(&read, &[version, ("mcp-method", "resources/read"), name]);
        check(r#"{"id":1,"method":"tools/call","params":{"name":"a"}}"#, &[]);
        check(r#"{"id":1,"method":"ping"}"#, &[]);
    }
}
