//! Intents in DynamoDB: items of another partition of the table of registrations, in the order of
//! their moments.
//!
//! Writing and forgetting may be repeated without harm, so neither needs a transaction. An intent
//! that comes back because a lost request was late is settled once more, which changes nothing.

use std::future::Future;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_types::SdkConfig;

use super::rows::{SORT_KEY, key, text};
use super::transaction::Item;
use super::{TableName, connect, fault, within};
use crate::deployment::tables::REGISTRATIONS_KEY;
use crate::port::permissions::{Intent, Intents, OperationId};
use crate::port::{StoreError, Timestamp};

/// The partition of the intents.
const PARTITION: &str = "intent";
const GRANTS: &str = "grants";

/// The intents in a table of registrations.
pub struct DynamoIntents {
    client: Client,
    table: TableName,
}

impl DynamoIntents {
    /// A table of registrations, which must be there, with the credentials, HTTP client and
    /// endpoint of a configuration.
    pub fn new(shared: &SdkConfig, table: TableName) -> Self {
        Self { client: connect(shared), table }
    }

    /// A page holds at most 1 MB; whoever wants more asks again when these are forgotten.
    async fn query(&self, moment: Timestamp, limit: usize) -> Result<Vec<Intent>, StoreError> {
        let output = self
            .client
            .query()
            .table_name(self.table.as_str())
            .consistent_read(true)
            .key_condition_expression("#partition = :partition AND #id < :end")
            .expression_attribute_names("#partition", REGISTRATIONS_KEY.partition)
            .expression_attribute_names("#id", SORT_KEY)
            .expression_attribute_values(":partition", text(PARTITION))
            .expression_attribute_values(":end", text(end_of(moment)))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| fault::unavailable(&error))?;
        // What others have put there names nothing that could be settled.
        Ok(output.items.unwrap_or_default().iter().filter_map(intent).collect())
    }
}

/// Sorts as the moments do: as many digits as any of them has.
fn sort_key(intent: &Intent) -> String {
    format!("{:020}-{}", intent.at.0, intent.id)
}

/// What comes after every intent of a moment: `.` is the character after `-`.
fn end_of(moment: Timestamp) -> String {
    format!("{:020}.", moment.0)
}

fn intent(item: &Item) -> Option<Intent> {
    let (at, id) = item.get(SORT_KEY)?.as_s().ok()?.split_once('-')?;
    let grants = item.get(GRANTS).and_then(|grants| grants.as_s().ok());
    Some(Intent {
        id: OperationId::parse(id)?,
        at: Timestamp(at.parse().ok()?),
        grants: grants.map(|grants| Intent::grants_of(grants)).unwrap_or_default(),
    })
}

#[async_trait]
impl Intents for DynamoIntents {
    async fn record(&self, intent: &Intent) -> Result<(), StoreError> {
        let mut item = key(PARTITION, &sort_key(intent));
        item.insert(GRANTS.to_owned(), text(intent.grants_text()));
        let put = self.client.put_item().table_name(self.table.as_str()).set_item(Some(item));
        within(done(async { put.send().await.map_err(|error| fault::unavailable(&error)) })).await
    }

    async fn forget(&self, intent: &Intent) -> Result<(), StoreError> {
        let key = key(PARTITION, &sort_key(intent));
        let delete = self.client.delete_item().table_name(self.table.as_str()).set_key(Some(key));
        within(done(async { delete.send().await.map_err(|error| fault::unavailable(&error)) }))
            .await
    }

    async fn until(&self, moment: Timestamp, limit: usize) -> Result<Vec<Intent>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        within(self.query(moment, limit)).await
    }
}

async fn done<T>(sent: impl Future<Output = Result<T, StoreError>>) -> Result<(), StoreError> {
    sent.await.map(|_| ())
}
