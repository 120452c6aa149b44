//! Permissions on one machine, where every function may be called.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::port::permissions::{PermissionError, Permissions, StatementId};
use crate::registration::arn::FunctionArn;

/// Remembers what was granted, for as long as the process lives. Nobody is kept out by it: functions
/// of the local host belong to whoever runs the gateway.
#[derive(Debug, Default)]
pub struct MemoryPermissions(Mutex<HashSet<(FunctionArn, StatementId)>>);

impl MemoryPermissions {
    fn lock(&self) -> MutexGuard<'_, HashSet<(FunctionArn, StatementId)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that is granted, in no order.
    pub fn all(&self) -> Vec<(FunctionArn, StatementId)> {
        self.lock().iter().cloned().collect()
    }
}

#[async_trait]
impl Permissions for MemoryPermissions {
    async fn grant(
        &self,
        function: &FunctionArn,
        statement: &StatementId,
    ) -> Result<(), PermissionError> {
        self.lock().insert((function.clone(), statement.clone()));
        Ok(())
    }

    async fn revoke(
        &self,
        function: &FunctionArn,
        statement: &StatementId,
    ) -> Result<(), PermissionError> {
        self.lock().remove(&(function.clone(), statement.clone()));
        Ok(())
    }

    async fn granted(
        &self,
        function: &FunctionArn,
        statements: &[StatementId],
    ) -> Result<Vec<bool>, PermissionError> {
        let all = self.lock();
        let is_there =
            |statement: &StatementId| all.contains(&(function.clone(), statement.clone()));
        Ok(statements.iter().map(is_there).collect())
    }

    async fn room(&self, _: &FunctionArn, _: &[StatementId]) -> Result<(), PermissionError> {
        Ok(())
    }

    fn principal(&self) -> Option<&str> {
        None
    }
}
