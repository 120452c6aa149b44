//! The compiled catalog, kept until the registrations have a new version.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::catalog::Catalog;
use crate::port::row::Rows;
use crate::port::{Registrations, StoreError};

/// Rows read at a time.
const ROWS: usize = 500;

/// A catalog with the moment at which it was last known to be current.
pub(super) struct CatalogCache {
    freshness: Duration,
    kept: RwLock<Option<(Arc<Catalog>, Instant)>>,
    loading: Mutex<()>,
}

impl CatalogCache {
    pub(super) fn new(freshness: Duration) -> Self {
        Self { freshness, kept: RwLock::new(None), loading: Mutex::new(()) }
    }

    /// The current catalog. When the store fails, an older one serves on.
    pub(super) async fn current(
        &self,
        registrations: &dyn Registrations,
    ) -> Result<Arc<Catalog>, StoreError> {
        let kept = self.kept();
        if let Some((catalog, at)) = &kept
            && !self.freshness.is_zero()
            && at.elapsed() < self.freshness
        {
            return Ok(catalog.clone());
        }
        let version = registrations.version().await;
        match (version, kept) {
            (Ok(version), Some((catalog, _))) if catalog.version == version => {
                self.keep(&catalog);
                Ok(catalog)
            }
            (Ok(version), kept) => match (self.load(registrations, version).await, kept) {
                (Ok(catalog), _) => Ok(catalog),
                (Err(_), Some((older, _))) => Ok(older),
                (Err(error), None) => Err(error),
            },
            (Err(_), Some((older, _))) => Ok(older),
            (Err(error), None) => Err(error),
        }
    }

    /// Reads the rows under a version that was read before them: if they change meanwhile, they are
    /// read again.
    async fn load(
        &self,
        registrations: &dyn Registrations,
        seen: u64,
    ) -> Result<Arc<Catalog>, StoreError> {
        let (_one_at_a_time, version) = match self.loading.try_lock() {
            Ok(lock) => (lock, seen),
            Err(_) => {
                // Whoever was first may have read a newer one.
                let lock = self.loading.lock().await;
                (lock, registrations.version().await?)
            }
        };
        if let Some((catalog, _)) = self.kept()
            && catalog.version == version
        {
            return Ok(catalog);
        }
        let mut rows = Vec::new();
        loop {
            let after = rows.last().map(|row: &crate::port::Stored| row.id.clone());
            let page = registrations.page(Rows::All, after.as_deref(), ROWS).await?;
            let last = page.len() < ROWS;
            rows.extend(page);
            if last {
                break;
            }
        }
        let catalog = Arc::new(Catalog::compile(version, rows));
        self.keep(&catalog);
        Ok(catalog)
    }

    fn kept(&self) -> Option<(Arc<Catalog>, Instant)> {
        self.kept.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn keep(&self, catalog: &Arc<Catalog>) {
        let mut kept = self.kept.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        *kept = Some((catalog.clone(), Instant::now()));
    }
}
