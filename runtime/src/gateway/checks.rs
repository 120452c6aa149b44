//! Checks of arguments that may take long: a schema that refers to itself within alternatives can
//! cost more than any bound on its size tells.
//!
//! They run beside the requests, a few at a time and for a bounded time. One that does not end
//! keeps its place, so that bad schemas harm their own tools only.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::registration::schema::{Mismatch, Schema};

/// Checks at the same time.
const PLACES: usize = 4;
/// How long a check may take before its request is answered.
const PATIENCE: Duration = Duration::from_secs(2);

/// The places for long checks.
pub(super) struct Checks(Arc<Semaphore>);

impl Default for Checks {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PLACES)))
    }
}

impl Checks {
    /// Checks a text against a schema. The outer error is that it took too long.
    pub(super) async fn run(
        &self,
        schema: &Arc<Schema>,
        text: &str,
    ) -> Result<Result<(), Mismatch>, String> {
        let (schema, text, places) = (schema.clone(), text.to_owned(), self.0.clone());
        let work = async move {
            let place = places.acquire_owned().await.ok()?;
            let check = move || {
                let checked = schema.check(&text);
                drop(place);
                checked
            };
            tokio::task::spawn_blocking(check).await.ok()
        };
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Some(checked)) => Ok(checked),
            Ok(None) | Err(_) => Err("the arguments took too long to check".to_owned()),
        }
    }
}
