//! Both tables, as the stack makes them.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification,
};
use mcp_lambda_runtime::aws::dynamodb::TableName;
use mcp_lambda_runtime::deployment::tables::{
    REGISTRATIONS_KEY, SESSIONS_KEY, TTL_ATTRIBUTE, TableKey,
};

/// The names of both tables.
pub(crate) struct Tables {
    pub(crate) registrations: TableName,
    pub(crate) sessions: TableName,
}

/// Creates both tables; they can be used afterwards.
pub(crate) async fn tables(client: &Client) -> Tables {
    let tables = Tables {
        registrations: TableName::parse("stack-mcp-registrations").expect("a name"),
        sessions: TableName::parse("stack-mcp-sessions").expect("a name"),
    };
    create(client, &tables.registrations, REGISTRATIONS_KEY).await;
    create(client, &tables.sessions, SESSIONS_KEY).await;
    let expiry = TimeToLiveSpecification::builder().enabled(true).attribute_name(TTL_ATTRIBUTE);
    client
        .update_time_to_live()
        .table_name(tables.sessions.as_str())
        .time_to_live_specification(expiry.build().expect("complete"))
        .send()
        .await
        .expect("the table expires items");
    tables
}

async fn create(client: &Client, name: &TableName, key: TableKey) {
    let mut request =
        client.create_table().table_name(name.as_str()).billing_mode(BillingMode::PayPerRequest);
    let parts = [Some((key.partition, KeyType::Hash)), key.sort.map(|sort| (sort, KeyType::Range))];
    for (attribute, kind) in parts.into_iter().flatten() {
        let definition = AttributeDefinition::builder()
            .attribute_name(attribute)
            .attribute_type(ScalarAttributeType::S);
        let element = KeySchemaElement::builder().attribute_name(attribute).key_type(kind);
        request = request
            .attribute_definitions(definition.build().expect("complete"))
            .key_schema(element.build().expect("complete"));
    }
    request.send().await.expect("a table");
    client
        .wait_until_table_exists()
        .table_name(name.as_str())
        .wait(Duration::from_secs(10))
        .await
        .expect("an active table");
}
