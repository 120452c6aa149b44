//! A customer's KMS key, if there is one.

use crate::construct::Grant;
use crate::construct::grant::allow;
use crate::core::{Condition, ConditionOperator, Statement, Value};
use crate::sub;

/// What reads the variables of a function, which Lambda does with the function's role.
const VARIABLES: &[&str] = &["kms:Decrypt"];
/// What DynamoDB does with a table's key on behalf of who uses the table.
const TABLES: &[&str] = &[
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
];

/// A customer's key, which encrypts tables, logs and variables.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its ARN.
    pub arn: Value<String>,
    /// Whether there is one.
    pub given: Condition,
}

impl Key {
    /// To use the tables that it encrypts, and the function's own variables.
    pub fn grant(&self) -> Grant {
        Grant::new("Key", [self.through("dynamodb", TABLES), self.through("lambda", VARIABLES)])
            .only_if(&self.given)
    }

    /// To read the function's own variables.
    pub fn grant_variables(&self) -> Grant {
        Grant::new("Key", [self.through("lambda", VARIABLES)]).only_if(&self.given)
    }

    /// Not by itself, but through a service.
    fn through(&self, service: &str, actions: &[&str]) -> Statement {
        let service = sub!("${service}.${AWS::Region}.${AWS::URLSuffix}", service = service);
        let statement = allow(&[actions]).on(&self.arn);
        statement.when(ConditionOperator::StringEquals, "kms:ViaService", service)
    }
}
