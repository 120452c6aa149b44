//! Intents: the table, its statements, and the port.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use super::SqliteStore;
use super::rows::{signed, unavailable, unsigned};
use crate::port::permissions::{Intent, Intents, OperationId};
use crate::port::{StoreError, Timestamp};

/// It came later than the others. A program that does not know it does no harm, so it is no layout
/// of its own.
pub(super) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS intents (
        at INTEGER NOT NULL,
        id TEXT NOT NULL,
        grants TEXT NOT NULL,
        PRIMARY KEY (at, id)
    ) STRICT, WITHOUT ROWID;";

fn intent(row: &Row<'_>) -> rusqlite::Result<Intent> {
    let id: String = row.get(1)?;
    let grants: String = row.get(2)?;
    Ok(Intent {
        id: OperationId::parse(&id).ok_or(rusqlite::Error::InvalidQuery)?,
        at: Timestamp(unsigned(row, 0)?),
        grants: Intent::grants_of(&grants),
    })
}

fn until(
    connection: &Connection,
    moment: Timestamp,
    limit: usize,
) -> Result<Vec<Intent>, StoreError> {
    let sql = "SELECT at, id, grants FROM intents WHERE at <= ?1 ORDER BY at, id LIMIT ?2";
    let mut statement = connection.prepare(sql).map_err(unavailable)?;
    let values = params![signed(moment.0), signed(limit as u64)];
    let rows = statement.query_map(values, intent).map_err(unavailable)?;
    // A damaged row names nothing that could be settled.
    Ok(rows.filter_map(Result::ok).collect())
}

#[async_trait]
impl Intents for SqliteStore {
    async fn record(&self, intent: &Intent) -> Result<(), StoreError> {
        let (at, id, grants) = (signed(intent.at.0), intent.id.to_string(), intent.grants_text());
        self.write(move |_, connection| {
            let sql = "INSERT OR REPLACE INTO intents VALUES (?1, ?2, ?3)";
            connection.execute(sql, params![at, id, grants]).map(|_| ()).map_err(unavailable)
        })
        .await
    }

    async fn forget(&self, intent: &Intent) -> Result<(), StoreError> {
        let (at, id) = (signed(intent.at.0), intent.id.to_string());
        self.write(move |_, connection| {
            let sql = "DELETE FROM intents WHERE at = ?1 AND id = ?2";
            connection.execute(sql, params![at, id]).map(|_| ()).map_err(unavailable)
        })
        .await
    }

    async fn until(&self, moment: Timestamp, limit: usize) -> Result<Vec<Intent>, StoreError> {
        until(&self.0.lock(), moment, limit)
    }
}
