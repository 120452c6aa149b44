//! What tools keep in sessions, in DynamoDB: the map `data` of the layout of awslabs' store.
//!
//! It stands in the item of its session, with a revision and an expiry of its own beside it, so
//! that neither it nor the gateway's state is in the other's way. What others wrote into `data`
//! without a revision is not ours: it is replaced by the first write.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use serde_json::{Map, Number, Value};

use super::rows::{number, read_number, text};
use super::sessions::{CREATED_AT, DynamoSessions, ENDED, Lifetime};
use super::transaction::{Backoff, Item};
use super::within;
use crate::port::session_data::{Kept, SessionData};
use crate::port::{SessionKey, StoreError, Timestamp};

const DATA: &str = "data";
const REVISION: &str = "data_revision";
/// In milliseconds since 1970-01-01 UTC.
const EXPIRES_AT_MS: &str = "data_expires_at_ms";

/// One write.
struct Write {
    data: AttributeValue,
    expected: Option<u64>,
    expires_at: Timestamp,
    now: Timestamp,
}

impl Write {
    /// The revision that is written: they count from 1.
    fn revision(&self) -> u64 {
        self.expected.map_or(1, |expected| expected.saturating_add(1))
    }

    fn update(&self, update: UpdateBuilder, lifetime: Lifetime) -> UpdateBuilder {
        let update = update
            .expression_attribute_names("#data", DATA)
            .expression_attribute_names("#revision", REVISION)
            .expression_attribute_names("#expiry", EXPIRES_AT_MS)
            .expression_attribute_names("#ended", ENDED)
            .expression_attribute_names("#created", CREATED_AT)
            .expression_attribute_values(":data", self.data.clone())
            .expression_attribute_values(":revision", number(self.revision()))
            .expression_attribute_values(":expiry", number(self.expires_at.0))
            .expression_attribute_values(":now", number(self.now.0))
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":created", number(self.now.0 / 1_000));
        let (update, live) = match self.expected {
            // What expired is as if it were not there.
            None => (update, "(attribute_not_exists(#revision) OR #expiry <= :now)"),
            Some(expected) => (
                update.expression_attribute_values(":expected", number(expected)),
                "#revision = :expected AND #expiry > :now",
            ),
        };
        let (update, also_set, also_if) = lifetime.apply(update, self.expires_at);
        let and = if also_if.is_empty() { "" } else { " AND " };
        let open = "(attribute_not_exists(#ended) OR #ended = :no)";
        update.condition_expression(format!("{live} AND {open}{and}{also_if}")).update_expression(
            format!(
                "SET #data = :data, #revision = :revision, #expiry = :expiry, \
                 #created = if_not_exists(#created, :created){also_set}"
            ),
        )
    }
}

fn is_ended(item: &Item) -> bool {
    item.get(ENDED).and_then(|ended| ended.as_bool().ok()).copied().unwrap_or_default()
}

fn kept(item: &Item, now: Timestamp) -> Option<Kept> {
    let revision = read_number(item, REVISION)?;
    let expires_at = Timestamp(read_number(item, EXPIRES_AT_MS)?);
    let members = item.get(DATA)?.as_m().ok()?;
    let fresh = expires_at > now && !is_ended(item);
    fresh.then(|| Kept { members: object(members), revision })
}

fn object(members: &HashMap<String, AttributeValue>) -> Map<String, Value> {
    members.iter().map(|(name, value)| (name.clone(), from_attribute(value))).collect()
}

fn to_attribute(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(flag) => AttributeValue::Bool(flag),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(string) => text(string),
        Value::Array(elements) => {
            AttributeValue::L(elements.into_iter().map(to_attribute).collect())
        }
        Value::Object(members) => AttributeValue::M(
            members.into_iter().map(|(name, value)| (name, to_attribute(value))).collect(),
        ),
    }
}

/// What JSON has no form for was written by somebody else, and reads as null.
fn from_attribute(value: &AttributeValue) -> Value {
    if let Ok(flag) = value.as_bool() {
        Value::Bool(*flag)
    } else if let Ok(digits) = value.as_n() {
        digits.parse::<Number>().map_or(Value::Null, Value::Number)
    } else if let Ok(string) = value.as_s() {
        Value::String(string.clone())
    } else if let Ok(elements) = value.as_l() {
        elements.iter().map(from_attribute).collect()
    } else if let Ok(members) = value.as_m() {
        Value::Object(object(members))
    } else {
        Value::Null
    }
}

impl DynamoSessions {
    async fn write_data(&self, key: SessionKey, write: &Write) -> Result<u64, StoreError> {
        let mut backoff = Backoff::new(self.ids());
        let mut lifetime = Lifetime::Extend;
        loop {
            let update = write.update(self.update(&key.to_string()), lifetime);
            let Err(item) = self.write(update, &mut backoff).await? else {
                return Ok(write.revision());
            };
            if is_ended(&item) {
                return Err(StoreError::NotFound);
            }
            match (kept(&item, write.now), write.expected) {
                (None, Some(_)) => return Err(StoreError::NotFound),
                (Some(old), expected) if expected != Some(old.revision) => {
                    return Err(StoreError::Stale { current: old.revision });
                }
                // The item lives longer than the data would, or was as it should be just now.
                (Some(_) | None, _) => lifetime = Lifetime::Keep,
            }
            backoff.wait().await?;
        }
    }
}

#[async_trait]
impl SessionData for DynamoSessions {
    async fn read(&self, key: SessionKey, now: Timestamp) -> Result<Option<Kept>, StoreError> {
        within(async {
            let item = self.get(&key.to_string()).await?;
            Ok(item.and_then(|item| kept(&item, now)))
        })
        .await
    }

    async fn write(
        &self,
        key: SessionKey,
        members: Map<String, Value>,
        expected: Option<u64>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let data = to_attribute(Value::Object(members));
        let write = Write { data, expected, expires_at, now };
        within(self.write_data(key, &write)).await
    }
}
