//! What a role may do.

use crate::core::{Condition, ConditionOperator, PolicyDocument, Statement, Value};

/// What a role may do, as one policy of it. Only constructs make one.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The policy's name, unique in its role.
    pub(super) name: &'static str,
    pub(super) statements: Vec<Statement>,
    /// Without it, always.
    pub(super) condition: Option<Condition>,
}

impl Grant {
    pub(super) fn new(name: &'static str, statements: impl IntoIterator<Item = Statement>) -> Self {
        Self { name, statements: statements.into_iter().collect(), condition: None }
    }

    /// Given only under a condition of the template.
    #[must_use]
    pub fn only_if(mut self, condition: &Condition) -> Self {
        self.condition = Some(condition.clone());
        self
    }

    /// The policy's name.
    pub fn name(&self) -> &str {
        self.name
    }

    /// The policy.
    pub fn document(&self) -> PolicyDocument {
        PolicyDocument::new(self.statements.iter().cloned())
    }
}

/// A statement of these actions, each once, in the order of the alphabet.
pub(super) fn allow(lists: &[&[&str]]) -> Statement {
    let mut actions: Vec<&str> = lists.concat();
    actions.sort_unstable();
    actions.dedup();
    Statement::allow(actions)
}

/// With a condition on the function whose role makes the call.
pub(super) fn from_function(statement: Statement, arn: &Value<String>) -> Statement {
    statement.when(ConditionOperator::ArnEquals, "lambda:SourceFunctionArn", arn)
}
