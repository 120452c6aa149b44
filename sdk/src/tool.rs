//! Tools: what they are called with, and what they reply.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::content::{Audio, Content, Image};
use crate::context::Context;
use crate::schema::{Schema, output_schema};

/// Work that is under way.
pub type Working<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A tool. `#[tool]` makes one of an async function.
pub trait Tool: Send + Sync + 'static {
    /// What clients are told about it.
    fn definition(&self) -> ToolDefinition;

    /// Calls it with arguments that fit its schema: the text of a JSON object.
    fn call<'a>(&'a self, context: &'a Context, arguments: &'a str) -> Working<'a, Reply>;
}

/// What clients are told about a tool.
#[derive(Clone, Debug)]
pub struct ToolDefinition {
    /// 1 to 64 letters, digits and `_`, `-`, `.`.
    pub name: String,
    /// For people.
    pub title: Option<String>,
    /// For models.
    pub description: String,
    /// What arguments must look like.
    pub input: Schema,
    /// What structured results look like.
    pub output: Option<Schema>,
    /// How long a call may take; 30 seconds if nothing is said, 900 at most.
    pub timeout_seconds: Option<u64>,
    /// What a client may expect of it.
    pub hints: Hints,
}

/// What a client may expect of a tool (server/tools, "Tool Annotations").
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Hints {
    /// It changes nothing.
    #[serde(rename = "readOnlyHint", skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// It may remove or overwrite something.
    #[serde(rename = "destructiveHint", skip_serializing_if = "Option::is_none")]
    pub destructive: Option<bool>,
    /// Calling it twice does no more than calling it once.
    #[serde(rename = "idempotentHint", skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// It deals with things outside, such as the web.
    #[serde(rename = "openWorldHint", skip_serializing_if = "Option::is_none")]
    pub open_world: Option<bool>,
}

/// A tool's result, whatever it is made of.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Reply {
    content: Vec<Content>,
    structured: Option<Box<RawValue>>,
    failed: bool,
}

impl Reply {
    /// A result with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// A failure, with a text for the model.
    pub fn error(text: impl Display) -> Self {
        Self { failed: true, ..Self::new().text(text.to_string()) }
    }

    /// Adds a text.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.block(Content::text(text))
    }

    /// Adds a block.
    pub fn block(mut self, block: impl Into<Content>) -> Self {
        self.content.push(block.into());
        self
    }

    /// Adds blocks.
    pub fn blocks(mut self, blocks: impl IntoIterator<Item = Content>) -> Self {
        self.content.extend(blocks);
        self
    }

    /// Sets the structured result, whose JSON is a text too where there is no other block.
    pub fn structured(mut self, value: &impl Serialize) -> Self {
        let text = match serde_json::to_string(value) {
            Ok(text) => text,
            Err(error) => return Self::error(format!("the result has no JSON form: {error}")),
        };
        if self.content.is_empty() {
            self.content.push(Content::text(text.as_str()));
        }
        self.structured = RawValue::from_string(text).ok();
        self
    }

    /// The result object; before 2026-07-28 only an object is structured content.
    pub(crate) fn render(&self, modern: bool) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            content: &'a [Content],
            #[serde(skip_serializing_if = "Option::is_none")]
            structured_content: Option<&'a RawValue>,
            is_error: bool,
        }
        let fits = |raw: &&RawValue| modern || raw.get().starts_with('{');
        let wire = Wire {
            content: &self.content,
            structured_content: self.structured.as_deref().filter(fits),
            is_error: self.failed,
        };
        serde_json::to_string(&wire).expect("strings and JSON have a JSON form")
    }
}

/// What a tool may return: besides `()`, `String`, `&str` and `Vec<Content>`, each alone or in a
/// `Result`.
#[diagnostic::on_unimplemented(
    message = "a tool cannot return `{Self}`",
    label = "not a tool's result",
    note = "derive `serde::Serialize` and `schemars::JsonSchema` for it, or return `String`, \
            `Content`, `Vec<Content>`, `Image`, `Audio`, `Reply` or `()`"
)]
pub trait ToolResult: Sized {
    /// The schema of the structured result, if there is one.
    fn schema() -> Option<Schema>;

    /// The result.
    fn into_reply(self) -> Reply;
}

impl<T: Serialize + JsonSchema> ToolResult for T {
    fn schema() -> Option<Schema> {
        Some(output_schema::<T>())
    }

    fn into_reply(self) -> Reply {
        Reply::new().structured(&self)
    }
}

macro_rules! block_results {
    ($($kind:ty),*) => {$(
        impl ToolResult for $kind {
            fn schema() -> Option<Schema> {
                None
            }

            fn into_reply(self) -> Reply {
                Reply::new().block(self)
            }
        }
    )*};
}

block_results!(Content, Image, Audio);

impl ToolResult for Reply {
    fn schema() -> Option<Schema> {
        None
    }

    fn into_reply(self) -> Reply {
        self
    }
}

/// What a tool may take, each alone or in an `Option`.
#[diagnostic::on_unimplemented(
    message = "a tool cannot take `{Self}`",
    label = "not a tool's argument",
    note = "derive `serde::Deserialize` and `schemars::JsonSchema` for it"
)]
pub trait ToolArgument {}

impl<T: DeserializeOwned + JsonSchema> ToolArgument for T {}

/// Asks the compiler whether a tool may take something.
pub fn takes<T: ToolArgument>() {}

/// Reads arguments, which were checked against their schema: what is still wrong with them only
/// their type knows.
pub fn read_arguments<T: DeserializeOwned>(text: &str) -> Result<T, Reply> {
    serde_json::from_str(text)
        .map_err(|error| Reply::error(format!("the arguments do not fit: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_by_era() {
        let five = Reply::new().structured(&5);
        let text = r#""content":[{"type":"text","text":"5"}],"#;
        assert_eq!(
            five.render(true),
            format!(r#"{{{text}"structuredContent":5,"isError":false}}"#)
        );
        assert_eq!(five.render(false), format!(r#"{{{text}"isError":false}}"#));
        let object = Reply::new().text("a").structured(&serde_json::json!({"b": 1}));
        assert!(
            object
                .render(false)
                .contains(r#"[{"type":"text","text":"a"}],"structuredContent":{"b":1}"#)
        );
        assert_eq!(Reply::new().render(true), r#"{"content":[],"isError":false}"#);
        let failed = Reply::error("no");
        assert!(failed.render(true).ends_with(r#"[{"type":"text","text":"no"}],"isError":true}"#));
    }

    #[test]
    fn what_has_no_json_form_is_a_failure() {
        let odd = std::collections::BTreeMap::from([(vec![1], 2)]);
        assert!(Reply::new().structured(&odd).render(true).contains(r#""isError":true"#));
    }
}
