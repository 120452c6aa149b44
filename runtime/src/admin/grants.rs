//! Registrations written together with the rights that they need.
//!
//! A right to call a function is wanted if and only if the row of its registration is there and
//! names that function. Nothing else is remembered about it, so whatever breaks off can be finished
//! by anyone who reads the rows. Every change that touches rights goes the same way:
//!
//! 1. an intent names all rights that it may touch;
//! 2. rights that will be wanted are granted, or the change is refused;
//! 3. the row is written, if it is still as it was read;
//! 4. all rights that the intent names are settled, whether the row was written or not;
//! 5. the intent is forgotten.
//!
//! The fourth step also stands between two administrators: whoever takes a right away reads the row
//! again afterwards, and whoever has written a row looks afterwards whether the right is there. So
//! one of both sees what the other did.

use std::future::Future;
use std::time::Duration;

use super::settle::{MAX_ROUNDS, Unsettled, by_function, function_of, unless_external};
use crate::admin::{Admin, AdminError, Precondition};
use crate::port::permissions::{Grant, Intent, OperationId, PermissionError};
use crate::port::row::RowId;
use crate::port::{StoreError, Stored};
use crate::registration::RegistrationId;

/// How long a change may take, with everything that it undoes. What takes longer is given up, as if
/// it had broken off.
pub const CHANGE_TIME: Duration = Duration::from_secs(10 * 60);
/// How many intents of others are settled before a write.
const MAX_RECOVERED_BY_WRITES: usize = 2;
/// How long a write may be held up by that.
const RECOVERY_TIME_OF_WRITES: Duration = Duration::from_secs(5);

fn grant_of(registration: &RegistrationId, document: &str) -> Option<Grant> {
    let function = function_of(document)?;
    Some(Grant { registration: registration.clone(), function })
}

/// A right that could not be granted.
struct Refused {
    error: PermissionError,
    /// How many were granted before.
    granted: usize,
}

impl Admin {
    /// Writes new rows, all or none, with the right to call their functions.
    pub(super) async fn create_rows(
        &self,
        new: Vec<(RegistrationId, String)>,
    ) -> Result<Vec<Stored>, AdminError> {
        self.change(self.create_granted(new)).await
    }

    async fn create_granted(
        &self,
        new: Vec<(RegistrationId, String)>,
    ) -> Result<Vec<Stored>, AdminError> {
        let ports = self.gateway.ports();
        let grants = new.iter().filter_map(|(id, document)| grant_of(id, document));
        let grants: Vec<Grant> = grants.collect();
        if grants.is_empty() {
            return Ok(ports.registrations.create(rows(new), ports.clock.now()).await?);
        }
        self.check_room(&grants).await?;
        let intent = self.intend(grants).await?;
        if let Err(refused) = self.grant(&intent.grants).await {
            return Err(self.refuse(&intent, refused).await);
        }
        let created = ports.registrations.create(rows(new), ports.clock.now()).await;
        self.finish(&intent).await;
        Ok(created?)
    }

    /// Replaces a document, and moves the right to call its function if that is another one.
    pub(super) async fn replace_row(
        &self,
        id: &RegistrationId,
        document: &str,
        when: Precondition,
    ) -> Result<Stored, AdminError> {
        self.change(async {
            for _ in 0..MAX_ROUNDS {
                let row = self.expected(id, when).await?;
                match self.replace_seen(id, document, &row).await {
                    Err(AdminError::Stale { .. }) if when == Precondition::None => {}
                    done => return done,
                }
            }
            Err(busy(id))
        })
        .await
    }

    /// Replaces a row that is still as it was read.
    async fn replace_seen(
        &self,
        id: &RegistrationId,
        document: &str,
        row: &Stored,
    ) -> Result<Stored, AdminError> {
        let ports = self.gateway.ports();
        let write = async || {
            let (document, now) = (document.to_owned(), ports.clock.now());
            ports.registrations.replace(&id.into(), document, Some(row.revision), now).await
        };
        let (old, new) = (grant_of(id, &row.document), grant_of(id, document));
        if old == new {
            return Ok(write().await?);
        }
        let intent = self.intend(old.into_iter().chain(new.clone()).collect()).await?;
        if let Err(refused) = self.grant(&new).await {
            return Err(self.refuse(&intent, refused).await);
        }
        let replaced = write().await;
        self.finish(&intent).await;
        Ok(replaced?)
    }

    /// Removes a row, and the right to call its function.
    pub(super) async fn remove_row(
        &self,
        id: &RegistrationId,
        when: Precondition,
    ) -> Result<(), AdminError> {
        self.change(async {
            for _ in 0..MAX_ROUNDS {
                let row = self.expected(id, when).await?;
                match self.remove_seen(id, &row).await {
                    Err(StoreError::Stale { .. }) if when == Precondition::None => {}
                    done => return Ok(done?),
                }
            }
            Err(busy(id))
        })
        .await
    }

    /// Removes a row that is still as it was read.
    async fn remove_seen(&self, id: &RegistrationId, row: &Stored) -> Result<(), StoreError> {
        let registrations = &self.gateway.ports().registrations;
        let Some(old) = grant_of(id, &row.document) else {
            return registrations.remove(&id.into(), Some(row.revision)).await;
        };
        let intent = self.intend(vec![old]).await?;
        let removed = registrations.remove(&id.into(), Some(row.revision)).await;
        self.finish(&intent).await;
        removed
    }

    /// The row, if it is in the expected revision. Whatever is expected, it is written only if it is
    /// still as it was read: somebody else may have moved it to another function meanwhile.
    async fn expected(
        &self,
        id: &RegistrationId,
        when: Precondition,
    ) -> Result<Stored, AdminError> {
        let registrations = &self.gateway.ports().registrations;
        let row = registrations.load(&id.into()).await?.ok_or(AdminError::NotFound)?;
        match when.revision() {
            Some(expected) if expected != row.revision => {
                Err(AdminError::Stale { current: row.revision })
            }
            Some(_) | None => Ok(row),
        }
    }

    /// What every write has in common: what broke off long ago is settled first, and one deadline
    /// holds for all of it.
    async fn change<T>(
        &self,
        work: impl Future<Output = Result<T, AdminError>> + Send,
    ) -> Result<T, AdminError> {
        let now = self.gateway.ports().clock.now();
        let recovery = Box::pin(self.recover_some(now, MAX_RECOVERED_BY_WRITES));
        // Whatever becomes of it, it is tried again by the next one.
        let _ = tokio::time::timeout(RECOVERY_TIME_OF_WRITES, recovery).await;
        match tokio::time::timeout(CHANGE_TIME, Box::pin(work)).await {
            Ok(done) => done,
            Err(_) => Err(AdminError::Unavailable("the change took too long".to_owned())),
        }
    }

    async fn intend(&self, grants: Vec<Grant>) -> Result<Intent, StoreError> {
        let ports = self.gateway.ports();
        let mut id = [0; 16];
        ports.ids.fill(&mut id);
        let id = OperationId(u128::from_be_bytes(id));
        let intent = Intent { id, at: ports.clock.now(), grants };
        ports.intents.record(&intent).await?;
        Ok(intent)
    }

    /// Refuses what cannot be granted as a whole before anything is changed.
    async fn check_room(&self, grants: &[Grant]) -> Result<(), AdminError> {
        // Of one, granting says it as well.
        if grants.len() > 1 {
            for (function, statements) in by_function(grants) {
                let room = self.gateway.ports().permissions.room(function, &statements).await;
                room.or_else(unless_external).map_err(AdminError::NotGranted)?;
            }
        }
        Ok(())
    }

    async fn grant(&self, grants: impl IntoIterator<Item = &Grant>) -> Result<(), Refused> {
        let permissions = &self.gateway.ports().permissions;
        for (granted, grant) in grants.into_iter().enumerate() {
            let done = permissions.grant(&grant.function, &grant.statement()).await;
            done.or_else(unless_external).map_err(|error| Refused { error, granted })?;
        }
        Ok(())
    }

    /// Ends a change that was refused the right to call a function.
    async fn refuse(&self, intent: &Intent, refused: Refused) -> AdminError {
        let Refused { error, granted } = refused;
        let nothing_granted = granted == 0 && matches!(error, PermissionError::Denied(_));
        match self.settle(&intent.grants).await {
            Ok(()) => self.forget(intent).await,
            // Whoever may not grant may not take away either, and has nothing to.
            Err(Unsettled::Permission(PermissionError::Denied(_))) if nothing_granted => {
                self.forget(intent).await;
            }
            Err(Unsettled::Permission(_) | Unsettled::Rows) => {}
        }
        AdminError::NotGranted(error)
    }

    /// Ends a change whose row was written, or not. What cannot be settled now is settled later, by
    /// whoever writes then or by [`Admin::recover`].
    async fn finish(&self, intent: &Intent) {
        if self.settle(&intent.grants).await.is_ok() {
            self.forget(intent).await;
        }
    }

    async fn forget(&self, intent: &Intent) {
        // One that stays is settled again, which changes nothing.
        let _ = self.gateway.ports().intents.forget(intent).await;
    }
}

fn rows(new: Vec<(RegistrationId, String)>) -> Vec<(RowId, String)> {
    new.into_iter().map(|(id, document)| (id.into(), document)).collect()
}

fn busy(id: &RegistrationId) -> AdminError {
    AdminError::Unavailable(format!("others change {id} all the time"))
}
