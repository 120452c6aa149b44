//! Registrations: what an administrator writes, parsed into what the gateway serves.
//!
//! A [`Document`] is the JSON form; a [`Registration`] is the same thing understood.
//! All faults of a document are reported together, each with a JSON pointer.

pub mod agentcore;
pub mod arn;
pub mod document;
pub mod limits;
pub mod listing;
pub mod mirror;
pub mod parse;
pub mod problem;
pub mod prompt;
pub mod schema;
pub mod shorthand;
pub mod tag;
pub mod work;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::protocol::name::Name;
use crate::protocol::template::UriTemplate;
use crate::registration::arn::FunctionArn;
use crate::registration::document::Document;
use crate::registration::listing::Listing;
use crate::registration::mirror::Mirror;
use crate::registration::prompt::PromptText;
use crate::registration::schema::Schema;
use crate::registration::tag::Tag;

/// What a registration is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An MCP tool.
    Tool,
    /// A resource or a resource template.
    Resource,
    /// A prompt.
    Prompt,
}

impl Kind {
    /// The word in documents and ids.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Prompt => "prompt",
        }
    }

    /// Parses the word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Tool, Self::Resource, Self::Prompt].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The id of a registration: `type-name`, as in the system that this one replaces.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RegistrationId {
    kind: Kind,
    name: Name,
}

impl RegistrationId {
    /// The id of a name of a kind.
    pub fn new(kind: Kind, name: Name) -> Self {
        Self { kind, name }
    }

    /// Parses an id; `None` when no registration could have it.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once('-')?;
        Some(Self { kind: Kind::parse(kind)?, name: Name::parse(name).ok()? })
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The name.
    pub fn name(&self) -> &Name {
        &self.name
    }
}

impl fmt::Display for RegistrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.kind.as_str(), self.name)
    }
}

/// How a function is called and its answer understood.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InvokeMode {
    /// Event = the arguments; any answer is mapped to the result that it most looks like.
    #[default]
    Auto,
    /// Event = the arguments; the answer's JSON text is the result's text.
    Raw,
    /// As a Bedrock AgentCore gateway calls a Lambda target.
    Agentcore,
    /// As mcp-lambda-sam calls a registered function.
    Seed,
    /// The tool-use form of Bedrock's Converse API.
    Converse,
    /// An HTTP event of API Gateway, payload 2.0.
    ApigwV2,
    /// One JSON-RPC message each way.
    Jsonrpc,
    /// Event = the arguments; the answer streams notifications and then the result.
    Stream,
}

impl InvokeMode {
    /// All modes.
    pub const ALL: [Self; 8] = [
        Self::Auto,
        Self::Raw,
        Self::Agentcore,
        Self::Seed,
        Self::Converse,
        Self::ApigwV2,
        Self::Jsonrpc,
        Self::Stream,
    ];
}

/// How much of a function's failure its callers see.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum ExceptionLevel {
    /// That it failed, and a correlation id.
    #[default]
    #[serde(rename = "NONE")]
    None,
    /// The error's type and message as well, without stack traces, ARNs and paths.
    #[serde(rename = "DEBUG")]
    Debug,
}

/// Where a call goes.
#[derive(Clone, Debug)]
pub struct Target {
    /// The function.
    pub function: FunctionArn,
    /// How it is called.
    pub mode: InvokeMode,
    /// How long it may take.
    pub timeout: Duration,
    /// How often a call is repeated when the function was throttled or could not be reached.
    pub retries: u8,
    /// What callers see of its failures.
    pub exceptions: ExceptionLevel,
    /// The target's name for [`InvokeMode::Agentcore`].
    pub target_name: Option<Name>,
}

/// A document understood.
#[derive(Debug)]
pub struct Registration {
    /// Its id.
    pub id: RegistrationId,
    /// What it serves.
    pub entry: Entry,
    /// The document, in canonical form.
    pub document: Document,
}

/// What a registration serves.
#[derive(Debug)]
pub enum Entry {
    /// A tool.
    Tool(Box<Tool>),
    /// A resource with a fixed URI.
    Resource(Resource),
    /// A family of resources.
    Template(ResourceTemplate),
    /// A prompt.
    Prompt(Prompt),
}

impl Entry {
    /// The function behind it, if any.
    pub fn target(&self) -> Option<&Target> {
        match self {
            Self::Tool(tool) => Some(&tool.target),
            Self::Resource(resource) => resource.source.target(),
            Self::Template(template) => Some(&template.target),
            Self::Prompt(prompt) => match &prompt.source {
                PromptSource::Function(target) => Some(target),
                PromptSource::Text(_) => None,
            },
        }
    }
}

/// A tool.
#[derive(Debug)]
pub struct Tool {
    /// Its name.
    pub name: Name,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Its entry in `tools/list`.
    pub listing: Listing,
    /// What arguments must look like.
    pub input: Arc<Schema>,
    /// What `structuredContent` must look like.
    pub output: Option<Schema>,
    /// Arguments that 2026-07-28 clients repeat in headers.
    pub mirrors: Vec<Mirror>,
    /// The function.
    pub target: Target,
}

/// A resource with a fixed URI.
#[derive(Debug)]
pub struct Resource {
    /// Its name.
    pub name: Name,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Its URI.
    pub uri: String,
    /// Its entry in `resources/list`.
    pub listing: Listing,
    /// Its media type.
    pub mime_type: Option<String>,
    /// Where its contents come from.
    pub source: ResourceSource,
}

/// Where a resource's contents come from.
#[derive(Debug)]
pub enum ResourceSource {
    /// A function.
    Function(Target),
    /// The registration itself: the `contents` array as JSON.
    Contents(String),
}

impl ResourceSource {
    fn target(&self) -> Option<&Target> {
        match self {
            Self::Function(target) => Some(target),
            Self::Contents(_) => None,
        }
    }
}

/// A family of resources by URI template.
#[derive(Debug)]
pub struct ResourceTemplate {
    /// Its name.
    pub name: Name,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// The template.
    pub template: UriTemplate,
    /// Its entry in `resources/templates/list`.
    pub listing: Listing,
    /// The media type of its members.
    pub mime_type: Option<String>,
    /// Fixed completions by variable.
    pub completions: BTreeMap<String, Vec<String>>,
    /// The function.
    pub target: Target,
}

/// A prompt.
#[derive(Debug)]
pub struct Prompt {
    /// Its name.
    pub name: Name,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Its description.
    pub description: Option<String>,
    /// Its entry in `prompts/list`.
    pub listing: Listing,
    /// Its arguments, in order: name and whether it must be given.
    pub arguments: Vec<(String, bool)>,
    /// Fixed completions by argument.
    pub completions: BTreeMap<String, Vec<String>>,
    /// Where its messages come from.
    pub source: PromptSource,
}

/// Where a prompt's messages come from.
#[derive(Debug)]
pub enum PromptSource {
    /// A function.
    Function(Target),
    /// The registration itself.
    Text(PromptText),
}
