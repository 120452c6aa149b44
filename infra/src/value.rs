//! Typed values: what a property, an output or a placeholder may hold.
//!
//! A [`Value<T>`] is a literal or a function that CloudFormation evaluates to a `T`. What `Ref` and
//! `Fn::GetAtt` give has a kind of its own, so that one resource's ARN is not taken for another's.

mod literal;
pub mod node;
pub mod object;
pub mod substitute;

use std::fmt;
use std::marker::PhantomData;

use self::node::{Intrinsic, Node};

/// What CloudFormation evaluates to a `T`.
pub struct Value<T: ?Sized> {
    node: Node,
    of: PhantomData<fn() -> T>,
}

impl<T: ?Sized> Value<T> {
    /// A value that is known to be a `T`, although its type does not say so.
    pub fn from_node(node: Node) -> Self {
        Self { node, of: PhantomData }
    }

    /// `Ref` of a parameter, a pseudo parameter or a resource.
    pub(crate) fn reference(name: &str) -> Self {
        Self::from_node(Intrinsic::Ref(name.to_owned()).into())
    }

    /// The tree.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The tree.
    pub fn into_node(self) -> Node {
        self.node
    }

    /// The same as plain text, for where nothing is known of the kind.
    pub fn text(&self) -> Value<String> {
        Value::from_node(self.node.clone())
    }
}

impl Value<String> {
    /// The same as a `T`, of which nothing is checked: for a parameter that holds `true` or `false`,
    /// a number or one of an enum's words.
    pub fn assume<T: Textual>(&self) -> Value<T> {
        Value::from_node(self.node.clone())
    }

    /// The parts of a text (`Fn::Split`).
    pub fn split(&self, separator: &str) -> Value<Vec<String>> {
        let text = self.node.clone();
        Value::from_node(Intrinsic::Split { separator: separator.to_owned(), text }.into())
    }

    /// The text in Base64 (`Fn::Base64`).
    pub fn base64(&self) -> Value<String> {
        Value::from_node(Intrinsic::Base64(self.node.clone()).into())
    }

    /// What another stack of the account and Region exports (`Fn::ImportValue`).
    pub fn import(name: impl IntoValue<String>) -> Self {
        Self::from_node(Intrinsic::ImportValue(name.into_value().into_node()).into())
    }
}

impl<T> Value<Vec<T>> {
    /// An element by its position, from 0 (`Fn::Select`).
    pub fn select(&self, index: u32) -> Value<T> {
        Value::from_node(Intrinsic::Select { index, list: self.node.clone() }.into())
    }

    /// The elements as one text (`Fn::Join`).
    pub fn join(&self, separator: &str) -> Value<String> {
        let list = self.node.clone();
        Value::from_node(Intrinsic::Join { separator: separator.to_owned(), list }.into())
    }
}

impl<T: ?Sized> Clone for Value<T> {
    fn clone(&self) -> Self {
        Self::from_node(self.node.clone())
    }
}

impl<T: ?Sized> fmt::Debug for Value<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(formatter)
    }
}

impl<T: ?Sized> PartialEq for Value<T> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

/// What may stand where a `T` is wanted: a literal, or a value of the same kind.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what belongs here",
    label = "wanted: `{T}`",
    note = "a reference or an attribute fits only where its own kind is wanted"
)]
pub trait IntoValue<T: ?Sized> {
    /// The value.
    fn into_value(self) -> Value<T>;
}

/// What is a string in the template. [`Value::assume`] makes it of any text.
pub trait Textual {}

/// What a resource's `Ref` or attribute is: text of a kind of its own.
///
/// Plain text is taken for it, another kind is not.
pub trait Kind: Textual {}

/// An enum of words, as the schema lists them.
pub trait Word: Textual + Copy + 'static {
    /// All of them.
    const ALL: &'static [Self];

    /// The word in the template.
    fn as_str(self) -> &'static str;
}

/// What has a place in a template, whatever its type: for placeholders, outputs and free objects.
pub trait ToNode {
    /// The tree.
    fn to_node(&self) -> Node;
}

/// Marks an object whose keys the author chooses.
pub enum Map<T> {
    /// Never made.
    #[doc(hidden)]
    Never(std::convert::Infallible, PhantomData<T>),
}

/// Marks a value of which the schema says nothing.
pub enum Json {}

/// The parameters that every stack has.
pub mod pseudo {
    use super::Value;

    /// The names of all of them.
    pub const NAMES: [&str; 8] = [
        "AWS::AccountId",
        "AWS::NoValue",
        "AWS::NotificationARNs",
        "AWS::Partition",
        "AWS::Region",
        "AWS::StackId",
        "AWS::StackName",
        "AWS::URLSuffix",
    ];

    /// The account's id, 12 digits.
    pub fn account_id() -> Value<String> {
        Value::reference("AWS::AccountId")
    }

    /// The partition, such as `aws` or `aws-cn`.
    pub fn partition() -> Value<String> {
        Value::reference("AWS::Partition")
    }

    /// The Region, such as `eu-west-1`.
    pub fn region() -> Value<String> {
        Value::reference("AWS::Region")
    }

    /// The stack's ARN.
    pub fn stack_id() -> Value<String> {
        Value::reference("AWS::StackId")
    }

    /// The stack's name.
    pub fn stack_name() -> Value<String> {
        Value::reference("AWS::StackName")
    }

    /// The partition's domain, such as `amazonaws.com`.
    pub fn url_suffix() -> Value<String> {
        Value::reference("AWS::URLSuffix")
    }
}
