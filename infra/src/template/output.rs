//! Outputs: what a stack tells when it is there.

use crate::template::Condition;
use crate::value::node::{Members, Node};
use crate::value::{IntoValue, ToNode, Value};

/// An output.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    value: Node,
    description: Option<String>,
    export: Option<Node>,
    condition: Option<String>,
}

impl Output {
    /// An output with this value.
    pub fn new(value: impl ToNode) -> Self {
        Self { value: value.to_node(), description: None, export: None, condition: None }
    }

    /// What it is, at most 1,024 bytes.
    #[must_use]
    pub fn description(mut self, text: &str) -> Self {
        self.description = Some(text.to_owned());
        self
    }

    /// Exported under a name that other stacks of the account and Region import.
    #[must_use]
    pub fn export(mut self, name: impl IntoValue<String>) -> Self {
        self.export = Some(name.into_value().into_node());
        self
    }

    /// Existing only if the condition holds.
    #[must_use]
    pub fn only_if(mut self, condition: &Condition) -> Self {
        self.condition = Some(condition.name().to_owned());
        self
    }

    /// The name of the condition under which it exists.
    pub fn condition(&self) -> Option<&str> {
        self.condition.as_deref()
    }

    pub(crate) fn to_document(&self) -> Node {
        let mut members = Members::new();
        if let Some(condition) = &self.condition {
            members.insert("Condition".to_owned(), condition.as_str().into());
        }
        if let Some(description) = &self.description {
            members.insert("Description".to_owned(), description.as_str().into());
        }
        members.insert("Value".to_owned(), self.value.clone());
        if let Some(export) = &self.export {
            members.insert("Export".to_owned(), Node::map([("Name", export.clone())]));
        }
        Node::Map(members)
    }
}

impl<T> From<Value<T>> for Output {
    fn from(value: Value<T>) -> Self {
        Self::new(value)
    }
}
