//! Constructs: resources that belong together, and what they let others do.
//!
//! A construct puts its resources into a template and hands out [`Grant`]s. Roles take grants and
//! nothing else, and the actions in them are those that the runtime's adapters say they call
//! (`mcp_lambda_runtime::deployment::actions`), or that a service of AWS itself needs.

pub mod alarms;
pub mod api;
pub mod dashboard;
pub mod function;
pub mod grant;
pub mod key;
pub mod logs;
pub mod mailboxes;
pub mod network;
pub mod observe;
pub mod role;
pub mod table;
pub mod tokens;
pub mod tools;

pub use self::grant::Grant;
pub use self::key::Key;

use crate::core::{Tag, Template, Value};
use crate::stack::settings::Flavour;

/// What constructs need to know of the stack that they are put into.
pub struct Scope<'a> {
    /// The template that is written.
    pub template: &'a mut Template,
    /// Which language it is written in.
    pub flavour: Flavour,
    /// The stack's identifier: names begin with it.
    pub identifier: Value<String>,
    /// The tags of everything: keys and values.
    pub tags: Vec<(String, Value<String>)>,
    /// The customer's key, and when there is one.
    pub key: Key,
}

impl Scope<'_> {
    /// The tags, for resources that take a list.
    pub fn tag_list(&self) -> Vec<Tag> {
        self.tags.iter().map(|(key, value)| Tag::new(key.as_str(), value)).collect()
    }
}
