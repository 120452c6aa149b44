//! The functions that may be registered: the account's own, as far as a pattern of names goes.

use mcp_lambda_runtime::deployment::actions;

use crate::construct::Grant;
use crate::construct::grant::allow;
use crate::core::{ConditionOperator, IntoValue, Statement, Value};
use crate::sub;

/// The one action that gives rights to others.
const ADD: &str = "lambda:AddPermission";

/// Functions by a pattern of their names.
#[derive(Clone, Debug)]
pub struct ToolFunctions(Value<String>);

impl ToolFunctions {
    /// Those of the stack's account and Region whose names match, with `*` and `?`.
    pub fn new(names: &Value<String>) -> Self {
        Self(sub!(
            "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${names}",
            names = names,
        ))
    }

    /// To let the gateway's role call them, and nobody else.
    pub fn grant_management(&self, gateway_role: impl IntoValue<String>) -> Grant {
        let (add, others): (Vec<&str>, Vec<&str>) =
            actions::PERMISSIONS.iter().partition(|action| **action == ADD);
        let statements = [
            Statement::allow(add).on(&self.0).when(
                ConditionOperator::StringEquals,
                "lambda:Principal",
                gateway_role,
            ),
            allow(&[&others]).on(&self.0),
        ];
        Grant::new("GrantTools", statements)
    }
}
