//! Session state, tombstones and sealing keys in DynamoDB.
//!
//! The table has the layout of awslabs' session store: the key `session_id`, `expires_at` and
//! `created_at` in seconds, and a map `data` that belongs to the tools' authors. What is ours are
//! further attributes, and every write changes only these; `expires_at`, after which DynamoDB
//! removes the whole item, is never brought forward. Our own expiry is exact and checked on reading.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
    builders::UpdateBuilder,
};
use aws_types::SdkConfig;

use super::rows::{number, read_number, text};
use super::transaction::{self, Backoff, Item, Written};
use super::{TableName, connect, fault, within};
use crate::deployment::tables::{SESSIONS_KEY, TTL_ATTRIBUTE};
use crate::port::{Ids, SessionKey, SessionRecord, Sessions, StoreError, Timestamp};

/// The item of the sealing keys. No session has this key: theirs are hexadecimal digits.
const SEALING_KEYS: &str = "sealing-keys";

pub(super) const CREATED_AT: &str = "created_at";
pub(super) const ENDED: &str = "ended";
/// Our own expiry in milliseconds since 1970-01-01 UTC.
const EXPIRES_AT_MS: &str = "expires_at_ms";
/// A list of binary values of 32 bytes, newest last.
const KEYS: &str = "keys";
const REVISION: &str = "revision";
const STATE: &str = "state";

/// The state of an ended session.
const NO_STATE: &str = "{}";

/// A table of sessions.
pub struct DynamoSessions {
    client: Client,
    table: TableName,
    ids: Arc<dyn Ids>,
}

impl DynamoSessions {
    /// A table, which must be there, with the credentials, HTTP client and endpoint of a
    /// configuration.
    pub fn new(shared: &SdkConfig, table: TableName, ids: Arc<dyn Ids>) -> Self {
        Self { client: connect(shared), table, ids }
    }

    pub(super) fn ids(&self) -> &dyn Ids {
        &*self.ids
    }

    pub(super) async fn get(&self, id: &str) -> Result<Option<Item>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(self.table.as_str())
            .key(SESSIONS_KEY.partition, text(id))
            .consistent_read(true);
        let output = request.send().await.map_err(|error| fault::unavailable(&error))?;
        Ok(output.item)
    }

    pub(super) fn update(&self, id: &str) -> UpdateBuilder {
        Update::builder()
            .table_name(self.table.as_str())
            .key(SESSIONS_KEY.partition, text(id))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// Writes; the item as it is where its condition does not hold.
    pub(super) async fn write(
        &self,
        update: UpdateBuilder,
        backoff: &mut Backoff<'_>,
    ) -> Result<Result<(), Item>, StoreError> {
        let update = update.build().expect("table, key and expression are set");
        let item = TransactWriteItem::builder().update(update).build();
        match transaction::write(&self.client, vec![item], backoff).await? {
            Written::All => Ok(Ok(())),
            Written::Nothing(failed) => {
                let failed = failed.into_iter().next();
                Ok(Err(failed.and_then(|failed| failed.item).unwrap_or_default()))
            }
        }
    }

    async fn save_state(&self, key: SessionKey, save: &Save) -> Result<u64, StoreError> {
        let mut backoff = Backoff::new(&*self.ids);
        let mut lifetime = Lifetime::Extend;
        loop {
            let update = save.update(self.update(&key.to_string()), lifetime);
            let Err(item) = self.write(update, &mut backoff).await? else {
                return Ok(save.revision());
            };
            match (record(&item, save.now), save.expected) {
                (Some(old), _) if old.ended => return Err(StoreError::NotFound),
                (None, Some(_)) => return Err(StoreError::NotFound),
                (Some(old), expected) if expected != Some(old.revision) => {
                    return Err(StoreError::Stale { current: old.revision });
                }
                // The item lives longer than the session would, or was as it should be just now.
                (Some(_) | None, _) => lifetime = Lifetime::Keep,
            }
            backoff.wait().await?;
        }
    }

    async fn end_session(
        &self,
        key: SessionKey,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut backoff = Backoff::new(&*self.ids);
        let mut lifetime = Lifetime::Extend;
        loop {
            let update = end(self.update(&key.to_string()), lifetime, expires_at, now);
            if self.write(update, &mut backoff).await?.is_ok() {
                return Ok(());
            }
            lifetime = Lifetime::Keep;
            backoff.wait().await?;
        }
    }

    async fn shared_keys(&self, candidate: [u8; 32]) -> Result<Vec<[u8; 32]>, StoreError> {
        if let Some(item) = self.get(SEALING_KEYS).await? {
            return sealing_keys(&item);
        }
        let candidate_value = AttributeValue::B(Blob::new(candidate));
        let update = self
            .update(SEALING_KEYS)
            .update_expression("SET #keys = :keys")
            .condition_expression("attribute_not_exists(#keys)")
            .expression_attribute_names("#keys", KEYS)
            .expression_attribute_values(":keys", AttributeValue::L(vec![candidate_value]));
        match self.write(update, &mut Backoff::new(&*self.ids)).await? {
            Ok(()) => Ok(vec![candidate]),
            Err(item) => sealing_keys(&item),
        }
    }
}

/// What becomes of the item's `expires_at`.
#[derive(Clone, Copy)]
pub(super) enum Lifetime {
    /// It is ours if there is none or an earlier one.
    Extend,
    /// It stays.
    Keep,
}

impl Lifetime {
    /// What is set, and the condition on which it may be.
    pub(super) fn apply(
        self,
        update: UpdateBuilder,
        expires_at: Timestamp,
    ) -> (UpdateBuilder, &'static str, &'static str) {
        match self {
            Self::Extend => {
                // DynamoDB must not be early.
                let seconds = expires_at.0.div_ceil(1_000);
                let update = update
                    .expression_attribute_names("#ttl", TTL_ATTRIBUTE)
                    .expression_attribute_values(":ttl", number(seconds));
                let condition = "(attribute_not_exists(#ttl) OR #ttl <= :ttl)";
                (update, ", #ttl = :ttl", condition)
            }
            Self::Keep => (update, "", ""),
        }
    }
}

/// Names and values that every write of a session has.
fn common(update: UpdateBuilder, expires_at: Timestamp, now: Timestamp) -> UpdateBuilder {
    update
        .expression_attribute_names("#state", STATE)
        .expression_attribute_names("#revision", REVISION)
        .expression_attribute_names("#ended", ENDED)
        .expression_attribute_names("#expiry", EXPIRES_AT_MS)
        .expression_attribute_names("#created", CREATED_AT)
        .expression_attribute_values(":expiry", number(expires_at.0))
        .expression_attribute_values(":created", number(now.0 / 1_000))
}

/// One call of `save`.
struct Save {
    state: String,
    expected: Option<u64>,
    expires_at: Timestamp,
    now: Timestamp,
}

impl Save {
    /// The revision that is written: they count from 1.
    fn revision(&self) -> u64 {
        self.expected.map_or(1, |expected| expected.saturating_add(1))
    }

    fn update(&self, update: UpdateBuilder, lifetime: Lifetime) -> UpdateBuilder {
        let update = common(update, self.expires_at, self.now)
            .expression_attribute_values(":state", text(&self.state))
            .expression_attribute_values(":now", number(self.now.0))
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":revision", number(self.revision()));
        let (update, live) = match self.expected {
            // What expired is as if it were not there.
            None => (
                update,
                "(attribute_not_exists(#revision) OR attribute_not_exists(#expiry) \
                 OR #expiry <= :now)",
            ),
            Some(expected) => (
                update.expression_attribute_values(":expected", number(expected)),
                "#revision = :expected AND #ended = :no AND #expiry > :now",
            ),
        };
        let (update, also_set, also_if) = lifetime.apply(update, self.expires_at);
        let and = if also_if.is_empty() { "" } else { " AND " };
        update.condition_expression(format!("{live}{and}{also_if}")).update_expression(format!(
            "SET #state = :state, #revision = :revision, #ended = :no, #expiry = :expiry, \
             #created = if_not_exists(#created, :created){also_set}"
        ))
    }
}

/// Ends whatever is there.
fn end(
    update: UpdateBuilder,
    lifetime: Lifetime,
    expires_at: Timestamp,
    now: Timestamp,
) -> UpdateBuilder {
    let update = common(update, expires_at, now)
        .expression_attribute_values(":state", text(NO_STATE))
        .expression_attribute_values(":yes", AttributeValue::Bool(true))
        .expression_attribute_values(":zero", number(0))
        .expression_attribute_values(":one", number(1));
    let (update, also_set, only_if) = lifetime.apply(update, expires_at);
    let only_if = Some(only_if.to_owned()).filter(|condition| !condition.is_empty());
    update.set_condition_expression(only_if).update_expression(format!(
        "SET #state = :state, #revision = if_not_exists(#revision, :zero) + :one, #ended = :yes, \
         #expiry = :expiry, #created = if_not_exists(#created, :created){also_set}"
    ))
}

/// The record in an item; `None` where it expired, or where there is only what others wrote.
fn record(item: &Item, now: Timestamp) -> Option<SessionRecord> {
    let revision = read_number(item, REVISION)?;
    let expires_at = Timestamp(read_number(item, EXPIRES_AT_MS)?);
    if expires_at <= now {
        return None;
    }
    let state = item.get(STATE).and_then(|state| state.as_s().ok());
    let ended = item.get(ENDED).and_then(|ended| ended.as_bool().ok());
    Some(SessionRecord {
        state: state.cloned().unwrap_or_else(|| NO_STATE.to_owned()),
        revision,
        ended: ended.copied().unwrap_or_default(),
    })
}

fn sealing_keys(item: &Item) -> Result<Vec<[u8; 32]>, StoreError> {
    let read = |value: &AttributeValue| <[u8; 32]>::try_from(value.as_b().ok()?.as_ref()).ok();
    let keys = item.get(KEYS).and_then(|keys| keys.as_l().ok());
    let keys: Option<Vec<_>> = keys.and_then(|keys| keys.iter().map(read).collect());
    // Making others would end every session, which nobody asked for.
    keys.filter(|keys| !keys.is_empty()).ok_or_else(|| {
        StoreError::Unavailable(format!("the item {SEALING_KEYS} holds no usable keys"))
    })
}

#[async_trait]
impl Sessions for DynamoSessions {
    async fn load(
        &self,
        key: SessionKey,
        now: Timestamp,
    ) -> Result<Option<SessionRecord>, StoreError> {
        within(async {
            let item = self.get(&key.to_string()).await?;
            Ok(item.and_then(|item| record(&item, now)))
        })
        .await
    }

    async fn save(
        &self,
        key: SessionKey,
        state: String,
        expected: Option<u64>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let save = Save { state, expected, expires_at, now };
        within(self.save_state(key, &save)).await
    }

    async fn end(
        &self,
        key: SessionKey,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        within(self.end_session(key, expires_at, now)).await
    }

    async fn sealing_keys(&self, candidate: [u8; 32]) -> Result<Vec<[u8; 32]>, StoreError> {
        within(self.shared_keys(candidate)).await
    }
}
