//! The JSON form of a registration, as administrators send it and as it is stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::protocol::json;
use crate::registration::limits;
use crate::registration::problem::{InvalidRegistration, Problem};
use crate::registration::{ExceptionLevel, InvokeMode, Kind};

/// A registration as JSON; member names are those of the API.
///
/// Unknown members are refused, so that a misspelt one is not silently without effect.
/// The members that the server adds (`id`, `revision`, …) are accepted and ignored, so that what
/// was read can be sent back.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// `type`.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Unique among its kind.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// For models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What policies and virtual servers may name it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// The function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_arn: Option<String>,
    /// How it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoke_mode: Option<InvokeMode>,
    /// Time limit of a call in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// Repetitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u8>,
    /// What callers see of failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception_level: Option<ExceptionLevel>,
    /// The target's name where a function expects AgentCore's `target___tool`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_name: Option<String>,
    /// The short schema of mcp-lambda-sam.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Box<RawValue>>,
    /// JSON Schema 2020-12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Box<RawValue>>,
    /// JSON Schema 2020-12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Box<RawValue>>,
    /// MCP annotations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Box<RawValue>>,
    /// MCP icons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icons: Option<Box<RawValue>>,
    /// Passed on in lists.
    #[serde(rename = "_meta", default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Box<RawValue>>,
    /// A resource's URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// A family's URI template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri_template: Option<String>,
    /// A resource's media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// A resource's size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// A static resource's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A static resource's bytes in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// Fixed completions by template variable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completions: Option<BTreeMap<String, Vec<String>>>,
    /// A prompt's arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Vec<Argument>>,
    /// A static prompt's messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<Box<RawValue>>>,

    #[serde(default, skip_serializing)]
    id: Option<String>,
    #[expect(dead_code, reason = "accepted so that what was read can be sent back")]
    #[serde(default, skip_serializing)]
    revision: Option<u64>,
    #[expect(dead_code, reason = "accepted so that what was read can be sent back")]
    #[serde(default, skip_serializing)]
    created_at: Option<String>,
    #[expect(dead_code, reason = "accepted so that what was read can be sent back")]
    #[serde(default, skip_serializing)]
    updated_at: Option<String>,
}

/// An argument of a prompt.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// For models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// Fixed completions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completions: Option<Vec<String>>,
}

impl Document {
    /// Reads a document's JSON; what its members mean is not looked at.
    pub fn read(text: &str) -> Result<Self, InvalidRegistration> {
        let fault =
            |detail: String| InvalidRegistration(vec![Problem { pointer: String::new(), detail }]);
        if text.len() > limits::MAX_DOCUMENT_BYTES {
            return Err(fault(format!("has more than {} bytes", limits::MAX_DOCUMENT_BYTES)));
        }
        json::object(text).map_err(|error| fault(error.to_string()))
    }

    /// The canonical JSON text, without the members that the server adds.
    pub fn render(&self) -> String {
        serde_json::to_string(self).expect("a document has only string keys and valid raw JSON")
    }

    /// The id that the sender believes the document to have, if it said so.
    pub fn claimed_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// A tool document with nothing optional.
    pub(crate) fn tool(name: String, lambda_arn: String) -> Self {
        Self {
            kind: Kind::Tool,
            name,
            title: None,
            description: None,
            tags: None,
            lambda_arn: Some(lambda_arn),
            invoke_mode: None,
            timeout_seconds: None,
            retries: None,
            exception_level: None,
            target_name: None,
            parameters: None,
            input_schema: None,
            output_schema: None,
            annotations: None,
            icons: None,
            meta: None,
            uri: None,
            uri_template: None,
            mime_type: None,
            size: None,
            text: None,
            blob: None,
            completions: None,
            arguments: None,
            messages: None,
            id: None,
            revision: None,
            created_at: None,
            updated_at: None,
        }
    }
}
