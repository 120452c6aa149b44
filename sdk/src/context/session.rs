//! What a server keeps of a client between its calls.

use std::time::Duration;

pub use mcp_lambda_runtime::port::session_data::MAX_DATA_BYTES;
use mcp_lambda_runtime::port::session_data::{DATA_LIFETIME, SessionData};
use mcp_lambda_runtime::port::{SessionKey, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Stores;

/// How often a lost update is tried again.
const TRIES: u32 = 10;
/// The pause after the first; each further one is twice as long, and a random part of it is waited.
const PAUSE: Duration = Duration::from_millis(5);

/// A session's data: JSON values by their keys, [`MAX_DATA_BYTES`] bytes at most.
///
/// It is kept for a day after it was last written, or until the client ends the session.
pub struct Session<'a> {
    key: SessionKey,
    data: &'a dyn SessionData,
    stores: &'a Stores,
}

/// Why a call has no session.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoSession {
    /// The client speaks 2026-07-28.
    #[error(
        "revision 2026-07-28 has no sessions: give this tool an argument that says what its data \
         belongs to, or use a client of an older revision"
    )]
    Revision,
    /// The server keeps none.
    #[error(
        "this server keeps no sessions: start it without --stateless, on Lambda with a table in \
         MCP_SESSION_TABLE, and let the client initialize"
    )]
    Stateless,
}

/// Why a session's data was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The client has ended the session.
    #[error("the session has ended: initialize again")]
    Ended,
    /// Over [`MAX_DATA_BYTES`].
    #[error("a session's data has at most {MAX_DATA_BYTES} bytes as JSON: keep less in it")]
    TooLarge,
    /// What is kept is not of the type that was asked for, or the value has no JSON form.
    #[error("what is kept under {key:?} does not fit: {why}")]
    Shape {
        /// The key.
        key: String,
        /// Why.
        why: String,
    },
    /// Too many calls changed it at the same time.
    #[error("too many calls change this session at the same time: try again")]
    Busy,
    /// The store could not be asked.
    #[error("the session's data cannot be reached now: try again")]
    Unavailable,
}

impl<'a> Session<'a> {
    pub(super) fn new(key: SessionKey, data: &'a dyn SessionData, stores: &'a Stores) -> Self {
        Self { key, data, stores }
    }

    /// Reads the value of a key.
    ///
    /// # Errors
    ///
    /// Where it is of another type, or the store cannot be reached.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SessionError> {
        let kept = self.data.read(self.key, self.stores.clock.now()).await.map_err(failed)?;
        let value = kept.and_then(|mut kept| kept.members.remove(key));
        value.map(|value| read(key, value)).transpose()
    }

    /// Sets the value of a key; the other keys stay as they are.
    ///
    /// # Errors
    ///
    /// Where the data becomes too large, or the store cannot be reached.
    pub async fn set<T: Serialize>(&self, key: &str, value: &T) -> Result<(), SessionError> {
        let value = write(key, value)?;
        self.change(|members| {
            members.insert(key.to_owned(), value.clone());
            Ok(())
        })
        .await
    }

    /// Removes a key.
    ///
    /// # Errors
    ///
    /// Where the store cannot be reached.
    pub async fn remove(&self, key: &str) -> Result<(), SessionError> {
        self.change(|members| {
            members.remove(key);
            Ok(())
        })
        .await
    }

    /// Changes the value of a key by what it is, where it is not yet there by its default: nothing
    /// that others write at the same time is lost, for which `change` may be called several times.
    ///
    /// # Errors
    ///
    /// Where it is of another type, becomes too large, is changed by too many at once, or the store
    /// cannot be reached.
    pub async fn update<T, R>(
        &self,
        key: &str,
        mut change: impl FnMut(&mut T) -> R,
    ) -> Result<R, SessionError>
    where
        T: Default + DeserializeOwned + Serialize,
    {
        self.change(|members| {
            let old = members.remove(key);
            let mut value = old.map(|old| read(key, old)).transpose()?.unwrap_or_default();
            let result = change(&mut value);
            members.insert(key.to_owned(), write(key, &value)?);
            Ok(result)
        })
        .await
    }

    async fn change<R>(
        &self,
        mut change: impl FnMut(&mut Map<String, Value>) -> Result<R, SessionError>,
    ) -> Result<R, SessionError> {
        for attempt in 0..TRIES {
            let now = self.stores.clock.now();
            let kept = self.data.read(self.key, now).await.map_err(failed)?;
            let expected = kept.as_ref().map(|kept| kept.revision);
            let mut members = kept.map(|kept| kept.members).unwrap_or_default();
            let result = change(&mut members)?;
            if is_too_large(&members) {
                return Err(SessionError::TooLarge);
            }
            let until = now.after(DATA_LIFETIME);
            match self.data.write(self.key, members, expected, until, now).await {
                Ok(_) => return Ok(result),
                Err(StoreError::Stale { .. } | StoreError::Exists(_)) => self.wait(attempt).await,
                // What was there has expired in this moment.
                Err(StoreError::NotFound) if expected.is_some() => self.wait(attempt).await,
                Err(error) => return Err(failed(error)),
            }
        }
        Err(SessionError::Busy)
    }

    async fn wait(&self, attempt: u32) {
        let mut random = [0];
        self.stores.ids.fill(&mut random);
        tokio::time::sleep(PAUSE * 2_u32.pow(attempt) * u32::from(random[0]) / 256).await;
    }
}

fn is_too_large(members: &Map<String, Value>) -> bool {
    serde_json::to_string(members).map_or(usize::MAX, |text| text.len()) > MAX_DATA_BYTES
}

fn failed(error: StoreError) -> SessionError {
    match error {
        StoreError::NotFound => SessionError::Ended,
        StoreError::Exists(_) | StoreError::Stale { .. } => SessionError::Busy,
        StoreError::Unavailable(_) => SessionError::Unavailable,
    }
}

fn read<T: DeserializeOwned>(key: &str, value: Value) -> Result<T, SessionError> {
    serde_json::from_value(value).map_err(|error| shape(key, &error))
}

fn write<T: Serialize>(key: &str, value: &T) -> Result<Value, SessionError> {
    serde_json::to_value(value).map_err(|error| shape(key, &error))
}

fn shape(key: &str, error: &serde_json::Error) -> SessionError {
    SessionError::Shape { key: key.to_owned(), why: error.to_string() }
}
