//! JSON-RPC envelopes: one body becomes one message, a batch of messages, or a refusal.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::error::{Code, RpcError};
use crate::protocol::json::{self, Text};
use crate::protocol::limits;
use crate::protocol::meta::Meta;

/// A request's id as it was written: a string or an integer, echoed byte for byte.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct RequestId(Box<str>);

impl RequestId {
    /// Parses an id. `null`, fractions, objects and what is over [`limits::MAX_ID_BYTES`] are not
    /// ids.
    pub fn parse(raw: &RawValue) -> Option<Self> {
        let text = raw.get();
        if text.len() > limits::MAX_ID_BYTES {
            return None;
        }
        json::is_token(text).then(|| Self(text.into()))
    }

    /// An id of our own making, for a request to the client.
    pub fn from_text(text: &str) -> Self {
        Self(json::string(text).into())
    }

    /// The JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The content of a string id, or the digits of a number.
    pub fn to_text(&self) -> String {
        if !self.0.starts_with('"') {
            return self.0.to_string();
        }
        serde_json::from_str(&self.0).unwrap_or_else(|_| self.0.to_string())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One message.
#[derive(Clone, Debug)]
pub enum Message<'a> {
    /// Wants an answer.
    Request(Request<'a>),
    /// Wants none.
    Notification {
        /// Such as `notifications/initialized`.
        method: Text<'a>,
        /// As sent.
        params: Option<&'a RawValue>,
    },
    /// Answers a request of ours.
    Response(Response<'a>),
}

/// A request as sent; its method is not yet known to exist.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Echoed in the answer.
    pub id: RequestId,
    /// As sent.
    pub method: Text<'a>,
    /// As sent.
    pub params: Option<&'a RawValue>,
}

impl Request<'_> {
    /// The method and what it names, for a log.
    pub fn describe(&self, meta: &Meta<'_>) -> String {
        match meta.named() {
            Some(name) => format!("{} {name}", self.method.0),
            None => self.method.0.to_string(),
        }
    }
}

/// A client's answer to a request of ours.
#[derive(Clone, Debug)]
pub struct Response<'a> {
    /// The id that we gave.
    pub id: RequestId,
    /// The result, or the error object.
    pub outcome: Result<&'a RawValue, &'a RawValue>,
}

/// What one body holds.
#[derive(Clone, Debug)]
pub enum Body<'a> {
    /// One message.
    Single(Message<'a>),
    /// An array, its elements not yet read.
    Batch(Vec<&'a RawValue>),
}

/// Why a body or an element of a batch is refused; answered with HTTP 400.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The id where one could be read.
    pub id: Option<RequestId>,
    /// The error.
    pub error: RpcError,
}

impl Refused {
    fn new(id: Option<RequestId>, message: &'static str) -> Self {
        Self { id, error: RpcError::new(Code::InvalidRequest, message) }
    }
}

/// Reads a body.
pub fn parse(body: &[u8]) -> Result<Body<'_>, Refused> {
    let text = json::check(body).map_err(|error| Refused {
        id: None,
        error: RpcError::new(Code::Parse, error.to_string()),
    })?;
    if json::first(text) != Some(b'[') {
        return parse_message(text).map(Body::Single);
    }
    let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| not_json())?;
    match elements.len() {
        0 => Err(Refused::new(None, "a batch must hold at least one message")),
        n if n > limits::MAX_BATCH => Err(Refused::new(None, "the batch holds too many messages")),
        _ => Ok(Body::Batch(elements)),
    }
}

fn not_json() -> Refused {
    Refused { id: None, error: RpcError::new(Code::Parse, "the body is not valid JSON") }
}

/// Reads one message from checked text.
pub fn parse_message(text: &str) -> Result<Message<'_>, Refused> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        jsonrpc: Option<Text<'a>>,
        #[serde(borrow, default, deserialize_with = "json::raw_present")]
        id: Option<&'a RawValue>,
        #[serde(borrow)]
        method: Option<Text<'a>>,
        #[serde(borrow, default, deserialize_with = "json::raw_present")]
        params: Option<&'a RawValue>,
        #[serde(borrow, default, deserialize_with = "json::raw_present")]
        result: Option<&'a RawValue>,
        #[serde(borrow, default, deserialize_with = "json::raw_present")]
        error: Option<&'a RawValue>,
    }
    let envelope: Envelope<'_> = match json::object(text) {
        Ok(envelope) => envelope,
        Err(error) if error.is_data() => return Err(bad_envelope(text)),
        Err(_) => return Err(not_json()),
    };
    let id = match envelope.id {
        None => None,
        Some(raw) => Some(
            RequestId::parse(raw)
                .ok_or_else(|| Refused::new(None, "the id must be a string or an integer"))?,
        ),
    };
    if envelope.jsonrpc.as_ref().is_none_or(|version| version.0 != "2.0") {
        return Err(Refused::new(id, "jsonrpc must be \"2.0\""));
    }
    if let Some(params) = envelope.params
        && !matches!(json::first(params.get()), Some(b'{'))
    {
        return Err(Refused::new(id, "params must be an object"));
    }
    match (envelope.method, id, envelope.result, envelope.error) {
        (Some(method), id, None, None) if method.0.len() > limits::MAX_METHOD_BYTES => {
            Err(Refused::new(id, "the method name is too long"))
        }
        (Some(method), Some(id), None, None) => {
            Ok(Message::Request(Request { id, method, params: envelope.params }))
        }
        (Some(method), None, None, None) => {
            Ok(Message::Notification { method, params: envelope.params })
        }
        (None, Some(id), Some(result), None) => {
            Ok(Message::Response(Response { id, outcome: Ok(result) }))
        }
        (None, Some(id), None, Some(error)) => {
            Ok(Message::Response(Response { id, outcome: Err(error) }))
        }
        (_, id, _, _) => Err(Refused::new(id, "the body is not a JSON-RPC message")),
    }
}

/// A JSON text whose members have wrong types: the id is still worth echoing.
fn bad_envelope(text: &str) -> Refused {
    #[derive(Deserialize)]
    struct OnlyId<'a> {
        #[serde(borrow)]
        id: Option<&'a RawValue>,
    }
    let id = json::object::<OnlyId<'_>>(text).ok().and_then(|only| only.id);
    Refused::new(id.and_then(RequestId::parse), "the body is not a JSON-RPC message")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str) -> String {
        match parse(body.as_bytes()) {
            Ok(Body::Single(Message::Request(r))) => format!("request {} {}", r.id, r.method.0),
            Ok(Body::Single(Message::Notification { method, .. })) => format!("note {}", method.0),
            Ok(Body::Single(Message::Response(r))) => {
                format!("response {} {}", r.id, r.outcome.is_ok())
            }
            Ok(Body::Batch(elements)) => format!("batch {}", elements.len()),
            Err(refused) => format!(
                "{} {} {}",
                refused.id.map_or("null".to_owned(), |id| id.to_string()),
                refused.error.code.number(),
                refused.error.message
            ),
        }
    }

    #[test]
    fn messages_and_refusals() {
        let cases = [
            (r#"{"jsonrpc":"2.0","id":0,"method":"ping"}"#, "request 0 ping"),
            (
                r#"{"method":"ping","params":{},"jsonrpc":"2.0","id":"a\"b"}"#,
                r#"request "a\"b" ping"#,
            ),
            (r#"{"jsonrpc":"2.0","method":"notifications/x"}"#, "note notifications/x"),
            (r#"{"jsonrpc":"2.0","id":-3,"result":null}"#, "response -3 true"),
            (r#"{"jsonrpc":"2.0","id":"q","error":{}}"#, r#"response "q" false"#),
            ("[1,2]", "batch 2"),
            ("[]", "null -32600 a batch must hold at least one message"),
            ("", "null -32700 the body is not valid JSON"),
            ("{", "null -32700 the body is not valid JSON"),
            ("7", "null -32600 the body is not a JSON-RPC message"),
            (r#"{"id":1,"method":"ping"}"#, r#"1 -32600 jsonrpc must be "2.0""#),
            (r#"{"jsonrpc":"1.0","id":1,"method":"x"}"#, r#"1 -32600 jsonrpc must be "2.0""#),
            (
                r#"{"jsonrpc":"2.0","id":null,"method":"x"}"#,
                "null -32600 the id must be a string or an integer",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1.5,"method":"x"}"#,
                "null -32600 the id must be a string or an integer",
            ),
            (
                r#"{"jsonrpc":"2.0","id":4,"method":7}"#,
                "4 -32600 the body is not a JSON-RPC message",
            ),
            (
                r#"{"jsonrpc":"2.0","id":4,"method":"x","params":[1]}"#,
                "4 -32600 params must be an object",
            ),
            (
                r#"{"jsonrpc":"2.0","id":4,"method":"x","method":"y"}"#,
                "4 -32600 the body is not a JSON-RPC message",
            ),
            (
                r#"{"jsonrpc":"2.0","id":4,"method":"x","result":1}"#,
                "4 -32600 the body is not a JSON-RPC message",
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(check(body), expected, "{body}");
        }
    }

    #[test]
    fn ids_and_methods_at_and_above_their_bounds() {
        let id = |bytes: usize| {
            format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"x"}}"#, "a".repeat(bytes - 2))
        };
        assert!(check(&id(limits::MAX_ID_BYTES)).starts_with("request"));
        assert!(check(&id(limits::MAX_ID_BYTES + 1)).starts_with("null -32600"));
        let method = |bytes: usize| {
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{}"}}"#, "m".repeat(bytes))
        };
        assert!(check(&method(limits::MAX_METHOD_BYTES)).starts_with("request"));
        assert!(check(&method(limits::MAX_METHOD_BYTES + 1)).starts_with("1 -32600"));
    }

    #[test]
    fn batches_at_and_above_their_bound() {
        let batch = |n: usize| format!("[{}]", vec!["1"; n].join(","));
        assert_eq!(check(&batch(limits::MAX_BATCH)), format!("batch {}", limits::MAX_BATCH));
        assert!(check(&batch(limits::MAX_BATCH + 1)).starts_with("null -32600"));
    }
}
