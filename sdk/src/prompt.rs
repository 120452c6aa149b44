//! Prompts.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::content::Message;
use crate::context::Context;
use crate::error::ToolError;
use crate::tool::Working;

/// A prompt. `#[prompt]` makes one of an async function.
pub trait Prompt: Send + Sync + 'static {
    /// What clients are told about it.
    fn definition(&self) -> PromptDefinition;

    /// Makes its messages.
    fn get<'a>(
        &'a self,
        context: &'a Context,
        request: &'a PromptRequest,
    ) -> Working<'a, Result<Vec<Message>, ToolError>>;
}

/// What clients are told about a prompt.
#[derive(Clone, Debug)]
pub struct PromptDefinition {
    /// 1 to 64 letters, digits and `_`, `-`, `.`.
    pub name: String,
    /// For people.
    pub title: Option<String>,
    /// For people and models.
    pub description: String,
    /// How long it may take; 30 seconds if nothing is said, 900 at most.
    pub timeout_seconds: Option<u64>,
    /// Its arguments, which are texts.
    pub arguments: Vec<PromptArgument>,
}

/// An argument of a prompt.
#[derive(Clone, Debug)]
pub struct PromptArgument {
    /// Its name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Whether it must be given.
    pub required: bool,
    /// Fixed completions.
    pub completions: Vec<String>,
}

/// With what a prompt is asked for.
#[derive(Clone, Debug)]
pub struct PromptRequest {
    pub(crate) arguments: BTreeMap<String, String>,
}

impl PromptRequest {
    /// An argument.
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.arguments.get(name).map(String::as_str)
    }
}

/// What a prompt may return.
#[diagnostic::on_unimplemented(
    message = "a prompt cannot return `{Self}`",
    label = "not a prompt's messages",
    note = "return `String`, `Message` or `Vec<Message>`; in a `Result` if it may fail"
)]
pub trait PromptResult {
    /// The messages.
    fn into_messages(self) -> Result<Vec<Message>, ToolError>;
}

impl PromptResult for String {
    fn into_messages(self) -> Result<Vec<Message>, ToolError> {
        Ok(vec![Message::user(self)])
    }
}

impl PromptResult for &str {
    fn into_messages(self) -> Result<Vec<Message>, ToolError> {
        Ok(vec![Message::user(self)])
    }
}

impl PromptResult for Message {
    fn into_messages(self) -> Result<Vec<Message>, ToolError> {
        Ok(vec![self])
    }
}

impl PromptResult for Vec<Message> {
    fn into_messages(self) -> Result<Vec<Message>, ToolError> {
        Ok(self)
    }
}

impl<T: PromptResult, E: Display> PromptResult for Result<T, E> {
    fn into_messages(self) -> Result<Vec<Message>, ToolError> {
        self.map_err(|error| ToolError::new(error.to_string()))?.into_messages()
    }
}

/// An argument that its type does not take.
pub fn bad_argument(name: &str, why: &str) -> ToolError {
    ToolError::new(format!("the argument {name}: {why}"))
}
