//! What a function returned, understood by its mode and made into an MCP result.

mod content;
mod shape;
mod tool;

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::invoke::context::Caller;
use crate::invoke::outcome::shape::Shape;
use crate::invoke::{Subject, failure};
use crate::port::Answer;
use crate::protocol::error::RpcError;
use crate::protocol::json;
use crate::protocol::limits;
use crate::protocol::render::Present;
use crate::registration::InvokeMode;
use crate::registration::listing::ObjectText;

pub use crate::invoke::outcome::content::completion_members;

/// The result of a call, before it is put into the client's revision.
#[derive(Debug)]
pub enum Outcome {
    /// A result object of the function's own, to be passed on byte for byte.
    Foreign {
        /// The object's text.
        object: Bytes,
        /// Which members it has.
        has: Present,
    },
    /// A result that was made here: the members of an object, and why, where it is a failure.
    Own {
        /// The members, without braces.
        members: String,
        /// For the log.
        cause: Option<String>,
    },
    /// The function wants to know more from the client.
    InputRequired(InputRequired),
    /// A JSON-RPC error.
    Error(RpcError),
}

/// What a function asks the client.
#[derive(Clone, Debug, Default)]
pub struct InputRequired {
    /// The embedded requests.
    pub requests: Vec<InputRequest>,
    /// The function's state, to be given back to it.
    pub state: Option<String>,
}

/// One embedded request.
#[derive(Clone, Debug)]
pub struct InputRequest {
    /// The key under which its answer is expected.
    pub key: String,
    /// Its method.
    pub method: String,
    /// Its parameters, as the function gave them.
    pub params: Option<Box<RawValue>>,
}

impl Outcome {
    /// Notes why a failure happened.
    pub fn with_cause(self, why: Option<String>) -> Self {
        match self {
            Self::Own { members, cause } => Self::Own { members, cause: cause.or(why) },
            Self::Foreign { .. } | Self::InputRequired(_) | Self::Error(_) => self,
        }
    }
}

/// A failed tool result with one text.
pub fn error_text(text: &str) -> Outcome {
    own(error_members(text))
}

/// The members of a failed tool result with one text.
pub fn error_members(text: &str) -> String {
    text_members(text, None, true)
}

fn own(members: String) -> Outcome {
    Outcome::Own { members, cause: None }
}

fn text_members(text: &str, structured: Option<&str>, is_error: bool) -> String {
    let mut members = String::with_capacity(text.len() + 80);
    members.push_str(r#""content":[{"type":"text","text":"#);
    json::write_string(&mut members, text);
    members.push_str("}]");
    if let Some(structured) = structured {
        members.push_str(r#","structuredContent":"#);
        members.push_str(structured);
    }
    members.push_str(if is_error { r#","isError":true"# } else { r#","isError":false"# });
    members
}

fn text_block(text: &str) -> String {
    ObjectText::new().string("type", Some("text")).string("text", Some(text)).finish()
}

/// Understands an answer.
pub fn understand(subject: &Subject<'_>, caller: &Caller<'_>, answer: Answer) -> Outcome {
    if answer.failed {
        return failure::of_function(subject, caller, &answer.payload);
    }
    if answer.payload.len() > limits::MAX_RESULT_BYTES {
        return failure::of_function(subject, caller, &failure::own(failure::TOO_LARGE));
    }
    let payload = trimmed(&answer.payload);
    let Ok(text) = std::str::from_utf8(&payload) else {
        return failure::of_function(subject, caller, &failure::own(failure::NOT_TEXT));
    };
    let reader = Reader { subject, caller, payload: &payload };
    match (subject, subject.target().mode) {
        (Subject::Tool { tool, .. }, mode) => reader.checked(tool, reader.tool(mode, text)),
        (Subject::Completion { .. }, _) => reader.completion(text),
        (_, InvokeMode::Jsonrpc) => reader.jsonrpc(text),
        (Subject::Resource { .. }, _) => reader.resource(text),
        (Subject::Prompt { .. }, _) => reader.prompt(text),
    }
}

/// The JSON text without white space around it; nothing at all is `null`.
fn trimmed(payload: &Bytes) -> Bytes {
    match payload.trim_ascii() {
        b"" => Bytes::from_static(b"null"),
        text => payload.slice_ref(text),
    }
}

struct Reader<'a> {
    subject: &'a Subject<'a>,
    caller: &'a Caller<'a>,
    payload: &'a Bytes,
}

impl Reader<'_> {
    fn not_found(&self) -> Outcome {
        Outcome::Error(RpcError::resource(self.subject.name(), self.caller.version))
    }

    fn foreign(&self, text: &str, shape: &Shape<'_>) -> Outcome {
        if shape.has_strange_type() {
            return self.broken("a result of a known resultType");
        }
        let object = if std::ptr::eq(text.as_ptr(), self.payload.as_ptr())
            && text.len() == self.payload.len()
        {
            self.payload.clone()
        } else {
            Bytes::copy_from_slice(text.as_bytes())
        };
        Outcome::Foreign { object, has: shape.present() }
    }

    fn broken(&self, expected: &str) -> Outcome {
        let cause = format!("the function returned something else than {expected}");
        failure::of_function(self.subject, self.caller, b"{}").with_cause(Some(cause))
    }
}
