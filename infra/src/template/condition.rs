//! Conditions and rules: what is decided when a stack is created or updated.

use std::ops::{BitAnd, BitOr, Not};

use crate::value::node::{Intrinsic, Members, Node, Operator};
use crate::value::{IntoValue, ToNode, Value, pseudo};

/// A condition of a template, to refer to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Condition(String);

impl Condition {
    pub(crate) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Its name in the template.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// One value if the condition holds, and another if it does not (`Fn::If`).
    pub fn choose<Y, N>(&self, yes: Y, no: N) -> If<Y, N> {
        If { condition: self.0.clone(), yes, no }
    }

    /// A value if the condition holds, and else none: the property is absent.
    pub fn only<Y>(&self, yes: Y) -> If<Y, Absent> {
        self.choose(yes, Absent)
    }

    /// That it holds, as part of another condition.
    pub fn holds(&self) -> Predicate {
        Predicate(Intrinsic::Condition(self.0.clone()).into())
    }
}

/// A value that depends on a condition. It fits wherever both of its values fit.
#[derive(Clone, Debug)]
pub struct If<Y, N> {
    condition: String,
    yes: Y,
    no: N,
}

impl<Y, N> If<Y, N> {
    fn node(condition: String, yes: Node, no: Node) -> Node {
        Intrinsic::If { condition, yes, no }.into()
    }
}

impl<T: ?Sized, Y: IntoValue<T>, N: IntoValue<T>> IntoValue<T> for If<Y, N> {
    fn into_value(self) -> Value<T> {
        let (yes, no) = (self.yes.into_value(), self.no.into_value());
        Value::from_node(Self::node(self.condition, yes.into_node(), no.into_node()))
    }
}

impl<Y: ToNode, N: ToNode> ToNode for If<Y, N> {
    fn to_node(&self) -> Node {
        Self::node(self.condition.clone(), self.yes.to_node(), self.no.to_node())
    }
}

/// No value: where it stands, the property or the element is absent (`AWS::NoValue`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Absent;

impl<T: ?Sized> IntoValue<T> for Absent {
    fn into_value(self) -> Value<T> {
        Value::reference("AWS::NoValue")
    }
}

impl ToNode for Absent {
    fn to_node(&self) -> Node {
        Intrinsic::Ref("AWS::NoValue".to_owned()).into()
    }
}

/// Something that holds or does not. It is combined with `&`, `|` and `!`.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate(Node);

impl Predicate {
    /// That a text is in a list. For rules only.
    pub fn contains(list: impl IntoValue<Vec<String>>, text: impl IntoValue<String>) -> Self {
        let operands = vec![list.into_value().into_node(), text.into_value().into_node()];
        Self::logic(Operator::Contains, operands)
    }

    /// That every element of a list equals a text. For rules only.
    pub fn each_equals(list: impl IntoValue<Vec<String>>, text: impl IntoValue<String>) -> Self {
        let operands = vec![list.into_value().into_node(), text.into_value().into_node()];
        Self::logic(Operator::EachMemberEquals, operands)
    }

    /// That every element of a list is in another. For rules only.
    pub fn each_in(list: impl IntoValue<Vec<String>>, of: impl IntoValue<Vec<String>>) -> Self {
        let operands = vec![list.into_value().into_node(), of.into_value().into_node()];
        Self::logic(Operator::EachMemberIn, operands)
    }

    /// That the stack is in one of these Regions.
    pub fn in_region(regions: &[&str]) -> Self {
        let equal = regions.iter().map(|region| pseudo::region().equals(*region));
        equal.reduce(BitOr::bitor).unwrap_or_else(|| pseudo::region().equals(""))
    }

    /// The tree.
    pub fn node(&self) -> &Node {
        &self.0
    }

    fn logic(operator: Operator, operands: Vec<Node>) -> Self {
        Self(Intrinsic::Logic { operator, operands }.into())
    }

    /// Both in one list: three predicates joined by the same operator are one function.
    fn joined(self, operator: Operator, other: Self) -> Self {
        let mut operands = Vec::new();
        for side in [self.0, other.0] {
            match side.as_intrinsic() {
                Some(Intrinsic::Logic { operator: inner, operands: inside })
                    if *inner == operator && operands.len() + inside.len() < MAX_OPERANDS =>
                {
                    operands.extend(inside.iter().cloned());
                }
                Some(_) | None => operands.push(side),
            }
        }
        Self::logic(operator, operands)
    }
}

/// `Fn::And` and `Fn::Or` take two to ten.
const MAX_OPERANDS: usize = 10;

impl BitAnd for Predicate {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.joined(Operator::And, other)
    }
}

impl BitOr for Predicate {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.joined(Operator::Or, other)
    }
}

impl Not for Predicate {
    type Output = Self;

    fn not(self) -> Self {
        Self::logic(Operator::Not, vec![self.0])
    }
}

impl<T> Value<T> {
    /// That the value, usually of a parameter, equals another.
    pub fn equals(&self, other: impl IntoValue<T>) -> Predicate {
        let operands = vec![self.node().clone(), other.into_value().into_node()];
        Predicate::logic(Operator::Equals, operands)
    }
}

/// What must hold of parameters, checked before anything is created.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    when: Option<Predicate>,
    assertions: Vec<(Predicate, String)>,
}

impl Rule {
    /// A rule with one assertion, and the sentence that is shown if it does not hold.
    pub fn new(assertion: Predicate, sentence: impl Into<String>) -> Self {
        Self { when: None, assertions: vec![(assertion, sentence.into())] }
    }

    /// With one more assertion.
    #[must_use]
    pub fn and(mut self, assertion: Predicate, sentence: impl Into<String>) -> Self {
        self.assertions.push((assertion, sentence.into()));
        self
    }

    /// Only asserted if this holds. Rules know parameters, but no conditions by name.
    #[must_use]
    pub fn when(mut self, predicate: Predicate) -> Self {
        self.when = Some(predicate);
        self
    }

    pub(crate) fn to_document(&self) -> Node {
        let mut members = Members::new();
        if let Some(when) = &self.when {
            members.insert("RuleCondition".to_owned(), when.0.clone());
        }
        let assertions = self.assertions.iter().map(|(predicate, sentence)| {
            Node::map([
                ("Assert", predicate.0.clone()),
                ("AssertDescription", sentence.as_str().into()),
            ])
        });
        members.insert("Assertions".to_owned(), Node::List(assertions.collect()));
        Node::Map(members)
    }
}
