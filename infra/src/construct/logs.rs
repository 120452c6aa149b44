//! Log groups.

use crate::aws::logs;
use crate::construct::grant::allow;
use crate::construct::{Grant, Scope};
use crate::core::{
    Condition, DeletionPolicy, Handle, IntoValue, InvalidTemplate, Resource, UpdateReplacePolicy,
    Value,
};

/// What a function needs to write its log; that Lambda would also need to make the group is spared.
const WRITE: &[&str] = &["logs:CreateLogStream", "logs:PutLogEvents"];

/// A log group.
#[derive(Clone, Debug)]
pub struct Logs(Handle<logs::LogGroup>);

impl Logs {
    /// Puts one into the template, which keeps lines for `retention` days.
    pub fn add(
        scope: &mut Scope<'_>,
        id: &str,
        name: impl IntoValue<String>,
        retention: &Value<i64>,
        condition: Option<&Condition>,
    ) -> Result<Self, InvalidTemplate> {
        let group = logs::LogGroup::new()
            .log_group_name(name)
            .retention_in_days(retention)
            .kms_key_id(scope.key.given.only(&scope.key.arn))
            .tags(scope.tag_list())
            .deletion_policy(DeletionPolicy::Delete)
            .update_replace_policy(UpdateReplacePolicy::Retain);
        let group = match condition {
            Some(condition) => group.only_if(condition),
            None => group,
        };
        scope.template.add(id, group).map(Self)
    }

    /// The group.
    pub fn handle(&self) -> &Handle<logs::LogGroup> {
        &self.0
    }

    /// To write it, as the policy of this name.
    pub fn grant_write(&self, name: &'static str) -> Grant {
        // The attribute ends in `:*`, which stands for the streams.
        Grant::new(name, [allow(&[WRITE]).on(self.0.arn())])
    }
}
