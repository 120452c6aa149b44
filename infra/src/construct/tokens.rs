//! The bearer door's tokens: a parameter of Systems Manager.
//!
//! No resource stands for it in the template, because CloudFormation makes no encrypted parameters,
//! and what a template makes it would know. `mcp-lambda token rotate` makes it.

use mcp_lambda_runtime::deployment::{actions, tokens_parameter};

use crate::construct::{Grant, Scope};
use crate::core::{Condition, Statement, Value};
use crate::sub;

/// The tokens of a stack.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The parameter's name.
    pub name: Value<String>,
    arn: Value<String>,
}

impl Tokens {
    /// Those of the scope's stack.
    pub fn new(scope: &Scope<'_>) -> Self {
        const MARK: &str = "@";
        let name = tokens_parameter(MARK);
        let (before, after) = name.split_once(MARK).expect("the identifier is in the name");
        let (before, after) = (before.to_owned(), after.to_owned());
        Self {
            arn: sub!(
                "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${before}${id}${after}",
                before = before.clone(),
                id = scope.identifier,
                after = after.clone(),
            ),
            name: sub!(
                "${before}${id}${after}",
                before = before,
                id = scope.identifier,
                after = after,
            ),
        }
    }

    /// To compare what callers send with them.
    pub fn grant_read(&self, used: &Condition) -> Grant {
        let read = Statement::allow(actions::TOKENS_PARAMETER.iter().copied()).on(&self.arn);
        Grant::new("Tokens", [read]).only_if(used)
    }
}
