//! The roles of functions.

use crate::aws::iam;
use crate::construct::{Grant, Scope};
use crate::core::{Condition, Handle, IntoValue, InvalidTemplate, PolicyDocument, Resource, Value};

/// A role that a function takes on, and what it may do.
#[derive(Clone, Debug)]
pub struct Role {
    description: &'static str,
    grants: Vec<Grant>,
    /// Without it, it is always there.
    condition: Option<Condition>,
}

impl Role {
    /// A role that may do nothing yet.
    pub fn new(description: &'static str) -> Self {
        Self { description, grants: Vec::new(), condition: None }
    }

    /// With one more grant.
    #[must_use]
    pub fn grant(mut self, grant: Grant) -> Self {
        self.grants.push(grant);
        self
    }

    /// With several more.
    #[must_use]
    pub fn grant_all(mut self, grants: impl IntoIterator<Item = Grant>) -> Self {
        self.grants.extend(grants);
        self
    }

    /// Only there under a condition of the template.
    #[must_use]
    pub fn only_if(mut self, condition: &Condition) -> Self {
        self.condition = Some(condition.clone());
        self
    }

    /// What it may do.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Puts it into the template.
    pub fn add(
        self,
        scope: &mut Scope<'_>,
        id: &str,
    ) -> Result<Handle<iam::Role>, InvalidTemplate> {
        let policies: Vec<Value<iam::role::Policy>> = self.grants.iter().map(policy).collect();
        let role = iam::Role::new(PolicyDocument::assumed_by("lambda.amazonaws.com"))
            .description(self.description)
            .policies(policies)
            .tags(scope.tag_list());
        let role = match &self.condition {
            Some(condition) => role.only_if(condition),
            None => role,
        };
        scope.template.add(id, role)
    }
}

fn policy(grant: &Grant) -> Value<iam::role::Policy> {
    let policy = iam::role::Policy::new(grant.document(), grant.name());
    match &grant.condition {
        Some(condition) => condition.only(policy).into_value(),
        None => policy.into_value(),
    }
}
