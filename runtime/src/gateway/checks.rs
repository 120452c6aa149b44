//! Checks of arguments that may take long: a schema that refers to itself within alternatives can
//! cost more than any bound on its size tells.
//!
//! They run beside the requests, a few for each tool, and are waited for a bounded time. One that
//! does not end keeps its place, so that a bad schema harms its own tool only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::protocol::name::Name;
use crate::registration::schema::{Mismatch, Schema};

/// Checks of one tool at the same time.
const PLACES: usize = 2;
/// How long a check may take before its request is answered.
const PATIENCE: Duration = Duration::from_secs(2);
/// What the model is told.
const TOO_LONG: &str = "the arguments took too long to check";

/// How many checks of each tool run.
#[derive(Clone, Default)]
pub(super) struct Checks(Arc<Mutex<HashMap<Name, usize>>>);

/// A place that is taken until the check ends.
struct Place(Checks, Name);

impl Checks {
    /// Checks a text against a tool's schema. The outer error is that it took too long.
    pub(super) async fn run(
        &self,
        tool: &Name,
        schema: &Arc<Schema>,
        text: &str,
    ) -> Result<Result<(), Mismatch>, String> {
        let place = self.enter(tool).ok_or(TOO_LONG)?;
        let (schema, text) = (schema.clone(), text.to_owned());
        let check = tokio::task::spawn_blocking(move || {
            let checked = schema.check(&text);
            drop(place);
            checked
        });
        match tokio::time::timeout(PATIENCE, check).await {
            Ok(Ok(checked)) => Ok(checked),
            Ok(Err(_)) | Err(_) => Err(TOO_LONG.to_owned()),
        }
    }

    fn enter(&self, tool: &Name) -> Option<Place> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = running.entry(tool.clone()).or_default();
        (*count < PLACES).then(|| {
            *count += 1;
            Place(self.clone(), tool.clone())
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.1);
            }
        }
    }
}
