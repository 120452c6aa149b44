//! What a function returned, understood by its mode and made into an MCP result.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::invoke::context::Caller;
use crate::invoke::{Subject, failure};
use crate::port::Answer;
use crate::protocol::error::{Code, RpcError};
use crate::protocol::json;
use crate::protocol::limits;
use crate::protocol::render::Present;
use crate::registration::listing::ObjectText;
use crate::registration::{InvokeMode, Tool};

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

/// All members by which a function's answer is recognised.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    #[serde(borrow, default)]
    result_type: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "json::raw_present")]
    structured_content: Option<&'a RawValue>,
    #[serde(default)]
    is_error: Option<bool>,
    #[serde(borrow, default, rename = "_meta")]
    meta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    ttl_ms: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cache_scope: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input_requests: Option<&'a RawValue>,
    #[serde(default)]
    request_state: Option<String>,
    #[serde(borrow, default)]
    contents: Option<&'a RawValue>,
    #[serde(borrow, default)]
    messages: Option<&'a RawValue>,
    #[serde(borrow, default)]
    status_code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
    #[serde(default)]
    is_base64_encoded: bool,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
}

impl<'a> Shape<'a> {
    fn of(text: &'a str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    fn present(&self) -> Present {
        Present {
            result_type: self.result_type.is_some(),
            meta: self.meta.is_some(),
            cache: self.ttl_ms.is_some() || self.cache_scope.is_some(),
        }
    }

    /// The status of an HTTP answer; some write the number as a string.
    fn status(&self) -> Option<u16> {
        self.status_code?.get().trim_matches('"').parse().ok()
    }

    fn input_required(&self) -> Option<Result<InputRequired, RpcError>> {
        (self.result_type?.get() == r#""input_required""#).then(|| self.read_input())
    }

    fn read_input(&self) -> Result<InputRequired, RpcError> {
        let broken =
            || RpcError::new(Code::Internal, "the function asked in a form that is not valid");
        let raw = self.input_requests.map_or("{}", RawValue::get);
        let pairs: std::collections::BTreeMap<String, Embedded<'_>> =
            serde_json::from_str(raw).map_err(|_| broken())?;
        let request = |(key, embedded): (String, Embedded<'_>)| InputRequest {
            key,
            method: embedded.method,
            params: embedded.params.map(ToOwned::to_owned),
        };
        let requests: Vec<_> = pairs.into_iter().map(request).collect();
        let state = self.request_state.clone();
        let too_much = requests.len() > limits::MAX_INPUT_REQUESTS
            || state.as_ref().is_some_and(|state| state.len() > limits::MAX_REQUEST_STATE_BYTES);
        let nothing = requests.is_empty() && state.is_none();
        if too_much || nothing { Err(broken()) } else { Ok(InputRequired { requests, state }) }
    }
}

#[derive(Deserialize)]
struct Embedded<'a> {
    method: String,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

/// Understands an answer.
pub fn understand(subject: &Subject<'_>, caller: &Caller<'_>, answer: Answer) -> Outcome {
    if answer.failed {
        return failure::of_function(subject, caller, &answer.payload);
    }
    if answer.payload.len() > limits::MAX_RESULT_BYTES {
        return failure::of_function(subject, caller, &crate::invoke::stream::too_large());
    }
    let payload = trimmed(&answer.payload);
    let Ok(text) = std::str::from_utf8(&payload) else {
        return failure::of_function(subject, caller, br#"{"errorType":"NotText"}"#);
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
    fn tool(&self, mode: InvokeMode, text: &str) -> Outcome {
        match mode {
            InvokeMode::Auto | InvokeMode::Stream | InvokeMode::ApigwV2 => self.auto(text),
            InvokeMode::Raw | InvokeMode::Agentcore => {
                own(text_members(text, self.promised(text), false))
            }
            InvokeMode::Seed => self.seed(text),
            InvokeMode::Converse => self.converse(text),
            InvokeMode::Jsonrpc => self.jsonrpc(text),
        }
    }

    /// The rules a to c of the mapping: a result, an HTTP answer, anything else.
    fn auto(&self, text: &str) -> Outcome {
        let shape = Shape::of(text);
        if let Some(asked) = shape.input_required() {
            return asked.map_or_else(Outcome::Error, Outcome::InputRequired);
        }
        if shape.content.is_some_and(is_content) {
            return self.foreign(text, &shape);
        }
        match shape.status() {
            Some(status) if shape.body.is_some() => self.http(status, &shape),
            status => self.anything(text, status.is_some_and(|status| status >= 400)),
        }
    }

    fn http(&self, status: u16, shape: &Shape<'_>) -> Outcome {
        let is_error = status >= 400;
        let body = body_text(shape);
        let inner = Shape::of(&body);
        if inner.content.is_some_and(is_content) && !(is_error && inner.is_error != Some(true)) {
            return self.foreign(&body, &inner);
        }
        if inner.content.is_some_and(is_content) {
            let content = inner.content.map_or("[]", RawValue::get);
            return own(format!(r#""content":{content},"isError":true"#));
        }
        match json::first(&body) {
            Some(b'{' | b'[') if serde_json::from_str::<&RawValue>(&body).is_ok() => {
                self.anything(&body, is_error)
            }
            _ => own(text_members(&body, None, is_error)),
        }
    }

    /// Any JSON: its text, and itself as structured content. What is no JSON is a text.
    fn anything(&self, text: &str, is_error: bool) -> Outcome {
        if let Ok(string) = serde_json::from_str::<String>(text) {
            let structured = self.promised(text).filter(|_| !is_error);
            return own(text_members(&string, structured, is_error));
        }
        // Before 2026-07-28 structured content is an object.
        let fits = text.starts_with('{') || self.caller.version.is_modern();
        let structured = fits && !is_error && serde_json::from_str::<&RawValue>(text).is_ok();
        own(text_members(text, structured.then_some(text), is_error))
    }

    /// The answer as the structured content that an output schema promises.
    fn promised<'t>(&self, text: &'t str) -> Option<&'t str> {
        let Subject::Tool { tool, .. } = self.subject else { return None };
        let fits = text.starts_with('{') || self.caller.version.is_modern();
        let valid = || serde_json::from_str::<&RawValue>(text).is_ok();
        (tool.output.is_some() && fits && valid()).then_some(text)
    }

    fn foreign(&self, text: &str, shape: &Shape<'_>) -> Outcome {
        let object = if std::ptr::eq(text.as_ptr(), self.payload.as_ptr())
            && text.len() == self.payload.len()
        {
            self.payload.clone()
        } else {
            Bytes::copy_from_slice(text.as_bytes())
        };
        Outcome::Foreign { object, has: shape.present() }
    }

    /// `{statusCode, body}` where the body is a result, as an object or as its text.
    fn seed(&self, text: &str) -> Outcome {
        let shape = Shape::of(text);
        match shape.status() {
            Some(status) => self.http(status, &shape),
            None => self.broken("{statusCode, body}"),
        }
    }

    fn converse(&self, text: &str) -> Outcome {
        #[derive(Deserialize)]
        struct Block<'a> {
            #[serde(default)]
            text: Option<String>,
            #[serde(borrow, default)]
            json: Option<&'a RawValue>,
            #[serde(default)]
            image: Option<Image>,
        }
        #[derive(Deserialize)]
        struct Image {
            format: String,
            source: Source,
        }
        #[derive(Deserialize)]
        struct Source {
            bytes: String,
        }
        let shape = Shape::of(text);
        let content = shape.content.map_or("", RawValue::get);
        let Ok(blocks) = serde_json::from_str::<Vec<Block<'_>>>(content) else {
            return self.broken("a Converse tool result");
        };
        let mut structured = None;
        let block = |block: Block<'_>| match block {
            Block { text: Some(text), .. } => text_block(&text),
            Block { json: Some(value), .. } => {
                structured = Some(value.get().to_owned()).filter(|text| text.starts_with('{'));
                text_block(value.get())
            }
            Block { image: Some(image), .. } => ObjectText::new()
                .string("type", Some("image"))
                .string("data", Some(&image.source.bytes))
                .string("mimeType", Some(&format!("image/{}", image.format)))
                .finish(),
            Block { .. } => text_block(""),
        };
        let blocks: Vec<String> = blocks.into_iter().map(block).collect();
        let is_error = shape.status.is_some_and(|status| status.get() == r#""error""#);
        let mut members = format!(r#""content":[{}]"#, blocks.join(","));
        if let Some(structured) = structured.filter(|_| !is_error) {
            members.push_str(&format!(r#","structuredContent":{structured}"#));
        }
        members.push_str(&format!(r#","isError":{is_error}"#));
        own(members)
    }

    /// One JSON-RPC response: its result is ours, its error too.
    fn jsonrpc(&self, text: &str) -> Outcome {
        #[derive(Deserialize)]
        struct Error {
            code: i64,
            message: String,
        }
        let shape = Shape::of(text);
        if let Some(result) = shape.result {
            let inner = Shape::of(result.get());
            if let Some(asked) = inner.input_required() {
                return asked.map_or_else(Outcome::Error, Outcome::InputRequired);
            }
            if json::first(result.get()) == Some(b'{') {
                return self.foreign(result.get(), &inner);
            }
        }
        match shape.error.and_then(|raw| serde_json::from_str::<Error>(raw.get()).ok()) {
            Some(error) if error.code == -32602 => Outcome::Error(RpcError::params(error.message)),
            Some(error) => {
                let cause = format!("JSON-RPC error {}: {}", error.code, error.message);
                failure::of_function(self.subject, self.caller, b"{}").with_cause(Some(cause))
            }
            None => self.broken("a JSON-RPC response"),
        }
    }

    fn resource(&self, text: &str) -> Outcome {
        let Subject::Resource { uri, mime_type, .. } = self.subject else {
            return self.broken("a resource");
        };
        let shape = Shape::of(text);
        if let Some(asked) = shape.input_required() {
            return asked.map_or_else(Outcome::Error, Outcome::InputRequired);
        }
        if let Some(contents) = shape.contents {
            return match is_empty_array(contents) {
                true => Outcome::Error(RpcError::resource(uri, self.caller.version)),
                false => self.foreign(text, &shape),
            };
        }
        match shape.status() {
            Some(404) => Outcome::Error(RpcError::resource(uri, self.caller.version)),
            Some(status) if status >= 400 => failure::of_function(self.subject, self.caller, b"{}"),
            Some(_) => self.contents(uri, *mime_type, &body_text(&shape)),
            None => match serde_json::from_str::<String>(text) {
                Ok(string) => own(content_members(uri, *mime_type, &string)),
                Err(_) => self.contents(uri, *mime_type, text),
            },
        }
    }

    fn contents(&self, uri: &str, mime_type: Option<&str>, body: &str) -> Outcome {
        let inner = Shape::of(body);
        if inner.contents.is_some_and(|contents| !is_empty_array(contents)) {
            return self.foreign(body, &inner);
        }
        let json = matches!(json::first(body), Some(b'{' | b'['));
        let mime_type = mime_type.or(if json { Some("application/json") } else { None });
        own(content_members(uri, mime_type, body))
    }

    fn prompt(&self, text: &str) -> Outcome {
        let shape = Shape::of(text);
        if let Some(asked) = shape.input_required() {
            return asked.map_or_else(Outcome::Error, Outcome::InputRequired);
        }
        if shape.messages.is_some() {
            return self.foreign(text, &shape);
        }
        let said = match shape.status() {
            Some(status) if status >= 400 => {
                return failure::of_function(self.subject, self.caller, b"{}");
            }
            Some(_) => {
                let body = body_text(&shape);
                let inner = Shape::of(&body);
                if inner.messages.is_some() {
                    return self.foreign(&body, &inner);
                }
                body
            }
            None => serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned()),
        };
        let message = ObjectText::new().string("role", Some("user"));
        own(format!(r#""messages":[{}]"#, message.text("content", &text_block(&said)).finish()))
    }

    fn completion(&self, text: &str) -> Outcome {
        #[derive(Default, Deserialize)]
        struct Completion {
            #[serde(default)]
            values: Vec<String>,
            #[serde(default)]
            total: Option<u64>,
            #[serde(default, rename = "hasMore")]
            has_more: Option<bool>,
        }
        #[derive(Deserialize)]
        struct Holder<'a> {
            #[serde(borrow, alias = "completion", alias = "body")]
            result: &'a RawValue,
        }
        let mut text = text;
        // The result of a JSON-RPC answer holds a completion, so up to two layers are taken off.
        for _ in 0..2 {
            match serde_json::from_str::<Holder<'_>>(text) {
                Ok(holder) => text = holder.result.get(),
                Err(_) => break,
            }
        }
        let found = serde_json::from_str::<Vec<String>>(text)
            .map(|values| Completion { values, ..Completion::default() })
            .or_else(|_| serde_json::from_str::<Completion>(text));
        match found {
            Ok(found) => own(completion_members(found.values, found.total, found.has_more)),
            Err(_) => self.broken("a list of values"),
        }
    }

    /// Requires what the output schema promises.
    fn checked(&self, tool: &Tool, outcome: Outcome) -> Outcome {
        let Some(schema) = &tool.output else { return outcome };
        let text = match &outcome {
            Outcome::Foreign { object, .. } => String::from_utf8_lossy(object).into_owned(),
            Outcome::Own { members, .. } => format!("{{{members}}}"),
            Outcome::InputRequired(_) | Outcome::Error(_) => return outcome,
        };
        let shape = Shape::of(&text);
        if shape.is_error == Some(true) {
            return outcome;
        }
        let Some(structured) = shape.structured_content else {
            // Legacy revisions see no output schema that is not an object's.
            if !self.caller.version.is_modern() && !is_object_schema(schema.raw()) {
                return outcome;
            }
            let why = "returned no structured content, which its output schema promises";
            return error_text(&format!("{}: the function {why}", tool.name));
        };
        match schema.check(structured.get()) {
            Ok(()) => outcome,
            Err(mismatch) => error_text(&format!(
                "{}: the function's answer does not fit its output schema at {:?}",
                tool.name, mismatch.path
            ))
            .with_cause(Some(mismatch.message)),
        }
    }

    fn broken(&self, expected: &str) -> Outcome {
        let cause = format!("the function returned something else than {expected}");
        failure::of_function(self.subject, self.caller, b"{}").with_cause(Some(cause))
    }
}

/// Whether a value is an array of content blocks.
fn is_content(raw: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Block<'a> {
        #[serde(borrow, rename = "type")]
        _kind: json::Text<'a>,
    }
    serde_json::from_str::<Vec<Block<'_>>>(raw.get()).is_ok()
}

fn is_empty_array(raw: &RawValue) -> bool {
    serde_json::from_str::<Vec<&RawValue>>(raw.get()).is_ok_and(|elements| elements.is_empty())
}

fn is_object_schema(raw: &RawValue) -> bool {
    let value: Result<Value, _> = serde_json::from_str(raw.get());
    value.is_ok_and(|value| value.get("type").and_then(Value::as_str) == Some("object"))
}

/// The body of an HTTP answer: a string's content, or the JSON text of anything else.
fn body_text(shape: &Shape<'_>) -> String {
    let Some(raw) = shape.body else { return String::new() };
    let text = serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned());
    if !shape.is_base64_encoded {
        return text;
    }
    let decoded = STANDARD.decode(&text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.unwrap_or(text)
}

fn text_block(text: &str) -> String {
    ObjectText::new().string("type", Some("text")).string("text", Some(text)).finish()
}

fn content_members(uri: &str, mime_type: Option<&str>, text: &str) -> String {
    let block = ObjectText::new().string("uri", Some(uri)).string("mimeType", mime_type);
    format!(r#""contents":[{}]"#, block.string("text", Some(text)).finish())
}

/// The members of a completion result, bounded as the specification says.
pub fn completion_members(
    mut values: Vec<String>,
    total: Option<u64>,
    has_more: Option<bool>,
) -> String {
    let count = values.len();
    values.truncate(limits::MAX_COMPLETION_VALUES);
    let listed: Vec<String> = values.iter().map(|value| json::string(value)).collect();
    let total = total.unwrap_or(count as u64);
    let has_more = has_more.unwrap_or(total > listed.len() as u64);
    format!(
        r#""completion":{{"values":[{}],"total":{total},"hasMore":{has_more}}}"#,
        listed.join(",")
    )
}
