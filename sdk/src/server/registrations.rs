//! Ports of the gateway that have nothing to do here: what is registered is fixed, and there is
//! nobody whom anything must be granted to.

use async_trait::async_trait;
use mcp_lambda_runtime::port::permissions::{
    Intent, Intents, PermissionError, Permissions, StatementId,
};
use mcp_lambda_runtime::port::row::{RowId, Rows};
use mcp_lambda_runtime::port::{Registrations, StoreError, Stored, Timestamp};
use mcp_lambda_runtime::registration::arn::FunctionArn;
use serde_json::Value;

use super::definitions;

/// What the program was built with.
pub(super) struct Fixed(Vec<Stored>);

impl Fixed {
    /// Documents with ids of their own.
    pub(super) fn new(documents: &[Value], now: Timestamp) -> Self {
        let stored = |document: &Value| Stored {
            id: definitions::id(document),
            document: document.to_string(),
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        let mut rows: Vec<Stored> = documents.iter().map(stored).collect();
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        Self(rows)
    }
}

fn fixed<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("what this server serves is part of its program".to_owned()))
}

#[async_trait]
impl Registrations for Fixed {
    async fn create(
        &self,
        _: Vec<(RowId, String)>,
        _: Timestamp,
    ) -> Result<Vec<Stored>, StoreError> {
        fixed()
    }

    async fn load(&self, id: &RowId) -> Result<Option<Stored>, StoreError> {
        let id = id.to_string();
        Ok(self.0.iter().find(|row| row.id == id).cloned())
    }

    async fn replace(
        &self,
        _: &RowId,
        _: String,
        _: Option<u64>,
        _: Timestamp,
    ) -> Result<Stored, StoreError> {
        fixed()
    }

    async fn remove(&self, _: &RowId, _: Option<u64>) -> Result<(), StoreError> {
        fixed()
    }

    async fn page(
        &self,
        rows: Rows,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let span = rows.span();
        let wanted = |row: &&Stored| {
            let is_one = |(first, last): &(String, String)| (first..=last).contains(&&row.id);
            span.as_ref().is_none_or(is_one) && after.is_none_or(|id| *row.id > *id)
        };
        Ok(self.0.iter().filter(wanted).take(limit).cloned().collect())
    }

    async fn version(&self) -> Result<u64, StoreError> {
        Ok(1)
    }
}

/// Nothing is granted, as nothing of anyone else's is called.
pub(super) struct Nothing;

#[async_trait]
impl Permissions for Nothing {
    async fn grant(&self, _: &FunctionArn, _: &StatementId) -> Result<(), PermissionError> {
        Ok(())
    }

    async fn revoke(&self, _: &FunctionArn, _: &StatementId) -> Result<(), PermissionError> {
        Ok(())
    }

    async fn granted(
        &self,
        _: &FunctionArn,
        statements: &[StatementId],
    ) -> Result<Vec<bool>, PermissionError> {
        Ok(vec![true; statements.len()])
    }

    async fn room(&self, _: &FunctionArn, _: &[StatementId]) -> Result<(), PermissionError> {
        Ok(())
    }

    fn principal(&self) -> Option<&str> {
        None
    }
}

#[async_trait]
impl Intents for Nothing {
    async fn record(&self, _: &Intent) -> Result<(), StoreError> {
        Ok(())
    }

    async fn forget(&self, _: &Intent) -> Result<(), StoreError> {
        Ok(())
    }

    async fn until(&self, _: Timestamp, _: usize) -> Result<Vec<Intent>, StoreError> {
        Ok(Vec::new())
    }
}
