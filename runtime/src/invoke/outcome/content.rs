//! Contents of resources, messages of prompts, values of completions.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::invoke::outcome::shape::{BodyText, Shape, body_of, is_empty_array};
use crate::invoke::outcome::{Outcome, Reader, own, text_block};
use crate::invoke::{Subject, failure};
use crate::protocol::json;
use crate::protocol::limits;
use crate::registration::listing::ObjectText;

impl Reader<'_> {
    pub(super) fn resource(&self, text: &str) -> Outcome {
        let Subject::Resource { uri, mime_type, .. } = self.subject else {
            return self.broken("a resource");
        };
        let shape = Shape::of(text);
        if let Some(asked) = shape.input_required() {
            return asked.map_or_else(Outcome::Error, Outcome::InputRequired);
        }
        if let Some(contents) = shape.contents {
            return match is_empty_array(contents) {
                true => self.not_found(),
                false => self.foreign(text, &shape),
            };
        }
        match shape.status() {
            Some(404) => self.not_found(),
            Some(status) if status >= 400 => failure::of_function(self.subject, self.caller, b"{}"),
            Some(_) => match body_of(&shape) {
                BodyText::Text(body) => self.contents(uri, *mime_type, &body),
                BodyText::Binary(data) => {
                    let block = ObjectText::new().string("uri", Some(uri));
                    let block =
                        block.string("mimeType", mime_type.or(shape.media_type().as_deref()));
                    own(format!(r#""contents":[{}]"#, block.string("blob", Some(&data)).finish()))
                }
            },
            None => match serde_json::from_str::<String>(text) {
                Ok(string) => own(content_members(uri, *mime_type, &string)),
                Err(_) => self.contents(uri, *mime_type, text),
            },
        }
    }

    fn contents(&self, uri: &str, mime_type: Option<&str>, body: &str) -> Outcome {
        let inner = Shape::of(body);
        if let Some(asked) = inner.input_required() {
            return asked.map_or_else(Outcome::Error, Outcome::InputRequired);
        }
        match inner.contents {
            Some(contents) if is_empty_array(contents) => return self.not_found(),
            Some(_) => return self.foreign(body, &inner),
            None => {}
        }
        let json = matches!(json::first(body), Some(b'{' | b'['));
        let mime_type = mime_type.or(if json { Some("application/json") } else { None });
        own(content_members(uri, mime_type, body))
    }

    pub(super) fn prompt(&self, text: &str) -> Outcome {
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
                let BodyText::Text(body) = body_of(&shape) else {
                    return self.broken("text");
                };
                let inner = Shape::of(&body);
                if let Some(asked) = inner.input_required() {
                    return asked.map_or_else(Outcome::Error, Outcome::InputRequired);
                }
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

    pub(super) fn completion(&self, text: &str) -> Outcome {
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
        let body: Option<String> =
            Shape::of(text).body.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let mut text = body.as_deref().unwrap_or(text);
        // The result of a JSON-RPC answer holds a completion, so up to two layers are taken off.
        for _ in 0..2 {
            match json::object::<Holder<'_>>(text) {
                Ok(holder) => text = holder.result.get(),
                Err(_) => break,
            }
        }
        let found = serde_json::from_str::<Vec<String>>(text)
            .map(|values| Completion { values, ..Completion::default() })
            .or_else(|_| json::object::<Completion>(text));
        match found {
            Ok(found) => own(completion_members(found.values, found.total, found.has_more)),
            Err(_) => self.broken("a list of values"),
        }
    }
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
