//! Free objects, for the few places of which a schema says nothing.

use super::node::{Members, Node};
use super::{IntoValue, Json, ToNode, Value, substitute};

/// An object that is built member by member, in the order in which it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(Members);

impl Object {
    /// An empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more member; a later one of the same name replaces an earlier one.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl ToNode) -> Self {
        self.0.insert(name.into(), value.to_node());
        self
    }

    /// The members.
    pub fn members(&self) -> &Members {
        &self.0
    }

    /// The object as one text of JSON, in which values stand as placeholders of `Fn::Sub`.
    ///
    /// This is what properties such as a dashboard's body want. A value is put between quotes,
    /// because nothing is known of it but its text.
    pub fn to_json_text(&self) -> Value<String> {
        substitute::json_text(&Node::Map(self.0.clone()))
    }
}

impl From<Members> for Object {
    fn from(members: Members) -> Self {
        Self(members)
    }
}

impl IntoValue<Json> for Object {
    fn into_value(self) -> Value<Json> {
        Value::from_node(Node::Map(self.0))
    }
}

impl ToNode for Object {
    fn to_node(&self) -> Node {
        Node::Map(self.0.clone())
    }
}

/// Makes an [`Object`]: `object! { "source": ["aws.s3"], "queue": queue.arn() }`.
#[macro_export]
macro_rules! object {
    ($($name:tt : $value:expr),* $(,)?) => {
        $crate::core::Object::new()$(.with($name, $value))*
    };
}
