//! The two tables.

use mcp_lambda_runtime::deployment::actions;
use mcp_lambda_runtime::deployment::tables::{
    REGISTRATIONS_KEY, SESSIONS_KEY, TTL_ATTRIBUTE, TableKey,
};

use crate::aws::dynamodb;
use crate::aws::dynamodb::table::{
    AttributeDefinition, AttributeType, BillingMode, KeySchema, KeyType,
    PointInTimeRecoverySpecification, SSESpecification, SSEType, TimeToLiveSpecification,
};
use crate::construct::grant::allow;
use crate::construct::{Grant, Scope};
use crate::core::{DeletionPolicy, Handle, InvalidTemplate, Resource, UpdateReplacePolicy, Value};
use crate::sub;

/// The table of registrations.
#[derive(Clone, Debug)]
pub struct Registrations(Handle<dynamodb::Table>);

/// The table of sessions.
#[derive(Clone, Debug)]
pub struct Sessions(Handle<dynamodb::Table>);

impl Registrations {
    /// Puts it into the template. `protected` says whether it can be deleted.
    pub fn add(scope: &mut Scope<'_>, protected: &Value<bool>) -> Result<Self, InvalidTemplate> {
        let name = sub!("${id}-mcp-registrations", id = scope.identifier);
        let table = table(scope, REGISTRATIONS_KEY, name, protected)
            // Nobody has a copy of what administrators registered.
            .deletion_policy(DeletionPolicy::RetainExceptOnCreate)
            .update_replace_policy(UpdateReplacePolicy::Retain);
        scope.template.add("RegistrationsTable", table).map(Self)
    }

    /// The table.
    pub fn handle(&self) -> &Handle<dynamodb::Table> {
        &self.0
    }

    /// To read it.
    pub fn grant_read(&self) -> Grant {
        let statement = allow(&[actions::REGISTRATIONS_READ]).on(self.0.arn());
        Grant::new("ReadRegistrations", [statement])
    }

    /// To write it, with the notes of what is about to change.
    pub fn grant_write(&self) -> Grant {
        let all = [actions::REGISTRATIONS_READ, actions::REGISTRATIONS_WRITE, actions::INTENTS];
        Grant::new("WriteRegistrations", [allow(&all).on(self.0.arn())])
    }
}

impl Sessions {
    /// Puts it into the template.
    pub fn add(scope: &mut Scope<'_>, protected: &Value<bool>) -> Result<Self, InvalidTemplate> {
        let name = sub!("${id}-mcp-sessions", id = scope.identifier);
        let expiry = TimeToLiveSpecification::new(true).attribute_name(TTL_ATTRIBUTE);
        let table = table(scope, SESSIONS_KEY, name, protected)
            .time_to_live_specification(expiry)
            .deletion_policy(DeletionPolicy::Delete)
            .update_replace_policy(UpdateReplacePolicy::Delete);
        scope.template.add("SessionsTable", table).map(Self)
    }

    /// The table.
    pub fn handle(&self) -> &Handle<dynamodb::Table> {
        &self.0
    }

    /// To keep sessions in it.
    pub fn grant(&self) -> Grant {
        Grant::new("Sessions", [allow(&[actions::SESSIONS]).on(self.0.arn())])
    }
}

fn table(
    scope: &Scope<'_>,
    key: TableKey,
    name: Value<String>,
    protected: &Value<bool>,
) -> dynamodb::Table {
    let attribute = |name: &str| AttributeDefinition::new(name, AttributeType::S);
    let mut attributes = vec![attribute(key.partition)];
    let mut keys = vec![KeySchema::new(key.partition, KeyType::Hash)];
    if let Some(sort) = key.sort {
        attributes.push(attribute(sort));
        keys.push(KeySchema::new(sort, KeyType::Range));
    }
    // Without a customer's key DynamoDB encrypts with its own, which costs nothing.
    let encryption =
        SSESpecification::new(true).sse_type(SSEType::Kms).kms_master_key_id(&scope.key.arn);
    let recovery = PointInTimeRecoverySpecification::new().point_in_time_recovery_enabled(true);
    dynamodb::Table::new(keys)
        .table_name(name)
        .attribute_definitions(attributes)
        .billing_mode(BillingMode::PayPerRequest)
        .point_in_time_recovery_specification(recovery)
        .sse_specification(scope.key.given.only(encryption))
        .deletion_protection_enabled(protected)
        .tags(scope.tag_list())
}
