//! Parameters: what a stack is told when it is created or updated.

use std::marker::PhantomData;

use crate::value::node::{Members, Node};
use crate::value::{ToNode, Word};

/// A parameter, whose value is a `T`.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter<T> {
    pub(crate) declared: Declared,
    of: PhantomData<fn() -> T>,
}

/// What a template says of a parameter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared {
    /// Its type, such as `String`.
    pub type_name: String,
    /// The heading under which consoles show it.
    pub group: Option<String>,
    /// The name by which consoles show it.
    pub label: Option<String>,
    /// `Default`, `AllowedPattern` and the like, in the order in which they are written.
    pub members: Members,
}

impl Parameter<String> {
    /// Any text.
    pub fn text() -> Self {
        Self::of_type("String")
    }

    /// `true` or `false`.
    pub fn flag(default: bool) -> Self {
        Self::text().default(default.to_string()).allowed_values(["true", "false"])
    }

    /// The id of a VPC of the account, which consoles let one choose.
    pub fn vpc_id() -> Self {
        Self::of_type("AWS::EC2::VPC::Id")
    }

    /// What a parameter of Systems Manager holds when the stack is updated.
    pub fn from_ssm() -> Self {
        Self::of_type("AWS::SSM::Parameter::Value<String>")
    }
}

impl Parameter<Vec<String>> {
    /// Texts, separated by commas.
    pub fn list() -> Self {
        Self::of_type("CommaDelimitedList")
    }

    /// The ids of subnets of the account, which consoles let one choose.
    pub fn subnet_ids() -> Self {
        Self::of_type("List<AWS::EC2::Subnet::Id>")
    }

    /// The ids of security groups of the account, which consoles let one choose.
    pub fn security_group_ids() -> Self {
        Self::of_type("List<AWS::EC2::SecurityGroup::Id>")
    }
}

impl Parameter<i64> {
    /// A number.
    pub fn number() -> Self {
        Self::of_type("Number")
    }

    /// Not less, and not more.
    #[must_use]
    pub fn between(self, least: i64, most: i64) -> Self {
        self.with("MinValue", least).with("MaxValue", most)
    }
}

impl<W: Word> Parameter<W> {
    /// One of the words of an enum.
    pub fn one_of(words: &[W]) -> Self {
        let words: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
        Self::of_type("String").with("AllowedValues", words)
    }
}

impl<T> Parameter<T> {
    fn of_type(type_name: &str) -> Self {
        let declared = Declared { type_name: type_name.to_owned(), ..Declared::default() };
        Self { declared, of: PhantomData }
    }

    fn with(mut self, name: &str, value: impl ToNode) -> Self {
        self.declared.members.insert(name.to_owned(), value.to_node());
        self
    }

    /// The value if none is given.
    #[must_use]
    pub fn default(self, value: impl ToParameterDefault<T>) -> Self {
        self.with("Default", value.to_default())
    }

    /// What it is for, at most 4,000 bytes.
    #[must_use]
    pub fn description(self, text: &str) -> Self {
        self.with("Description", text)
    }

    /// The only values that are taken.
    #[must_use]
    pub fn allowed_values<V: ToNode>(self, values: impl IntoIterator<Item = V>) -> Self {
        let values: Vec<Node> = values.into_iter().map(|value| value.to_node()).collect();
        self.with("AllowedValues", values)
    }

    /// A regular expression that the value, or each element of a list, must match.
    #[must_use]
    pub fn allowed_pattern(self, pattern: &str) -> Self {
        self.with("AllowedPattern", pattern)
    }

    /// What is said when a value is refused.
    #[must_use]
    pub fn constraint_description(self, text: &str) -> Self {
        self.with("ConstraintDescription", text)
    }

    /// The length of the text in characters: not less, and not more.
    #[must_use]
    pub fn length(self, least: u32, most: u32) -> Self {
        self.with("MinLength", least).with("MaxLength", most)
    }

    /// Masked wherever CloudFormation shows it.
    #[must_use]
    pub fn no_echo(self) -> Self {
        self.with("NoEcho", true)
    }

    /// The name by which consoles show it.
    #[must_use]
    pub fn label(mut self, label: &str) -> Self {
        self.declared.label = Some(label.to_owned());
        self
    }

    /// The heading under which consoles show it; headings are in the order of their first use.
    #[must_use]
    pub fn group(mut self, heading: &str) -> Self {
        self.declared.group = Some(heading.to_owned());
        self
    }
}

/// What may be the default of a parameter that holds a `T`.
#[diagnostic::on_unimplemented(message = "`{Self}` is no default of a parameter of `{T}`")]
pub trait ToParameterDefault<T> {
    /// The tree.
    fn to_default(&self) -> Node;
}

impl ToParameterDefault<String> for &str {
    fn to_default(&self) -> Node {
        (*self).into()
    }
}

impl ToParameterDefault<String> for String {
    fn to_default(&self) -> Node {
        self.as_str().into()
    }
}

impl ToParameterDefault<i64> for i64 {
    fn to_default(&self) -> Node {
        Node::Integer(*self)
    }
}

impl<W: Word> ToParameterDefault<W> for W {
    fn to_default(&self) -> Node {
        self.as_str().into()
    }
}

impl ToParameterDefault<Vec<String>> for &[&str] {
    fn to_default(&self) -> Node {
        self.join(",").into()
    }
}

impl<const N: usize> ToParameterDefault<Vec<String>> for [&str; N] {
    fn to_default(&self) -> Node {
        self.join(",").into()
    }
}

impl Declared {
    pub(crate) fn to_document(&self) -> Node {
        let kind = ("Type".to_owned(), Node::from(self.type_name.as_str()));
        let members = self.members.iter().map(|(name, node)| (name.clone(), node.clone()));
        Node::map(std::iter::once(kind).chain(members))
    }
}
