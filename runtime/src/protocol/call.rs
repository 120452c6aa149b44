//! Requests with typed parameters: one variant for each method that a client may call.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::capability::ClientCapabilities;
use crate::protocol::error::RpcError;
use crate::protocol::json::{self, Text};
use crate::protocol::limits;
use crate::protocol::notification::LogLevel;
use crate::protocol::version::Version;

/// A method with its parameters.
#[derive(Clone, Debug)]
pub enum Call<'a> {
    /// `initialize`.
    Initialize(Initialize),
    /// `server/discover`.
    Discover,
    /// `ping`.
    Ping,
    /// `logging/setLevel`.
    SetLevel(LogLevel),
    /// `resources/subscribe`.
    Subscribe(Text<'a>),
    /// `resources/unsubscribe`.
    Unsubscribe(Text<'a>),
    /// One of the four lists.
    List(List, Option<Text<'a>>),
    /// `tools/call`.
    CallTool(Named<'a>),
    /// `prompts/get`.
    GetPrompt(Named<'a>),
    /// `resources/read`.
    ReadResource(Read<'a>),
    /// `completion/complete`.
    Complete(Complete<'a>),
    /// `subscriptions/listen`.
    Listen,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum List {
    /// `tools/list`.
    Tools,
    /// `resources/list`.
    Resources,
    /// `resources/templates/list`.
    ResourceTemplates,
    /// `prompts/list`.
    Prompts,
}

/// `initialize`.
#[derive(Clone, Debug)]
pub struct Initialize {
    /// What the client would like to speak.
    pub protocol_version: String,
    /// What the client can do.
    pub capabilities: ClientCapabilities,
}

/// What a client sends along when it calls again after `input_required`.
#[derive(Clone, Debug, Default)]
pub struct Resume<'a> {
    /// An object: embedded request's key → answer.
    pub input_responses: Option<&'a RawValue>,
    /// Our sealed state.
    pub request_state: Option<Text<'a>>,
}

/// `tools/call` and `prompts/get`.
#[derive(Clone, Debug)]
pub struct Named<'a> {
    /// The tool or the prompt.
    pub name: Text<'a>,
    /// An object, as sent.
    pub arguments: Option<&'a RawValue>,
    /// After `input_required`.
    pub resume: Resume<'a>,
}

/// `resources/read`.
#[derive(Clone, Debug)]
pub struct Read<'a> {
    /// The resource.
    pub uri: Text<'a>,
    /// After `input_required`.
    pub resume: Resume<'a>,
}

/// `completion/complete`.
#[derive(Clone, Debug)]
pub struct Complete<'a> {
    /// What is being completed for.
    pub reference: Reference<'a>,
    /// The argument or variable.
    pub argument: Text<'a>,
    /// What was typed so far.
    pub value: Text<'a>,
    /// `context.arguments`, as sent.
    pub context: Option<&'a RawValue>,
}

/// The `ref` of a completion.
#[derive(Clone, Debug)]
pub enum Reference<'a> {
    /// `ref/prompt`.
    Prompt(Text<'a>),
    /// `ref/resource`: a URI template.
    Resource(Text<'a>),
}

/// The methods, as an enum that a table can be exhaustive over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// `initialize`.
    Initialize,
    /// `server/discover`.
    Discover,
    /// `ping`.
    Ping,
    /// `logging/setLevel`.
    SetLevel,
    /// `resources/subscribe`.
    Subscribe,
    /// `resources/unsubscribe`.
    Unsubscribe,
    /// One of the four lists.
    List(List),
    /// `tools/call`.
    CallTool,
    /// `prompts/get`.
    GetPrompt,
    /// `resources/read`.
    ReadResource,
    /// `completion/complete`.
    Complete,
    /// `subscriptions/listen`.
    Listen,
}

impl Method {
    /// Parses a method that exists in this revision.
    pub fn parse(text: &str, version: Version) -> Option<Self> {
        let method = match text {
            "initialize" => Self::Initialize,
            "server/discover" => Self::Discover,
            "ping" => Self::Ping,
            "logging/setLevel" => Self::SetLevel,
            "resources/subscribe" => Self::Subscribe,
            "resources/unsubscribe" => Self::Unsubscribe,
            "tools/list" => Self::List(List::Tools),
            "resources/list" => Self::List(List::Resources),
            "resources/templates/list" => Self::List(List::ResourceTemplates),
            "prompts/list" => Self::List(List::Prompts),
            "tools/call" => Self::CallTool,
            "prompts/get" => Self::GetPrompt,
            "resources/read" => Self::ReadResource,
            "completion/complete" => Self::Complete,
            "subscriptions/listen" => Self::Listen,
            _ => return None,
        };
        let exists = match method {
            Self::Initialize
            | Self::Ping
            | Self::SetLevel
            | Self::Subscribe
            | Self::Unsubscribe => !version.is_modern(),
            Self::Discover | Self::Listen => version.is_modern(),
            Self::List(_)
            | Self::CallTool
            | Self::GetPrompt
            | Self::ReadResource
            | Self::Complete => true,
        };
        exists.then_some(method)
    }

    /// The method on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initialize => "initialize",
            Self::Discover => "server/discover",
            Self::Ping => "ping",
            Self::SetLevel => "logging/setLevel",
            Self::Subscribe => "resources/subscribe",
            Self::Unsubscribe => "resources/unsubscribe",
            Self::List(List::Tools) => "tools/list",
            Self::List(List::Resources) => "resources/list",
            Self::List(List::ResourceTemplates) => "resources/templates/list",
            Self::List(List::Prompts) => "prompts/list",
            Self::CallTool => "tools/call",
            Self::GetPrompt => "prompts/get",
            Self::ReadResource => "resources/read",
            Self::Complete => "completion/complete",
            Self::Listen => "subscriptions/listen",
        }
    }

    /// The member of `params` that `Mcp-Name` repeats, for methods that have one.
    pub fn name_member(self) -> Option<&'static str> {
        match self {
            Self::CallTool | Self::GetPrompt => Some("name"),
            Self::ReadResource => Some("uri"),
            Self::Initialize
            | Self::Discover
            | Self::Ping
            | Self::SetLevel
            | Self::Subscribe
            | Self::Unsubscribe
            | Self::List(_)
            | Self::Complete
            | Self::Listen => None,
        }
    }
}

/// All members that any method reads; each method requires its own.
#[derive(Default, Deserialize)]
struct Params<'a> {
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    uri: Option<Text<'a>>,
    #[serde(borrow, default)]
    cursor: Option<Text<'a>>,
    #[serde(borrow, default)]
    level: Option<Text<'a>>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "inputResponses")]
    input_responses: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "requestState")]
    request_state: Option<Text<'a>>,
    #[serde(borrow, default, rename = "protocolVersion")]
    protocol_version: Option<Text<'a>>,
    #[serde(borrow, default)]
    capabilities: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "ref")]
    reference: Option<&'a RawValue>,
    #[serde(borrow, default)]
    argument: Option<&'a RawValue>,
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
}

impl<'a> Call<'a> {
    /// Reads the parameters of a method.
    pub fn parse(method: Method, params: Option<&'a RawValue>) -> Result<Self, RpcError> {
        let params = match params {
            None => Params::default(),
            Some(raw) => json::object::<Params<'a>>(raw.get())
                .map_err(|_| RpcError::params("a parameter has the wrong type"))?,
        };
        Ok(match method {
            Method::Initialize => Self::Initialize(params.initialize()?),
            Method::Discover => Self::Discover,
            Method::Ping => Self::Ping,
            Method::SetLevel => {
                let level = params.level.as_ref().and_then(|level| LogLevel::parse(&level.0));
                Self::SetLevel(level.ok_or_else(|| RpcError::params("level is not a log level"))?)
            }
            Method::Subscribe => Self::Subscribe(params.uri()?),
            Method::Unsubscribe => Self::Unsubscribe(params.uri()?),
            Method::List(list) => Self::List(list, params.cursor),
            Method::CallTool => Self::CallTool(params.named()?),
            Method::GetPrompt => Self::GetPrompt(params.named()?),
            Method::ReadResource => {
                let resume = params.resume()?;
                Self::ReadResource(Read { uri: params.uri()?, resume })
            }
            Method::Complete => Self::Complete(params.complete()?),
            Method::Listen => Self::Listen,
        })
    }
}

impl<'a> Params<'a> {
    fn initialize(self) -> Result<Initialize, RpcError> {
        let version = required(self.protocol_version, "protocolVersion")?;
        let capabilities = match self.capabilities {
            None => ClientCapabilities::default(),
            Some(raw) => ClientCapabilities::read(raw)
                .ok_or_else(|| RpcError::params("capabilities must be an object"))?,
        };
        Ok(Initialize { protocol_version: version.0.into_owned(), capabilities })
    }

    fn uri(self) -> Result<Text<'a>, RpcError> {
        let uri = required(self.uri, "uri")?;
        if uri.0.len() > limits::MAX_URI_BYTES {
            return Err(RpcError::params("uri is too long"));
        }
        Ok(uri)
    }

    fn resume(&self) -> Result<Resume<'a>, RpcError> {
        if self.input_responses.is_some_and(|raw| json::first(raw.get()) != Some(b'{')) {
            return Err(RpcError::params("inputResponses must be an object"));
        }
        Ok(Resume {
            input_responses: self.input_responses,
            request_state: self.request_state.clone(),
        })
    }

    fn named(self) -> Result<Named<'a>, RpcError> {
        if self.arguments.is_some_and(|raw| json::first(raw.get()) != Some(b'{')) {
            return Err(RpcError::params("arguments must be an object"));
        }
        let resume = self.resume()?;
        Ok(Named { name: required(self.name, "name")?, arguments: self.arguments, resume })
    }

    fn complete(self) -> Result<Complete<'a>, RpcError> {
        #[derive(Deserialize)]
        struct Ref<'a> {
            #[serde(borrow, rename = "type")]
            kind: Text<'a>,
            #[serde(borrow, default)]
            name: Option<Text<'a>>,
            #[serde(borrow, default)]
            uri: Option<Text<'a>>,
        }
        #[derive(Deserialize)]
        struct Argument<'a> {
            #[serde(borrow)]
            name: Text<'a>,
            #[serde(borrow)]
            value: Text<'a>,
        }
        #[derive(Default, Deserialize)]
        struct Context<'a> {
            #[serde(borrow, default)]
            arguments: Option<&'a RawValue>,
        }
        let reference: Ref<'a> = nested(required(self.reference, "ref")?, "ref")?;
        let argument: Argument<'a> = nested(required(self.argument, "argument")?, "argument")?;
        let context: Context<'a> = match self.context {
            None => Context::default(),
            Some(raw) => nested(raw, "context")?,
        };
        let reference = match &*reference.kind.0 {
            "ref/prompt" => Reference::Prompt(required(reference.name, "ref.name")?),
            "ref/resource" => Reference::Resource(required(reference.uri, "ref.uri")?),
            _ => return Err(RpcError::params("ref.type must be ref/prompt or ref/resource")),
        };
        let context = context.arguments;
        Ok(Complete { reference, argument: argument.name, value: argument.value, context })
    }
}

fn required<T>(value: Option<T>, name: &str) -> Result<T, RpcError> {
    value.ok_or_else(|| RpcError::params(format!("{name} is missing")))
}

fn nested<'a, T: Deserialize<'a>>(raw: &'a RawValue, name: &str) -> Result<T, RpcError> {
    json::object(raw.get()).map_err(|_| RpcError::params(format!("{name} is not valid")))
}
