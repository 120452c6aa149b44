//! Registrations in DynamoDB.
//!
//! A reader of single items or of a query may see a part of a transaction that is being written:
//! the version already, but not yet its rows. Rows that are compiled under such a version would be
//! taken for current until the next write. So the version's item names the rows that it touched,
//! and a version that is new to this process is read once more together with them in a
//! transaction, which sees all of a write or nothing. Whoever writes does that first, so that no
//! version comes before the one under it is complete.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::types::{Get, TransactGetItem, TransactWriteItem};
use aws_types::SdkConfig;

use super::rows::{self, Row, Version};
use super::transaction::{self, Backoff, Item, Verdict, Written};
use super::{TableName, connect, fault, within};
use crate::port::row::{RowId, Rows};
use crate::port::{Ids, Registrations, StoreError, Stored, Timestamp};
use crate::registration::limits;

/// A table of registrations.
///
/// Documents of one creation have at most 4 MB together, which is DynamoDB's bound of a transaction.
pub struct DynamoRegistrations {
    client: Client,
    table: TableName,
    ids: Arc<dyn Ids>,
    /// The last version that was seen to be complete.
    settled: AtomicU64,
}

impl DynamoRegistrations {
    /// A table, which must be there, with the credentials, HTTP client and endpoint of a
    /// configuration.
    pub fn new(shared: &SdkConfig, table: TableName, ids: Arc<dyn Ids>) -> Self {
        Self { client: connect(shared), table, ids, settled: AtomicU64::new(0) }
    }

    async fn get(&self, key: Item) -> Result<Option<Item>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(self.table.as_str())
            .set_key(Some(key))
            .consistent_read(true);
        let output = request.send().await.map_err(|error| fault::unavailable(&error))?;
        Ok(output.item)
    }

    async fn row(&self, id: &RowId) -> Result<Option<Row>, StoreError> {
        let item = self.get(rows::row_key(&id.to_string())).await?;
        Ok(item.as_ref().map(rows::row))
    }

    /// The row, if it is in the expected revision.
    async fn expected(&self, id: &RowId, expected: Option<u64>) -> Result<Row, StoreError> {
        let row = self.row(id).await?.ok_or(StoreError::NotFound)?;
        let current = row.stored.revision;
        match expected {
            Some(expected) if expected != current => Err(StoreError::Stale { current }),
            _ => Ok(row),
        }
    }

    /// The version, once all rows of its write can be read.
    async fn settled(&self, backoff: &mut Backoff<'_>) -> Result<u64, StoreError> {
        loop {
            let item = self.get(rows::version_key()).await?;
            let version = rows::version(item.as_ref())?;
            let is_known = version.number == self.settled.load(Ordering::Acquire);
            if is_known || version.touched.is_empty() || self.is_complete(&version).await? {
                self.settled.store(version.number, Ordering::Release);
                return Ok(version.number);
            }
            backoff.wait().await?;
        }
    }

    /// Whether a version is still the last one and nobody writes to the rows that it touched.
    async fn is_complete(&self, version: &Version) -> Result<bool, StoreError> {
        let keys = version.touched.iter().map(|id| rows::row_key(id));
        let gets = std::iter::once(rows::version_key()).chain(keys).map(|key| self.part(key));
        let request = self.client.transact_get_items().set_transact_items(Some(gets.collect()));
        let error = match request.send().await {
            Ok(output) => {
                let first = output.responses.as_deref().and_then(<[_]>::first);
                let item = first.and_then(|response| response.item.as_ref());
                let now = item.and_then(|item| rows::read_number(item, rows::VERSION));
                return Ok(now == Some(version.number));
            }
            Err(error) => error,
        };
        let Some(TransactGetItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
        else {
            return Err(fault::unavailable(&error));
        };
        match transaction::judge(cancelled.cancellation_reasons())? {
            Verdict::Again | Verdict::Refused(_) => Ok(false),
        }
    }

    /// Reads no more of an item than shows that it can be read.
    fn part(&self, key: Item) -> TransactGetItem {
        let get = Get::builder()
            .table_name(self.table.as_str())
            .set_key(Some(key))
            .projection_expression("#version")
            .expression_attribute_names("#version", rows::VERSION);
        TransactGetItem::builder().get(get.build().expect("table and key are set")).build()
    }

    /// Writes with the next version; what failed is that of `items`, or nothing where somebody
    /// else was first.
    async fn commit(
        &self,
        seen: u64,
        mut items: Vec<TransactWriteItem>,
        touched: Vec<String>,
        backoff: &mut Backoff<'_>,
    ) -> Result<Written, StoreError> {
        let last = items.len();
        items.push(rows::succeed(&self.table, seen, touched));
        match transaction::write(&self.client, items, backoff).await? {
            Written::All => {
                self.settled.store(seen.saturating_add(1), Ordering::Release);
                Ok(Written::All)
            }
            Written::Nothing(mut failed) => {
                failed.retain(|failed| failed.position < last);
                Ok(Written::Nothing(failed))
            }
        }
    }

    async fn create_all(&self, new: Vec<Stored>) -> Result<Vec<Stored>, StoreError> {
        if new.len() > limits::MAX_IMPORT {
            let text = format!("DynamoDB writes at most {} rows at once", limits::MAX_IMPORT);
            return Err(StoreError::Unavailable(text));
        }
        let ids: Vec<String> = new.iter().map(|row| row.id.clone()).collect();
        if let Some(twice) = (1..ids.len()).find(|index| ids[..*index].contains(&ids[*index])) {
            return Err(StoreError::Exists(ids[twice].clone()));
        }
        let items: Vec<_> = new.iter().map(|row| rows::create(&self.table, row)).collect();
        let mut backoff = Backoff::new(&*self.ids);
        loop {
            let seen = self.settled(&mut backoff).await?;
            match self.commit(seen, items.clone(), ids.clone(), &mut backoff).await? {
                Written::All => return Ok(new),
                Written::Nothing(failed) => {
                    if let Some(first) = failed.first() {
                        return Err(StoreError::Exists(ids[first.position].clone()));
                    }
                }
            }
            backoff.wait().await?;
        }
    }

    /// Changes a row to what is made of it.
    async fn change<T>(
        &self,
        id: &RowId,
        expected: Option<u64>,
        change: impl Fn(&Row) -> (TransactWriteItem, T) + Send,
    ) -> Result<T, StoreError> {
        let mut backoff = Backoff::new(&*self.ids);
        loop {
            // The version is read before the row: if the row changes meanwhile, so does that.
            let seen = self.settled(&mut backoff).await?;
            let row = self.expected(id, expected).await?;
            let (item, changed) = change(&row);
            match self.commit(seen, vec![item], vec![id.to_string()], &mut backoff).await? {
                Written::All => return Ok(changed),
                Written::Nothing(_) => backoff.wait().await?,
            }
        }
    }

    async fn pages(
        &self,
        which: Rows,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let mut found: Vec<Stored> = Vec::new();
        let Some(span) = rows::span(which, after).filter(|_| limit > 0) else { return Ok(found) };
        let mut query = self
            .client
            .query()
            .table_name(self.table.as_str())
            .consistent_read(true)
            .key_condition_expression(span.condition);
        for (name, attribute) in span.names {
            query = query.expression_attribute_names(name, attribute);
        }
        for (name, value) in span.values {
            query = query.expression_attribute_values(name, rows::text(value));
        }
        let mut next = None;
        loop {
            // A page of DynamoDB ends after 1 MB, however many rows that is.
            let left = i32::try_from(limit - found.len()).unwrap_or(i32::MAX);
            let request = query.clone().limit(left).set_exclusive_start_key(next);
            let output = request.send().await.map_err(|error| fault::unavailable(&error))?;
            let items = output.items.unwrap_or_default();
            found.extend(items.iter().take(limit - found.len()).map(|item| rows::row(item).stored));
            next = output.last_evaluated_key.filter(|key| !key.is_empty());
            if next.is_none() || found.len() == limit {
                return Ok(found);
            }
        }
    }
}

#[async_trait]
impl Registrations for DynamoRegistrations {
    async fn create(
        &self,
        new: Vec<(RowId, String)>,
        now: Timestamp,
    ) -> Result<Vec<Stored>, StoreError> {
        let new = new.into_iter().map(|(id, document)| rows::new_row(&id, document, now));
        within(self.create_all(new.collect())).await
    }

    async fn load(&self, id: &RowId) -> Result<Option<Stored>, StoreError> {
        within(async { Ok(self.row(id).await?.map(|row| row.stored)) }).await
    }

    async fn replace(
        &self,
        id: &RowId,
        document: String,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<Stored, StoreError> {
        let change = |row: &Row| {
            let stored = Stored {
                document: document.clone(),
                revision: row.stored.revision.saturating_add(1),
                updated_at: now,
                ..row.stored.clone()
            };
            (rows::replace(&self.table, row, &stored), stored)
        };
        within(self.change(id, expected, change)).await
    }

    async fn remove(&self, id: &RowId, expected: Option<u64>) -> Result<(), StoreError> {
        let change = |row: &Row| (rows::remove(&self.table, row), ());
        within(self.change(id, expected, change)).await
    }

    async fn page(
        &self,
        which: Rows,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        within(self.pages(which, after, limit)).await
    }

    async fn version(&self) -> Result<u64, StoreError> {
        within(async { self.settled(&mut Backoff::new(&*self.ids)).await }).await
    }
}
