//! The tables and their statements.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::KeptSession;
use crate::port::row::{RowId, Rows};
use crate::port::{SessionKey, SessionRecord, StoreError, Stored, Timestamp};

pub(super) const TABLES: &str = "
    BEGIN;
    CREATE TABLE registrations (
        id TEXT PRIMARY KEY,
        document TEXT NOT NULL,
        revision INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE catalog (version INTEGER NOT NULL) STRICT;
    INSERT INTO catalog VALUES (0);
    CREATE TABLE sessions (
        key BLOB PRIMARY KEY,
        state TEXT NOT NULL,
        revision INTEGER NOT NULL,
        ended INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sealing_keys (number INTEGER PRIMARY KEY, key BLOB NOT NULL) STRICT;
    PRAGMA user_version = 1;
    COMMIT;";

pub(super) fn unavailable(error: rusqlite::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// A write takes its lock at once, so that what it reads cannot change before it writes.
pub(super) fn begin(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unavailable)
}

/// Ends a write to the registrations: one more version of the whole.
fn commit(transaction: Transaction<'_>) -> Result<u64, StoreError> {
    transaction.execute("UPDATE catalog SET version = version + 1", []).map_err(unavailable)?;
    let version = version(&transaction).map_err(unavailable)?;
    transaction.commit().map_err(unavailable)?;
    Ok(version)
}

pub(super) fn version(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row("SELECT version FROM catalog", [], |row| unsigned(row, 0))
}

/// SQLite's integers are signed; ours never exceed them.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

const COLUMNS: &str = "id, document, revision, created_at, updated_at";

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        id: row.get(0)?,
        // A row that somebody else damaged must not keep the others from being read.
        document: String::from_utf8_lossy(row.get_ref(1)?.as_bytes()?).into_owned(),
        revision: unsigned(row, 2)?,
        created_at: Timestamp(unsigned(row, 3)?),
        updated_at: Timestamp(unsigned(row, 4)?),
    })
}

pub(super) fn load(connection: &Connection, id: &str) -> Result<Option<Stored>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM registrations WHERE id = ?1");
    connection.query_row(&sql, [id], stored).optional().map_err(unavailable)
}

pub(super) fn page(
    connection: &Connection,
    rows: Rows,
    after: &str,
    limit: usize,
) -> Result<Vec<Stored>, StoreError> {
    let (from, to) = rows.span().unwrap_or_else(|| (String::new(), char::MAX.to_string()));
    let sql = format!(
        "SELECT {COLUMNS} FROM registrations \
         WHERE id > ?1 AND id >= ?2 AND id <= ?3 ORDER BY id LIMIT ?4"
    );
    let mut statement = connection.prepare(&sql).map_err(unavailable)?;
    let limit = signed(limit as u64);
    let rows = statement.query_map(params![after, from, to, limit], stored).map_err(unavailable)?;
    rows.collect::<Result<_, _>>().map_err(unavailable)
}

pub(super) fn create(
    connection: &mut Connection,
    new: &[(RowId, String)],
    now: Timestamp,
) -> Result<(Vec<Stored>, u64), StoreError> {
    let transaction = begin(connection)?;
    let mut created = Vec::with_capacity(new.len());
    for (id, document) in new {
        let id = id.to_string();
        if load(&transaction, &id)?.is_some() {
            return Err(StoreError::Exists(id));
        }
        let row = Stored {
            id,
            document: document.clone(),
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        let at = signed(now.0);
        transaction
            .execute(
                "INSERT INTO registrations VALUES (?1, ?2, 1, ?3, ?3)",
                params![row.id, row.document, at],
            )
            .map_err(unavailable)?;
        created.push(row);
    }
    Ok((created, commit(transaction)?))
}

/// The row, if it is in the expected revision.
fn expect(
    transaction: &Transaction<'_>,
    id: &str,
    expected: Option<u64>,
) -> Result<Stored, StoreError> {
    let row = load(transaction, id)?.ok_or(StoreError::NotFound)?;
    match expected {
        Some(expected) if expected != row.revision => {
            Err(StoreError::Stale { current: row.revision })
        }
        _ => Ok(row),
    }
}

pub(super) fn replace(
    connection: &mut Connection,
    id: &str,
    document: String,
    expected: Option<u64>,
    now: Timestamp,
) -> Result<(Stored, u64), StoreError> {
    let transaction = begin(connection)?;
    let old = expect(&transaction, id, expected)?;
    let row = Stored { document, revision: old.revision + 1, updated_at: now, ..old };
    transaction
        .execute(
            "UPDATE registrations SET document = ?2, revision = ?3, updated_at = ?4 WHERE id = ?1",
            params![row.id, row.document, signed(row.revision), signed(now.0)],
        )
        .map_err(unavailable)?;
    let version = commit(transaction)?;
    Ok((row, version))
}

pub(super) fn remove(
    connection: &mut Connection,
    id: &str,
    expected: Option<u64>,
) -> Result<u64, StoreError> {
    let transaction = begin(connection)?;
    expect(&transaction, id, expected)?;
    transaction.execute("DELETE FROM registrations WHERE id = ?1", [id]).map_err(unavailable)?;
    commit(transaction)
}

pub(super) fn sessions(
    connection: &Connection,
) -> rusqlite::Result<HashMap<SessionKey, KeptSession>> {
    let mut statement =
        connection.prepare("SELECT key, state, revision, ended, expires_at FROM sessions")?;
    let rows = statement.query_map([], |row| {
        let record =
            SessionRecord { state: row.get(1)?, revision: unsigned(row, 2)?, ended: row.get(3)? };
        let expires_at = Timestamp(unsigned(row, 4)?);
        Ok((SessionKey(row.get(0)?), KeptSession { record, expires_at }))
    })?;
    // A damaged row is as if its session had never been used.
    Ok(rows.filter_map(Result::ok).collect())
}

pub(super) fn load_session(
    connection: &Connection,
    key: SessionKey,
    now: Timestamp,
) -> Result<Option<SessionRecord>, StoreError> {
    let record = |row: &Row<'_>| {
        Ok(SessionRecord { state: row.get(0)?, revision: unsigned(row, 1)?, ended: row.get(2)? })
    };
    let sql = "SELECT state, revision, ended FROM sessions WHERE key = ?1 AND expires_at > ?2";
    connection.query_row(sql, params![key.0, signed(now.0)], record).optional().map_err(unavailable)
}

pub(super) fn save_session(
    connection: &mut Connection,
    key: SessionKey,
    state: String,
    expected: Option<u64>,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<SessionRecord, StoreError> {
    let transaction = begin(connection)?;
    let revision = match (load_session(&transaction, key, now)?, expected) {
        (Some(old), _) if old.ended => return Err(StoreError::NotFound),
        (Some(old), Some(expected)) if old.revision == expected => expected + 1,
        (Some(old), _) => return Err(StoreError::Stale { current: old.revision }),
        (None, None) => 1,
        (None, Some(_)) => return Err(StoreError::NotFound),
    };
    let record = SessionRecord { state, revision, ended: false };
    put_session(&transaction, key, &record, expires_at)?;
    remove_expired_sessions(&transaction, now)?;
    transaction.commit().map_err(unavailable)?;
    Ok(record)
}

pub(super) fn end_session(
    connection: &mut Connection,
    key: SessionKey,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<SessionRecord, StoreError> {
    let transaction = begin(connection)?;
    let old = load_session(&transaction, key, now)?;
    let revision = old.map_or(1, |old| old.revision + 1);
    let record = SessionRecord { state: "{}".to_owned(), revision, ended: true };
    put_session(&transaction, key, &record, expires_at)?;
    remove_expired_sessions(&transaction, now)?;
    transaction.commit().map_err(unavailable)?;
    Ok(record)
}

fn remove_expired_sessions(
    transaction: &Transaction<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM sessions WHERE expires_at <= ?1";
    transaction.execute(sql, [signed(now.0)]).map(|_| ()).map_err(unavailable)
}

fn put_session(
    transaction: &Transaction<'_>,
    key: SessionKey,
    record: &SessionRecord,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO sessions VALUES (?1, ?2, ?3, ?4, ?5)";
    let values =
        params![key.0, record.state, signed(record.revision), record.ended, signed(expires_at.0)];
    transaction.execute(sql, values).map(|_| ()).map_err(unavailable)
}

pub(super) fn sealing_keys(
    connection: &mut Connection,
    candidate: [u8; 32],
) -> Result<Vec<[u8; 32]>, StoreError> {
    let transaction = begin(connection)?;
    let sql = "INSERT INTO sealing_keys SELECT 1, ?1 WHERE NOT EXISTS (SELECT 1 FROM sealing_keys)";
    transaction.execute(sql, [candidate]).map_err(unavailable)?;
    let keys = {
        let mut statement = transaction
            .prepare("SELECT key FROM sealing_keys ORDER BY number")
            .map_err(unavailable)?;
        let rows = statement.query_map([], |row| row.get(0)).map_err(unavailable)?;
        rows.collect::<Result<_, _>>().map_err(unavailable)?
    };
    transaction.commit().map_err(unavailable)?;
    Ok(keys)
}
