//! The items of the table of registrations: one for each registration, and one for the version of
//! the whole.
//!
//! Registrations have one partition, so that a query finds them in the order of their ids; the
//! version has another one. An item that was damaged or written by hand is read as far as it goes.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};

use super::TableName;
use super::transaction::Item;
use crate::deployment::tables::REGISTRATIONS_KEY;
use crate::port::row::{RowId, Rows};
use crate::port::{StoreError, Stored, Timestamp};
use crate::registration::limits;

/// The partition of the registrations.
pub(super) const PARTITION: &str = "registration";
pub(super) const SORT_KEY: &str = match REGISTRATIONS_KEY.sort {
    Some(name) => name,
    None => panic!("registrations are sorted"),
};
const DOCUMENT: &str = "document";
const REVISION: &str = "revision";
const CREATED_AT: &str = "created_at";
const UPDATED_AT: &str = "updated_at";

const CATALOG_PARTITION: &str = "catalog";
const CATALOG_ID: &str = "version";
/// The version's number.
pub(super) const VERSION: &str = "version";
/// The ids that the version's write created, replaced or removed.
const TOUCHED: &str = "touched";

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A whole number; `None` where there is none, or something else.
pub(super) fn read_number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(super) fn key(partition: &str, id: &str) -> Item {
    let partition = (REGISTRATIONS_KEY.partition.to_owned(), text(partition));
    Item::from([partition, (SORT_KEY.to_owned(), text(id))])
}

/// The key of a registration.
pub(super) fn row_key(id: &str) -> Item {
    key(PARTITION, id)
}

/// The key of the catalog's version.
pub(super) fn version_key() -> Item {
    key(CATALOG_PARTITION, CATALOG_ID)
}

/// A row as it was read, with what its revision was literally.
pub(super) struct Row {
    pub(super) stored: Stored,
    revision: Option<AttributeValue>,
}

/// Understands a row as far as it goes: what is missing is empty or 0.
pub(super) fn row(item: &Item) -> Row {
    let document = match item.get(DOCUMENT) {
        Some(AttributeValue::S(text)) => text.clone(),
        Some(AttributeValue::B(bytes)) => String::from_utf8_lossy(bytes.as_ref()).into_owned(),
        // The catalog says of an empty document that it is none.
        Some(_) | None => String::new(),
    };
    let id = item.get(SORT_KEY).and_then(|id| id.as_s().ok()).cloned().unwrap_or_default();
    let stored = Stored {
        id,
        document,
        revision: read_number(item, REVISION).unwrap_or_default(),
        created_at: Timestamp(read_number(item, CREATED_AT).unwrap_or_default()),
        updated_at: Timestamp(read_number(item, UPDATED_AT).unwrap_or_default()),
    };
    Row { stored, revision: item.get(REVISION).cloned() }
}

fn row_item(stored: &Stored) -> Item {
    let mut item = row_key(&stored.id);
    item.insert(DOCUMENT.to_owned(), text(&stored.document));
    item.insert(REVISION.to_owned(), number(stored.revision));
    item.insert(CREATED_AT.to_owned(), number(stored.created_at.0));
    item.insert(UPDATED_AT.to_owned(), number(stored.updated_at.0));
    item
}

/// The version of the whole as it was read.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Version {
    /// Counts the writes.
    pub(super) number: u64,
    /// What the last of them touched.
    pub(super) touched: Vec<String>,
}

/// Understands the version's item; before the first write there is none.
pub(super) fn version(item: Option<&Item>) -> Result<Version, StoreError> {
    let Some(item) = item else { return Ok(Version { number: 0, touched: Vec::new() }) };
    let number = read_number(item, VERSION).ok_or_else(|| {
        let text = format!("the item {CATALOG_PARTITION}/{CATALOG_ID} has no usable {VERSION}");
        StoreError::Unavailable(text)
    })?;
    let touched = item.get(TOUCHED).and_then(|touched| touched.as_ss().ok());
    let touched = touched.into_iter().flatten().take(limits::MAX_IMPORT).cloned().collect();
    Ok(Version { number, touched })
}

fn complete<T>(built: Result<T, BuildError>) -> T {
    built.expect("table and item are set")
}

/// Creates a row that is not there.
pub(super) fn create(table: &TableName, stored: &Stored) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(table.as_str())
        .set_item(Some(row_item(stored)))
        .condition_expression("attribute_not_exists(#partition)")
        .expression_attribute_names("#partition", REGISTRATIONS_KEY.partition);
    TransactWriteItem::builder().put(complete(put.build())).build()
}

/// Replaces a row that is still as it was read.
pub(super) fn replace(table: &TableName, seen: &Row, stored: &Stored) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(table.as_str())
        .set_item(Some(row_item(stored)))
        .condition_expression(seen.condition())
        .set_expression_attribute_values(seen.values())
        .expression_attribute_names("#revision", REVISION)
        .expression_attribute_names("#partition", REGISTRATIONS_KEY.partition);
    TransactWriteItem::builder().put(complete(put.build())).build()
}

/// Removes a row that is still as it was read.
pub(super) fn remove(table: &TableName, seen: &Row) -> TransactWriteItem {
    let delete = Delete::builder()
        .table_name(table.as_str())
        .set_key(Some(row_key(&seen.stored.id)))
        .condition_expression(seen.condition())
        .set_expression_attribute_values(seen.values())
        .expression_attribute_names("#revision", REVISION)
        .expression_attribute_names("#partition", REGISTRATIONS_KEY.partition);
    TransactWriteItem::builder().delete(complete(delete.build())).build()
}

impl Row {
    /// Whoever writes by hand leaves the version alone, so the row is looked at as well.
    fn condition(&self) -> &'static str {
        match self.revision {
            Some(_) => "attribute_exists(#partition) AND #revision = :seen",
            None => "attribute_exists(#partition) AND attribute_not_exists(#revision)",
        }
    }

    fn values(&self) -> Option<Item> {
        let seen = self.revision.clone()?;
        Some(Item::from([(":seen".to_owned(), seen)]))
    }
}

/// Makes the next version, if there is none since the one that was seen.
pub(super) fn succeed(table: &TableName, seen: u64, touched: Vec<String>) -> TransactWriteItem {
    let mut item = version_key();
    item.insert(VERSION.to_owned(), number(seen.saturating_add(1)));
    if !touched.is_empty() {
        item.insert(TOUCHED.to_owned(), AttributeValue::Ss(touched));
    }
    let put = Put::builder()
        .table_name(table.as_str())
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(#version) OR #version = :seen")
        .expression_attribute_names("#version", VERSION)
        .expression_attribute_values(":seen", number(seen));
    TransactWriteItem::builder().put(complete(put.build())).build()
}

/// Which ids a page holds, as a condition on the key with the values that it names.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Span {
    pub(super) condition: &'static str,
    pub(super) names: Vec<(&'static str, &'static str)>,
    pub(super) values: Vec<(&'static str, String)>,
}

/// The ids of some rows, or all, that come after one; `None` when there can be none.
pub(super) fn span(rows: Rows, after: Option<&str>) -> Option<Span> {
    // No key is empty, and none is longer than DynamoDB takes.
    let after = after.unwrap_or_default();
    let after = &after[..after.floor_char_boundary(MAX_KEY_BYTES - 1)];
    let mut names = vec![("#partition", REGISTRATIONS_KEY.partition)];
    let mut values = vec![(":partition", PARTITION.to_owned())];
    let condition = match rows.span() {
        None if after.is_empty() => "#partition = :partition",
        None => {
            values.push((":after", after.to_owned()));
            "#partition = :partition AND #id > :after"
        }
        Some((first, last)) => {
            let next = format!("{after}\0");
            if next > last {
                return None;
            }
            values.extend([(":first", first.max(next)), (":last", last)]);
            "#partition = :partition AND #id BETWEEN :first AND :last"
        }
    };
    if values.len() > 1 {
        names.push(("#id", SORT_KEY));
    }
    Some(Span { condition, names, values })
}

/// The longest sort key.
const MAX_KEY_BYTES: usize = 1_024;

/// A row that is not there yet.
pub(super) fn new_row(id: &RowId, document: String, now: Timestamp) -> Stored {
    Stored { id: id.to_string(), document, revision: 1, created_at: now, updated_at: now }
}
