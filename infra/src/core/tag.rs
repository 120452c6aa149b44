//! Tags: what bills and policies tell resources by.

use crate::value::node::Node;
use crate::value::{IntoValue, Value};

/// A tag: a key and a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    key: Node,
    value: Node,
}

impl Tag {
    /// A tag.
    pub fn new(key: impl IntoValue<String>, value: impl IntoValue<String>) -> Self {
        Self { key: key.into_value().into_node(), value: value.into_value().into_node() }
    }
}

impl IntoValue<Tag> for Tag {
    fn into_value(self) -> Value<Tag> {
        Value::from_node(Node::map([("Key", self.key), ("Value", self.value)]))
    }
}
