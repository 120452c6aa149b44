//! Prompts that need no function: messages with `{{argument}}` in their text.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::json;

/// The messages of a static prompt.
#[derive(Debug)]
pub struct PromptText(Vec<Message>);

#[derive(Debug)]
enum Message {
    Text { role: String, text: String },
    Other(Box<RawValue>),
}

impl PromptText {
    /// Reads the messages; `Err` holds the index of the first that is none and why.
    pub fn parse(messages: &[Box<RawValue>]) -> Result<Self, (usize, &'static str)> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            role: String,
            #[serde(borrow)]
            content: &'a RawValue,
        }
        #[derive(Deserialize)]
        struct Content {
            #[serde(rename = "type")]
            kind: String,
            #[serde(default)]
            text: Option<String>,
        }
        let read = |(index, raw): (usize, &RawValue)| {
            let wire: Wire<'_> = json::object(raw.get())
                .map_err(|_| (index, "must have a \"role\" and a \"content\""))?;
            if !matches!(wire.role.as_str(), "user" | "assistant") {
                return Err((index, "\"role\" must be user or assistant"));
            }
            let content: Content = json::object(wire.content.get())
                .map_err(|_| (index, "\"content\" must be a content block with a \"type\""))?;
            Ok(match content.text {
                Some(text) if content.kind == "text" && text.contains("{{") => {
                    Message::Text { role: wire.role, text }
                }
                _ => Message::Other(raw.to_owned()),
            })
        };
        let raws = messages.iter().map(|raw| &**raw);
        raws.enumerate().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The placeholders in the text.
    pub fn placeholders(&self) -> Vec<String> {
        let mut names = Vec::new();
        for message in &self.0 {
            if let Message::Text { text, .. } = message {
                for piece in text.split("{{").skip(1) {
                    if let Some((name, _)) = piece.split_once("}}") {
                        names.push(name.trim().to_owned());
                    }
                }
            }
        }
        names
    }

    /// The `messages` array with the arguments filled in; an argument that is not given is empty.
    pub fn render(&self, arguments: &BTreeMap<String, String>) -> String {
        let one = |message: &Message| match message {
            Message::Other(raw) => raw.get().to_owned(),
            Message::Text { role, text } => format!(
                r#"{{"role":"{role}","content":{{"type":"text","text":{}}}}}"#,
                json::string(&fill(text, arguments))
            ),
        };
        format!("[{}]", self.0.iter().map(one).collect::<Vec<_>>().join(","))
    }
}

/// Replaces in one pass, so that an argument's own braces are never read as placeholders.
fn fill(text: &str, arguments: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, next)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        out.push_str(arguments.get(name.trim()).map_or("", String::as_str));
        rest = next;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_filled_in_once() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).expect("JSON");
        let text = PromptText::parse(&[
            raw(r#"{"role":"user","content":{"type":"text","text":"Hi {{ name }}, {{open"}}"#),
            raw(r#"{"role":"assistant","content":{"type":"image","data":"AA==","mimeType":"image/png"}}"#),
        ])
        .expect("messages");
        assert_eq!(text.placeholders(), ["name"]);
        let arguments = BTreeMap::from([("name".to_owned(), "\"{{name}}\"".to_owned())]);
        assert_eq!(
            text.render(&arguments),
            concat!(
                r#"[{"role":"user","content":{"type":"text","text":"Hi \"{{name}}\", {{open"}},"#,
                r#"{"role":"assistant","content":{"type":"image","data":"AA==","mimeType":"image/png"}}]"#
            )
        );
        assert!(
            PromptText::parse(&[raw(r#"{"role":"system","content":{"type":"text"}}"#)]).is_err()
        );
    }
}
