//! Which literals and values may stand where.

use indexmap::IndexMap;

use super::node::{Members, Node};
use super::{IntoValue, Json, Kind, Map, Textual, ToNode, Value};

impl Textual for String {}
impl Textual for bool {}
impl Textual for i64 {}
impl Textual for f64 {}

impl<T: ?Sized> IntoValue<T> for Value<T> {
    fn into_value(self) -> Value<T> {
        self
    }
}

impl<T: ?Sized> IntoValue<T> for &Value<T> {
    fn into_value(self) -> Value<T> {
        self.clone()
    }
}

impl<K: Kind> IntoValue<String> for Value<K> {
    fn into_value(self) -> Value<String> {
        Value::from_node(self.into_node())
    }
}

impl<K: Kind> IntoValue<String> for &Value<K> {
    fn into_value(self) -> Value<String> {
        self.text()
    }
}

impl<K: Kind> IntoValue<K> for Value<String> {
    fn into_value(self) -> Value<K> {
        Value::from_node(self.into_node())
    }
}

impl<K: Kind> IntoValue<K> for &Value<String> {
    fn into_value(self) -> Value<K> {
        self.assume()
    }
}

impl<K: Kind> IntoValue<Vec<K>> for Value<Vec<String>> {
    fn into_value(self) -> Value<Vec<K>> {
        Value::from_node(self.into_node())
    }
}

impl<K: Kind> IntoValue<Vec<K>> for &Value<Vec<String>> {
    fn into_value(self) -> Value<Vec<K>> {
        Value::from_node(self.node().clone())
    }
}

impl IntoValue<f64> for Value<i64> {
    fn into_value(self) -> Value<f64> {
        Value::from_node(self.into_node())
    }
}

/// Literals: how they are written, and where they may stand.
macro_rules! literals {
    ($($literal:ty as $of:ty => $node:expr;)*) => { $(
        impl IntoValue<$of> for $literal {
            fn into_value(self) -> Value<$of> {
                Value::from_node($node(self))
            }
        }
    )* };
}

literals! {
    &str as String => Node::from;
    String as String => Node::from;
    &String as String => |text: &String| Node::from(text.as_str());
    bool as bool => Node::Bool;
    i64 as i64 => Node::Integer;
    i32 as i64 => |number| Node::Integer(i64::from(number));
    u32 as i64 => |number| Node::Integer(i64::from(number));
    u16 as i64 => |number| Node::Integer(i64::from(number));
    u8 as i64 => |number| Node::Integer(i64::from(number));
    f64 as f64 => Node::Number;
    i32 as f64 => |number| Node::Integer(i64::from(number));
    u32 as f64 => |number| Node::Integer(i64::from(number));
    Node as Json => |node| node;
    &str as Json => Node::from;
    String as Json => Node::from;
}

impl<K: Kind> IntoValue<K> for &str {
    fn into_value(self) -> Value<K> {
        Value::from_node(self.into())
    }
}

impl<K: Kind> IntoValue<K> for String {
    fn into_value(self) -> Value<K> {
        Value::from_node(self.into())
    }
}

fn list<T, E: IntoValue<T>>(elements: impl IntoIterator<Item = E>) -> Value<Vec<T>> {
    let nodes = elements.into_iter().map(|element| element.into_value().into_node());
    Value::from_node(Node::List(nodes.collect()))
}

impl<T, E: IntoValue<T>, const N: usize> IntoValue<Vec<T>> for [E; N] {
    fn into_value(self) -> Value<Vec<T>> {
        list(self)
    }
}

impl<T, E: IntoValue<T>> IntoValue<Vec<T>> for Vec<E> {
    fn into_value(self) -> Value<Vec<T>> {
        list(self)
    }
}

fn map<T, K: Into<String>, E: IntoValue<T>>(
    members: impl IntoIterator<Item = (K, E)>,
) -> Value<Map<T>> {
    let members = members.into_iter().map(|(key, value)| (key.into(), value.into_value()));
    Value::from_node(Node::Map(members.map(|(key, value)| (key, value.into_node())).collect()))
}

impl<T, K: Into<String>, E: IntoValue<T>, const N: usize> IntoValue<Map<T>> for [(K, E); N] {
    fn into_value(self) -> Value<Map<T>> {
        map(self)
    }
}

impl<T, K: Into<String>, E: IntoValue<T>> IntoValue<Map<T>> for Vec<(K, E)> {
    fn into_value(self) -> Value<Map<T>> {
        map(self)
    }
}

impl<T, K: Into<String>, E: IntoValue<T>> IntoValue<Map<T>> for IndexMap<K, E> {
    fn into_value(self) -> Value<Map<T>> {
        map(self)
    }
}

impl ToNode for Node {
    fn to_node(&self) -> Node {
        self.clone()
    }
}

impl<T: ?Sized> ToNode for Value<T> {
    fn to_node(&self) -> Node {
        self.node().clone()
    }
}

impl<T: ToNode + ?Sized> ToNode for &T {
    fn to_node(&self) -> Node {
        (**self).to_node()
    }
}

impl ToNode for str {
    fn to_node(&self) -> Node {
        self.into()
    }
}

impl ToNode for String {
    fn to_node(&self) -> Node {
        self.as_str().into()
    }
}

impl ToNode for bool {
    fn to_node(&self) -> Node {
        Node::Bool(*self)
    }
}

impl ToNode for i64 {
    fn to_node(&self) -> Node {
        Node::Integer(*self)
    }
}

impl ToNode for i32 {
    fn to_node(&self) -> Node {
        Node::Integer(i64::from(*self))
    }
}

impl ToNode for u32 {
    fn to_node(&self) -> Node {
        Node::Integer(i64::from(*self))
    }
}

impl ToNode for f64 {
    fn to_node(&self) -> Node {
        Node::Number(*self)
    }
}

impl<T: ToNode> ToNode for [T] {
    fn to_node(&self) -> Node {
        Node::List(self.iter().map(ToNode::to_node).collect())
    }
}

impl<T: ToNode, const N: usize> ToNode for [T; N] {
    fn to_node(&self) -> Node {
        self.as_slice().to_node()
    }
}

impl<T: ToNode> ToNode for Vec<T> {
    fn to_node(&self) -> Node {
        self.as_slice().to_node()
    }
}

impl ToNode for Members {
    fn to_node(&self) -> Node {
        Node::Map(self.clone())
    }
}
