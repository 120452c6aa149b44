//! Registrations and sessions in SQLite: in memory, or in a folder where they outlive the process.
//!
//! Every write is durable when it is acknowledged (write-ahead log, synced on each commit).
//! Sessions are read on every request of a legacy client and are few, so they are also kept in
//! memory; registrations are read when the catalog changes.

mod intents;
mod rows;
mod session_data;

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use async_trait::async_trait;
use rusqlite::Connection;

use crate::port::row::{RowId, Rows};
use crate::port::{
    Registrations, SessionKey, SessionRecord, Sessions, StoreError, Stored, Timestamp,
};

/// The layout of the tables; another one is not opened.
const LAYOUT: i64 = 1;
/// The database's name in its folder.
const FILE: &str = "mcp-lambda.db";
/// The name of the file that keeps a second process out.
const LOCK: &str = "lock";

/// Sessions in memory after which the expired ones are looked for.
const PURGE_EVERY: usize = 1_024;

/// A store.
#[derive(Clone)]
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    connection: Mutex<Connection>,
    version: AtomicU64,
    sessions: RwLock<HashMap<SessionKey, KeptSession>>,
    /// Held as long as the store lives.
    _lock: Option<File>,
}

#[derive(Clone, Debug)]
struct KeptSession {
    record: SessionRecord,
    expires_at: Timestamp,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum CannotOpen {
    /// The folder cannot be made or used.
    #[error("cannot use the folder {path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process has it open.
    #[error("the folder {path} is in use by another mcp-lambda; stop it, or choose another --data")]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// A later program wrote it.
    #[error("the data in {path} has layout {found}, but this program knows {LAYOUT}; update it")]
    Layout {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: i64,
    },
    /// SQLite's word.
    #[error("cannot open the data in {path}: {source}")]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

impl SqliteStore {
    /// A store in memory.
    pub fn in_memory() -> Result<Self, CannotOpen> {
        let path = PathBuf::from(":memory:");
        let connection = Connection::open_in_memory().map_err(|source| database(&path, source))?;
        Self::prepare(connection, &path, None)
    }

    /// A store in a folder, which is made where it is missing. One process at a time.
    pub fn in_folder(folder: &Path) -> Result<Self, CannotOpen> {
        let unusable = |source| CannotOpen::Folder { path: folder.to_owned(), source };
        make_private_folder(folder).map_err(unusable)?;
        let lock = open_private_file(&folder.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(CannotOpen::InUse { path: folder.to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        let path = folder.join(FILE);
        // What SQLite puts beside a database it makes as private as the database is.
        open_private_file(&path).map_err(unusable)?;
        let connection = Connection::open(&path).map_err(|source| database(&path, source))?;
        Self::prepare(connection, &path, Some(lock))
    }

    fn prepare(
        connection: Connection,
        path: &Path,
        lock: Option<File>,
    ) -> Result<Self, CannotOpen> {
        let failed = |source| database(path, source);
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
            .map_err(failed)?;
        let found: i64 =
            connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
        match found {
            0 => connection.execute_batch(rows::TABLES).map_err(failed)?,
            LAYOUT => {}
            found => return Err(CannotOpen::Layout { path: path.to_owned(), found }),
        }
        connection.execute_batch(intents::TABLE).map_err(failed)?;
        connection.execute_batch(session_data::TABLE).map_err(failed)?;
        let version = rows::version(&connection).map_err(failed)?;
        let sessions = rows::sessions(&connection).map_err(failed)?;
        Ok(Self(Arc::new(Inner {
            connection: Mutex::new(connection),
            version: AtomicU64::new(version),
            sessions: RwLock::new(sessions),
            _lock: lock,
        })))
    }

    /// Whether nothing was ever registered here.
    pub fn is_new(&self) -> bool {
        self.0.version.load(Ordering::Acquire) == 0
    }

    /// Runs a write where it may wait for the disk.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner, &mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = self.0.clone();
        let task = tokio::task::spawn_blocking(move || work(&inner, &mut inner.lock()));
        task.await.map_err(|error| StoreError::Unavailable(error.to_string()))?
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep_session(&self, key: SessionKey, kept: KeptSession, now: Timestamp) {
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        if sessions.len().is_multiple_of(PURGE_EVERY) {
            sessions.retain(|_, kept| now < kept.expires_at);
        }
        sessions.insert(key, kept);
    }
}

fn database(path: &Path, source: rusqlite::Error) -> CannotOpen {
    CannotOpen::Database { path: path.to_owned(), source }
}

/// The folder holds the keys by which sessions are sealed: nobody else may read it.
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Opens a file that only its owner may read, made where it is missing. An older program may have
/// left it open to others.
fn open_private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

#[async_trait]
impl Registrations for SqliteStore {
    async fn create(
        &self,
        new: Vec<(RowId, String)>,
        now: Timestamp,
    ) -> Result<Vec<Stored>, StoreError> {
        self.write(move |inner, connection| {
            let (stored, version) = rows::create(connection, &new, now)?;
            inner.version.store(version, Ordering::Release);
            Ok(stored)
        })
        .await
    }

    async fn load(&self, id: &RowId) -> Result<Option<Stored>, StoreError> {
        rows::load(&self.0.lock(), &id.to_string())
    }

    async fn replace(
        &self,
        id: &RowId,
        document: String,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<Stored, StoreError> {
        let id = id.to_string();
        self.write(move |inner, connection| {
            let (stored, version) = rows::replace(connection, &id, document, expected, now)?;
            inner.version.store(version, Ordering::Release);
            Ok(stored)
        })
        .await
    }

    async fn remove(&self, id: &RowId, expected: Option<u64>) -> Result<(), StoreError> {
        let id = id.to_string();
        self.write(move |inner, connection| {
            let version = rows::remove(connection, &id, expected)?;
            inner.version.store(version, Ordering::Release);
            Ok(())
        })
        .await
    }

    async fn page(
        &self,
        span: Rows,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        rows::page(&self.0.lock(), span, after.unwrap_or_default(), limit)
    }

    async fn version(&self) -> Result<u64, StoreError> {
        Ok(self.0.version.load(Ordering::Acquire))
    }
}

#[async_trait]
impl Sessions for SqliteStore {
    async fn load(
        &self,
        key: SessionKey,
        now: Timestamp,
    ) -> Result<Option<SessionRecord>, StoreError> {
        let sessions = self.0.sessions.read().unwrap_or_else(PoisonError::into_inner);
        let kept = sessions.get(&key).filter(|kept| now < kept.expires_at);
        Ok(kept.map(|kept| kept.record.clone()))
    }

    async fn save(
        &self,
        key: SessionKey,
        state: String,
        expected: Option<u64>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.write(move |inner, connection| {
            let record = rows::save_session(connection, key, state, expected, expires_at, now)?;
            let revision = record.revision;
            inner.keep_session(key, KeptSession { record, expires_at }, now);
            Ok(revision)
        })
        .await
    }

    async fn end(
        &self,
        key: SessionKey,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |inner, connection| {
            let record = rows::end_session(connection, key, expires_at, now)?;
            inner.keep_session(key, KeptSession { record, expires_at }, now);
            Ok(())
        })
        .await
    }

    async fn sealing_keys(&self, candidate: [u8; 32]) -> Result<Vec<[u8; 32]>, StoreError> {
        self.write(move |_, connection| rows::sealing_keys(connection, candidate)).await
    }
}
