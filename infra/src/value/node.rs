//! The tree that a template is made of: JSON in the author's order, with intrinsic functions told apart
//! from data.

use indexmap::IndexMap;
use serde::ser::{Error, Serialize, SerializeMap, Serializer};

/// The members of an object, in the order in which they are written.
pub type Members = IndexMap<String, Node>;

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// An object that is data, even if its only member is called `Ref`.
    Map(Members),
    /// What CloudFormation evaluates.
    Intrinsic(Box<Intrinsic>),
}

/// What CloudFormation evaluates when it creates or updates a stack.
#[derive(Clone, Debug, PartialEq)]
pub enum Intrinsic {
    /// `Ref`: a parameter, a pseudo parameter, or a resource.
    Ref(String),
    /// `Fn::GetAtt`.
    GetAtt {
        /// The logical id of a resource.
        resource: String,
        /// One of its attributes.
        attribute: String,
    },
    /// `Fn::Sub`.
    Sub {
        /// The text with its `${placeholders}`.
        text: String,
        /// What placeholders stand for that name no resource and no parameter.
        variables: Members,
    },
    /// `Fn::If`.
    If {
        /// The name of a condition.
        condition: String,
        /// The value if it holds.
        yes: Node,
        /// The value if it does not.
        no: Node,
    },
    /// `Fn::FindInMap`.
    FindInMap {
        /// The name of a mapping.
        mapping: String,
        /// A key of it.
        top: Node,
        /// A key below that.
        second: Node,
    },
    /// `Fn::Select`.
    Select {
        /// Which element, from 0.
        index: u32,
        /// A list.
        list: Node,
    },
    /// `Fn::Split`.
    Split {
        /// What stands between the parts.
        separator: String,
        /// The text to split.
        text: Node,
    },
    /// `Fn::Join`.
    Join {
        /// What is put between the parts.
        separator: String,
        /// A list of texts.
        list: Node,
    },
    /// `Fn::Base64`.
    Base64(Node),
    /// `Fn::ImportValue`.
    ImportValue(Node),
    /// `Condition`: a condition by its name, within another.
    Condition(String),
    /// `Fn::Equals`, `Fn::And` and the like.
    Logic {
        /// Which.
        operator: Operator,
        /// On what.
        operands: Vec<Node>,
    },
}

/// The functions of conditions and rules.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operator {
    /// `Fn::And`.
    And,
    /// `Fn::Contains`, in rules only.
    Contains,
    /// `Fn::EachMemberEquals`, in rules only.
    EachMemberEquals,
    /// `Fn::EachMemberIn`, in rules only.
    EachMemberIn,
    /// `Fn::Equals`.
    Equals,
    /// `Fn::Not`.
    Not,
    /// `Fn::Or`.
    Or,
}

impl Node {
    /// An object of these members.
    pub fn map<K: Into<String>>(members: impl IntoIterator<Item = (K, Node)>) -> Self {
        Self::Map(members.into_iter().map(|(name, node)| (name.into(), node)).collect())
    }

    /// A list of texts.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(|text| Self::Text(text.into())).collect())
    }

    /// The text, if it is a literal one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bool(_)
            | Self::Integer(_)
            | Self::Number(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Intrinsic(_) => None,
        }
    }

    /// The members, if it is an object.
    pub fn as_map(&self) -> Option<&Members> {
        match self {
            Self::Map(members) => Some(members),
            Self::Bool(_)
            | Self::Integer(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::List(_)
            | Self::Intrinsic(_) => None,
        }
    }

    /// The elements, if it is a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        match self {
            Self::List(elements) => Some(elements),
            Self::Bool(_)
            | Self::Integer(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Map(_)
            | Self::Intrinsic(_) => None,
        }
    }

    /// The function, if it is one.
    pub fn as_intrinsic(&self) -> Option<&Intrinsic> {
        match self {
            Self::Intrinsic(intrinsic) => Some(intrinsic),
            Self::Bool(_)
            | Self::Integer(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::List(_)
            | Self::Map(_) => None,
        }
    }
}

impl From<Intrinsic> for Node {
    fn from(intrinsic: Intrinsic) -> Self {
        Self::Intrinsic(Box::new(intrinsic))
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// As a JSON template has it, with functions in their long form.
impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Number(value) => number(*value, serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(elements) => serializer.collect_seq(elements),
            Self::Map(members) => serializer.collect_map(members),
            Self::Intrinsic(intrinsic) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(intrinsic.name(), &intrinsic.argument())?;
                map.end()
            }
        }
    }
}

/// Writes a number, which must be finite: a template knows no others.
pub(crate) fn number<S: Serializer>(value: f64, serializer: S) -> Result<S::Ok, S::Error> {
    if !value.is_finite() {
        return Err(S::Error::custom(format!("{value} is no number of a template")));
    }
    match whole(value) {
        Some(whole) => serializer.serialize_i64(whole),
        None => serializer.serialize_f64(value),
    }
}

/// A number without a fraction, as people write it.
fn whole(value: f64) -> Option<i64> {
    /// Up to here a floating-point number holds every whole one.
    const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() != 0.0 || value.abs() > MAX_EXACT {
        return None;
    }
    format!("{value:.0}").parse().ok()
}

impl Intrinsic {
    /// The name that the function has in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ref(_) => "Ref",
            Self::GetAtt { .. } => "Fn::GetAtt",
            Self::Sub { .. } => "Fn::Sub",
            Self::If { .. } => "Fn::If",
            Self::FindInMap { .. } => "Fn::FindInMap",
            Self::Select { .. } => "Fn::Select",
            Self::Split { .. } => "Fn::Split",
            Self::Join { .. } => "Fn::Join",
            Self::Base64(_) => "Fn::Base64",
            Self::ImportValue(_) => "Fn::ImportValue",
            Self::Condition(_) => "Condition",
            Self::Logic { operator, .. } => operator.name(),
        }
    }

    /// What stands behind the name.
    pub fn argument(&self) -> Node {
        let list = Node::List;
        match self {
            Self::Ref(name) | Self::Condition(name) => Node::from(name.as_str()),
            Self::GetAtt { resource, attribute } => Node::texts([resource, attribute]),
            Self::Sub { text, variables } if variables.is_empty() => Node::from(text.as_str()),
            Self::Sub { text, variables } => {
                list(vec![text.as_str().into(), Node::Map(variables.clone())])
            }
            Self::If { condition, yes, no } => {
                list(vec![condition.as_str().into(), yes.clone(), no.clone()])
            }
            Self::FindInMap { mapping, top, second } => {
                list(vec![mapping.as_str().into(), top.clone(), second.clone()])
            }
            Self::Select { index, list: of } => {
                list(vec![Node::Integer(i64::from(*index)), of.clone()])
            }
            Self::Split { separator, text: of } | Self::Join { separator, list: of } => {
                list(vec![separator.as_str().into(), of.clone()])
            }
            Self::Base64(of) | Self::ImportValue(of) => of.clone(),
            Self::Logic { operands, .. } => list(operands.clone()),
        }
    }
}

impl Operator {
    /// The name that the function has in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::And => "Fn::And",
            Self::Contains => "Fn::Contains",
            Self::EachMemberEquals => "Fn::EachMemberEquals",
            Self::EachMemberIn => "Fn::EachMemberIn",
            Self::Equals => "Fn::Equals",
            Self::Not => "Fn::Not",
            Self::Or => "Fn::Or",
        }
    }

    /// Whether it is allowed in the section `Rules` only.
    pub fn is_for_rules(self) -> bool {
        match self {
            Self::Contains | Self::EachMemberEquals | Self::EachMemberIn => true,
            Self::And | Self::Equals | Self::Not | Self::Or => false,
        }
    }
}
