//! Policies of IAM, typed: documents, statements, principals and conditions.

use crate::value::node::{Members, Node};
use crate::value::{IntoValue, ToNode, Value};

/// A policy document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyDocument {
    statements: Vec<Statement>,
}

impl PolicyDocument {
    /// A document of these statements.
    pub fn new(statements: impl IntoIterator<Item = Statement>) -> Self {
        Self { statements: statements.into_iter().collect() }
    }

    /// What lets a service of AWS take on a role, such as `lambda.amazonaws.com`.
    pub fn assumed_by(service: &str) -> Self {
        let principal = Principal::service(service);
        Self::new([Statement::allow(["sts:AssumeRole"]).principal(principal)])
    }

    /// With one more statement.
    #[must_use]
    pub fn with(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }

    /// The statements.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

impl ToNode for PolicyDocument {
    fn to_node(&self) -> Node {
        let statements = self.statements.iter().map(ToNode::to_node).collect();
        Node::map([("Version", "2012-10-17".into()), ("Statement", Node::List(statements))])
    }
}

impl IntoValue<PolicyDocument> for PolicyDocument {
    fn into_value(self) -> Value<PolicyDocument> {
        Value::from_node(self.to_node())
    }
}

/// Whether a statement allows or denies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Allows what nothing denies.
    Allow,
    /// Denies, whatever else allows.
    Deny,
}

/// A statement: who may do what, on what, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    sid: Option<String>,
    effect: Effect,
    principals: Vec<Principal>,
    actions: Vec<String>,
    resources: Vec<Node>,
    conditions: Vec<(ConditionOperator, Node, Node)>,
}

impl Statement {
    /// Allows actions, such as `dynamodb:GetItem`.
    pub fn allow<A: Into<String>>(actions: impl IntoIterator<Item = A>) -> Self {
        Self::new(Effect::Allow, actions)
    }

    /// Denies actions.
    pub fn deny<A: Into<String>>(actions: impl IntoIterator<Item = A>) -> Self {
        Self::new(Effect::Deny, actions)
    }

    fn new<A: Into<String>>(effect: Effect, actions: impl IntoIterator<Item = A>) -> Self {
        let actions = actions.into_iter().map(Into::into).collect();
        let (principals, resources, conditions) = (Vec::new(), Vec::new(), Vec::new());
        Self { sid: None, effect, principals, actions, resources, conditions }
    }

    /// Named: letters and digits, unique in its document.
    #[must_use]
    pub fn sid(mut self, sid: impl Into<String>) -> Self {
        self.sid = Some(sid.into());
        self
    }

    /// On one more resource.
    #[must_use]
    pub fn on(mut self, resource: impl IntoValue<String>) -> Self {
        self.resources.push(resource.into_value().into_node());
        self
    }

    /// On each of these resources too.
    #[must_use]
    pub fn on_each<R: IntoValue<String>>(self, resources: impl IntoIterator<Item = R>) -> Self {
        resources.into_iter().fold(self, Self::on)
    }

    /// On everything, for actions that know no resources.
    #[must_use]
    pub fn on_everything(self) -> Self {
        self.on("*")
    }

    /// For one more principal; only policies of resources and of roles' trust have them.
    #[must_use]
    pub fn principal(mut self, principal: Principal) -> Self {
        self.principals.push(principal);
        self
    }

    /// Only if a key of the request compares so with a value. Several values of one key are
    /// alternatives, several keys must all match.
    #[must_use]
    pub fn when(
        mut self,
        operator: ConditionOperator,
        key: &str,
        value: impl IntoValue<String>,
    ) -> Self {
        self.conditions.push((operator, key.into(), value.into_value().into_node()));
        self
    }

    /// Whether it allows or denies.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The actions.
    pub fn actions(&self) -> &[String] {
        &self.actions
    }

    /// The resources.
    pub fn resources(&self) -> &[Node] {
        &self.resources
    }

    fn principal_node(&self) -> Option<Node> {
        if self.principals.is_empty() {
            return None;
        }
        if self.principals.contains(&Principal::Everyone) {
            return Some("*".into());
        }
        let mut kinds: indexmap::IndexMap<&str, Vec<Node>> = indexmap::IndexMap::new();
        for principal in &self.principals {
            let (kind, node) = principal.parts();
            kinds.entry(kind).or_default().push(node);
        }
        Some(Node::map(kinds.into_iter().map(|(kind, nodes)| (kind, one_or_list(nodes)))))
    }

    fn condition_node(&self) -> Option<Node> {
        let mut operators: indexmap::IndexMap<&str, indexmap::IndexMap<&str, Vec<Node>>> =
            indexmap::IndexMap::new();
        for (operator, key, value) in &self.conditions {
            let keys = operators.entry(operator.as_str()).or_default();
            keys.entry(key.as_text().unwrap_or_default()).or_default().push(value.clone());
        }
        if operators.is_empty() {
            return None;
        }
        Some(Node::map(operators.into_iter().map(|(operator, keys)| {
            let keys = keys.into_iter().map(|(key, values)| (key, one_or_list(values)));
            (operator, Node::map(keys))
        })))
    }
}

impl ToNode for Statement {
    fn to_node(&self) -> Node {
        let mut members = Members::new();
        let mut put = |name: &str, node: Node| members.insert(name.to_owned(), node);
        if let Some(sid) = &self.sid {
            put("Sid", sid.as_str().into());
        }
        put("Effect", if self.effect == Effect::Allow { "Allow" } else { "Deny" }.into());
        if let Some(principal) = self.principal_node() {
            put("Principal", principal);
        }
        put(
            "Action",
            one_or_list(self.actions.iter().map(|action| action.as_str().into()).collect()),
        );
        if !self.resources.is_empty() {
            put("Resource", one_or_list(self.resources.clone()));
        }
        if let Some(condition) = self.condition_node() {
            put("Condition", condition);
        }
        Node::Map(members)
    }
}

fn one_or_list(mut nodes: Vec<Node>) -> Node {
    if nodes.len() == 1 { nodes.remove(0) } else { Node::List(nodes) }
}

/// Who a statement is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Principal {
    /// A service of AWS.
    Service(Node),
    /// An account, a role or a user.
    Aws(Node),
    /// An identity provider.
    Federated(Node),
    /// Everyone, without authentication too.
    Everyone,
}

impl Principal {
    /// A service of AWS, such as `lambda.amazonaws.com`.
    pub fn service(name: impl IntoValue<String>) -> Self {
        Self::Service(name.into_value().into_node())
    }

    /// A role, a user or an account by its ARN.
    pub fn arn(arn: impl IntoValue<String>) -> Self {
        Self::Aws(arn.into_value().into_node())
    }

    /// All of an account whom its own policies let, by the account's id.
    pub fn account(id: impl IntoValue<String>) -> Self {
        let id = id.into_value();
        Self::Aws(crate::sub!("arn:${AWS::Partition}:iam::${id}:root", id = id).into_node())
    }

    /// An identity provider by its ARN.
    pub fn federated(arn: impl IntoValue<String>) -> Self {
        Self::Federated(arn.into_value().into_node())
    }

    fn parts(&self) -> (&'static str, Node) {
        match self {
            Self::Service(node) => ("Service", node.clone()),
            Self::Aws(node) => ("AWS", node.clone()),
            Self::Federated(node) => ("Federated", node.clone()),
            Self::Everyone => ("AWS", "*".into()),
        }
    }
}

/// How a key of a request is compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConditionOperator {
    /// An ARN equals, part by part.
    ArnEquals,
    /// An ARN matches, with `*` and `?` in its parts.
    ArnLike,
    /// A key is `true` or `false`.
    Bool,
    /// Each value of a key equals one of these.
    ForAllValuesStringEquals,
    /// Each value of a key matches one of these, with `*` and `?`.
    ForAllValuesStringLike,
    /// Some value of a key equals one of these.
    ForAnyValueStringEquals,
    /// An address is in a range.
    IpAddress,
    /// A key is absent (`true`) or present (`false`).
    Null,
    /// A number is not greater.
    NumericLessThanEquals,
    /// A text equals.
    StringEquals,
    /// A text equals, if the key is there at all.
    StringEqualsIfExists,
    /// A text matches, with `*` and `?`.
    StringLike,
    /// A text does not equal.
    StringNotEquals,
}

impl ConditionOperator {
    /// The name in a policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ArnEquals => "ArnEquals",
            Self::ArnLike => "ArnLike",
            Self::Bool => "Bool",
            Self::ForAllValuesStringEquals => "ForAllValues:StringEquals",
            Self::ForAllValuesStringLike => "ForAllValues:StringLike",
            Self::ForAnyValueStringEquals => "ForAnyValue:StringEquals",
            Self::IpAddress => "IpAddress",
            Self::Null => "Null",
            Self::NumericLessThanEquals => "NumericLessThanEquals",
            Self::StringEquals => "StringEquals",
            Self::StringEqualsIfExists => "StringEqualsIfExists",
            Self::StringLike => "StringLike",
            Self::StringNotEquals => "StringNotEquals",
        }
    }
}
