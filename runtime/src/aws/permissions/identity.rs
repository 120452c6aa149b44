//! A gateway whose role may call functions by a policy of its own.

use async_trait::async_trait;

use crate::port::permissions::{PermissionError, Permissions, StatementId};
use crate::registration::arn::FunctionArn;

/// Grants nothing: which functions may be called is decided where the gateway's role is, and
/// functions' policies are left alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdentityPolicy;

#[async_trait]
impl Permissions for IdentityPolicy {
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
        Ok(vec![false; statements.len()])
    }

    async fn room(&self, _: &FunctionArn, _: &[StatementId]) -> Result<(), PermissionError> {
        Ok(())
    }

    fn principal(&self) -> Option<&str> {
        None
    }
}
