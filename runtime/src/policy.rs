//! Policies: who may call which tools, read which resources and get which prompts.
//!
//! A policy is a list of statements that permit or forbid. As in Cedar and as in AgentCore's
//! gateways, nothing is permitted that no statement permits once there is a policy, and a
//! statement that forbids wins. What somebody may not use does not exist for him, in lists and
//! everywhere else. No I/O: a decision is a function of its arguments.

pub mod decide;
mod document;
pub mod limits;
mod parse;
pub mod pattern;
pub mod select;
pub mod traits;
mod who;

pub(crate) use crate::policy::parse::{check_name, check_text, read};
use crate::policy::select::Select;
use crate::policy::who::{Servers, Who};
use crate::protocol::name::Name;
use crate::registration::Kind;

/// What a statement does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Permits, unless another statement forbids.
    Permit,
    /// Forbids, whatever others permit.
    Forbid,
}

impl Effect {
    const ALL: [Self; 2] = [Self::Permit, Self::Forbid];

    /// The word in documents and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Forbid => "forbid",
        }
    }
}

/// Whether a policy takes effect.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mode {
    /// It decides.
    #[default]
    Enforce,
    /// What it would decide is recorded, and nothing is denied by it.
    LogOnly,
}

impl Mode {
    const ALL: [Self; 2] = [Self::Enforce, Self::LogOnly];

    /// The word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::LogOnly => "log-only",
        }
    }
}

/// What is done with a registration; each kind of registration has one action.
///
/// Lists show what may be used, and completion and subscription belong to it, so that there are no
/// actions for them which could be decided differently.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// `tools/call`.
    CallTool,
    /// `resources/read`; also of the resources of a template.
    ReadResource,
    /// `prompts/get`.
    GetPrompt,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::CallTool, Self::ReadResource, Self::GetPrompt];

    /// The MCP method.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CallTool => "tools/call",
            Self::ReadResource => "resources/read",
            Self::GetPrompt => "prompts/get",
        }
    }

    /// Parses the method.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }

    /// The action of a kind.
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::Tool => Self::CallTool,
            Kind::Resource => Self::ReadResource,
            Kind::Prompt => Self::GetPrompt,
        }
    }

    /// The kind that it belongs to.
    pub fn kind(self) -> Kind {
        match self {
            Self::CallTool => Kind::Tool,
            Self::ReadResource => Kind::Resource,
            Self::GetPrompt => Kind::Prompt,
        }
    }
}

/// A policy understood.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name.
    pub name: Name,
    /// Whether it takes effect.
    pub mode: Mode,
    statements: Vec<Statement>,
    document: String,
}

impl Policy {
    /// The document in canonical form, without the members that the server adds.
    pub fn document(&self) -> &str {
        &self.document
    }
}

#[derive(Clone, Debug)]
struct Statement {
    /// The id that it was given, or its place among the statements.
    id: String,
    effect: Effect,
    who: Who,
    actions: Vec<Action>,
    select: Select,
    servers: Servers,
}
