//! Results of tools, by invoke mode.
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::invoke::outcome::shape::{BodyText, Shape, body_of, is_content, is_empty_array};
use crate::invoke::outcome::{Outcome, Reader, error_text, own, text_block, text_members};
use crate::invoke::{Subject, failure};
use crate::protocol::error::RpcError;
use crate::protocol::json;
use crate::registration::listing::ObjectText;
use crate::registration::{InvokeMode, Tool};

impl Reader<'_> {
    pub(super) fn tool(&self, mode: InvokeMode, text: &str) -> Outcome {
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
        let body = match body_of(shape) {
            BodyText::Text(body) => body,
            BodyText::Binary(data) => return own(self.binary(shape, &data, is_error)),
        };
        let inner = Shape::of(&body);
        if let Some(asked) = inner.input_required() {
            return asked.map_or_else(Outcome::Error, Outcome::InputRequired);
        }
        if (inner.is_failure() || !is_error) && inner.content.is_some_and(is_content) {
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

    /// The members of a result that is no text: an image, a sound, or an embedded resource.
    fn binary(&self, shape: &Shape<'_>, data: &str, is_error: bool) -> String {
        let media_type =
            shape.media_type().unwrap_or_else(|| "application/octet-stream".to_owned());
        let media = |kind: &str| {
            let block = ObjectText::new().string("type", Some(kind)).string("data", Some(data));
            block.string("mimeType", Some(&media_type)).finish()
        };
        let block = match media_type.split('/').next() {
            Some("image") => media("image"),
            Some("audio") => media("audio"),
            _ => {
                let uri =
                    format!("mcp-lambda://{}/{}", self.subject.name(), self.caller.correlation);
                let resource = ObjectText::new().string("uri", Some(&uri));
                let resource = resource.string("mimeType", Some(&media_type));
                let resource = resource.string("blob", Some(data)).finish();
                let block = ObjectText::new().string("type", Some("resource"));
                block.text("resource", &resource).finish()
            }
        };
        format!(r#""content":[{block}],"isError":{is_error}"#)
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
        let Ok(blocks) = serde_json::from_str::<Vec<json::Object<Block<'_>>>>(content) else {
            return self.broken("a Converse tool result");
        };
        let mut structured = None;
        let block = |json::Object(block): json::Object<Block<'_>>| match block {
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
    pub(super) fn jsonrpc(&self, text: &str) -> Outcome {
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
            if inner.contents.is_some_and(is_empty_array) {
                return self.not_found();
            }
            if json::first(result.get()) == Some(b'{') {
                return self.foreign(result.get(), &inner);
            }
        }
        match shape.error.and_then(|raw| json::object::<Error>(raw.get()).ok()) {
            Some(error) if error.code == -32002 => self.not_found(),
            Some(error) if error.code == -32602 => match self.subject {
                Subject::Resource { .. } => self.not_found(),
                Subject::Tool { .. } | Subject::Prompt { .. } | Subject::Completion { .. } => {
                    Outcome::Error(RpcError::params(failure::sanitised(&error.message)))
                }
            },
            Some(error) => {
                let cause = format!("JSON-RPC error {}: {}", error.code, error.message);
                failure::of_function(self.subject, self.caller, b"{}").with_cause(Some(cause))
            }
            None => self.broken("a JSON-RPC response"),
        }
    }

    /// Requires what the output schema promises.
    pub(super) fn checked(&self, tool: &Tool, outcome: Outcome) -> Outcome {
        let Some(schema) = &tool.output else { return outcome };
        let text = match &outcome {
            Outcome::Foreign { object, .. } => String::from_utf8_lossy(object).into_owned(),
            Outcome::Own { members, .. } => format!("{{{members}}}"),
            Outcome::InputRequired(_) | Outcome::Error(_) => return outcome,
        };
        let shape = Shape::of(&text);
        if shape.is_failure() {
            return outcome;
        }
        let Some(structured) = shape.structured_content else {
            // Legacy revisions see no output schema that is not an object's.
            if !self.caller.version.is_modern() && !schema.describes_object() {
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
}
