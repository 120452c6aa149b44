//! What tools keep in sessions: the table, its statements, and the port.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value};

use super::SqliteStore;
use super::rows::{begin, load_session, signed, unavailable, unsigned};
use crate::port::session_data::{Kept, SessionData};
use crate::port::{SessionKey, StoreError, Timestamp};

/// It came later than the others. A program that does not know it does no harm, so it is no layout
/// of its own.
pub(super) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS session_data (
        key BLOB PRIMARY KEY,
        data TEXT NOT NULL,
        revision INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;";

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let text: String = row.get(0)?;
    let members = serde_json::from_str(&text).map_err(|_| rusqlite::Error::InvalidQuery)?;
    Ok(Kept { members, revision: unsigned(row, 1)? })
}

fn load(
    connection: &Connection,
    key: SessionKey,
    now: Timestamp,
) -> Result<Option<Kept>, StoreError> {
    let sql = "SELECT data, revision FROM session_data WHERE key = ?1 AND expires_at > ?2";
    let values = params![key.0, signed(now.0)];
    connection.query_row(sql, values, kept).optional().map_err(unavailable)
}

fn is_ended(connection: &Connection, key: SessionKey, now: Timestamp) -> Result<bool, StoreError> {
    Ok(load_session(connection, key, now)?.is_some_and(|record| record.ended))
}

#[async_trait]
impl SessionData for SqliteStore {
    async fn read(&self, key: SessionKey, now: Timestamp) -> Result<Option<Kept>, StoreError> {
        let connection = self.0.lock();
        if is_ended(&connection, key, now)? {
            return Ok(None);
        }
        load(&connection, key, now)
    }

    async fn write(
        &self,
        key: SessionKey,
        members: Map<String, Value>,
        expected: Option<u64>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let text = Value::Object(members).to_string();
        SqliteStore::write(self, move |_, connection| {
            let transaction = begin(connection)?;
            if is_ended(&transaction, key, now)? {
                return Err(StoreError::NotFound);
            }
            let revision = match (load(&transaction, key, now)?, expected) {
                (Some(old), Some(expected)) if old.revision == expected => expected + 1,
                (Some(old), _) => return Err(StoreError::Stale { current: old.revision }),
                (None, None) => 1,
                (None, Some(_)) => return Err(StoreError::NotFound),
            };
            let sql = "INSERT OR REPLACE INTO session_data VALUES (?1, ?2, ?3, ?4)";
            let values = params![key.0, text, signed(revision), signed(expires_at.0)];
            transaction.execute(sql, values).map_err(unavailable)?;
            let sql = "DELETE FROM session_data WHERE expires_at <= ?1";
            transaction.execute(sql, [signed(now.0)]).map_err(unavailable)?;
            transaction.commit().map_err(unavailable)?;
            Ok(revision)
        })
        .await
    }
}
