//! Rights made to agree with the rows, after a change and long after one that broke off.

use std::time::Duration;

use serde::Deserialize;

use crate::admin::Admin;
use crate::port::permissions::{Grant, Intent, PermissionError, StatementId};
use crate::port::{StoreError, Timestamp};
use crate::registration::arn::FunctionArn;

/// How old an intent is when its change is certain to have ended: more than
/// [`CHANGE_TIME`](super::grants::CHANGE_TIME), more than the quarter of an hour that a function of
/// AWS may run, and more than clocks differ.
pub const BROKEN_OFF_AFTER: Duration = Duration::from_secs(20 * 60);
/// How many intents one [`Admin::recover`] settles.
pub const MAX_RECOVERED: usize = 25;
/// How often rows are read again when others change them meanwhile.
pub(super) const MAX_ROUNDS: usize = 16;

/// What [`Admin::recover`] found.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Recovered {
    /// Intents whose rights are as the rows want them.
    pub settled: usize,
    /// Intents that could not be settled now and will be tried again.
    pub postponed: usize,
}

/// Why rights could not be settled.
pub(super) enum Unsettled {
    /// The rows could not be read, or changed all the time.
    Rows,
    /// All the others were settled.
    Permission(PermissionError),
}

/// The function that a document names, also where it cannot be understood otherwise.
pub(super) fn function_of(document: &str) -> Option<FunctionArn> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        lambda_arn: Option<String>,
    }
    let named: Named = serde_json::from_str(document).ok()?;
    let arn = named.lambda_arn?;
    // What is newest has no policy of its own: its rights are those of the function.
    FunctionArn::parse(arn.strip_suffix(":$LATEST").unwrap_or(&arn)).ok()
}

/// Nothing can be granted on a function of somebody else: that is its owner's business.
pub(super) fn unless_external(error: PermissionError) -> Result<(), PermissionError> {
    if matches!(error, PermissionError::External(_)) { Ok(()) } else { Err(error) }
}

/// The statements of each function.
pub(super) fn by_function<'a>(
    grants: impl IntoIterator<Item = &'a Grant>,
) -> Vec<(&'a FunctionArn, Vec<StatementId>)> {
    let mut functions: Vec<(&FunctionArn, Vec<StatementId>)> = Vec::new();
    for grant in grants {
        match functions.iter_mut().find(|(function, _)| **function == grant.function) {
            Some((_, statements)) => statements.push(grant.statement()),
            None => functions.push((&grant.function, vec![grant.statement()])),
        }
    }
    functions
}

impl Admin {
    /// Makes rights agree with the rows: those that are wanted are granted, all others taken away.
    ///
    /// Where something was changed, the row is read again afterwards, and so on until it says the
    /// same before and after.
    pub(super) async fn settle(&self, grants: &[Grant]) -> Result<(), Unsettled> {
        let mut open = Vec::with_capacity(grants.len());
        for grant in grants {
            open.push((grant, self.is_wanted(grant).await?));
        }
        let mut failed = None;
        for _ in 0..MAX_ROUNDS {
            let changed = self.adjust(open, &mut failed).await;
            open = Vec::new();
            for (grant, was_wanted) in changed {
                let wanted = self.is_wanted(grant).await?;
                if wanted != was_wanted {
                    open.push((grant, wanted));
                }
            }
            if open.is_empty() {
                return failed.map_or(Ok(()), |error| Err(Unsettled::Permission(error)));
            }
        }
        Err(Unsettled::Rows)
    }

    /// Grants what is wanted and is not there, and takes away what is not wanted: what of it was
    /// changed.
    async fn adjust<'a>(
        &self,
        open: Vec<(&'a Grant, bool)>,
        failed: &mut Option<PermissionError>,
    ) -> Vec<(&'a Grant, bool)> {
        let permissions = &self.gateway.ports().permissions;
        let (wanted, others): (Vec<_>, Vec<_>) = open.into_iter().partition(|(_, wanted)| *wanted);
        let missing = self.missing(wanted, failed).await;
        let mut changed = Vec::new();
        for (grant, wanted) in missing.into_iter().chain(others) {
            let statement = grant.statement();
            let done = match wanted {
                true => permissions.grant(&grant.function, &statement).await,
                false => permissions.revoke(&grant.function, &statement).await,
            };
            match done.or_else(unless_external) {
                // A function that is not there cannot be called, whatever the row says.
                Ok(()) | Err(PermissionError::NotFound(_)) => changed.push((grant, wanted)),
                Err(error) => *failed = Some(error),
            }
        }
        changed
    }

    /// Those that are not granted.
    async fn missing<'a>(
        &self,
        wanted: Vec<(&'a Grant, bool)>,
        failed: &mut Option<PermissionError>,
    ) -> Vec<(&'a Grant, bool)> {
        let mut missing = wanted.clone();
        for (function, statements) in by_function(wanted.iter().map(|(grant, _)| *grant)) {
            let granted = self.gateway.ports().permissions.granted(function, &statements).await;
            let granted = granted.unwrap_or_else(|error| {
                *failed = unless_external(error).err().or(failed.take());
                // What is not known is left as it is.
                vec![true; statements.len()]
            });
            let there: Vec<&StatementId> = statements
                .iter()
                .zip(granted)
                .filter(|(_, there)| *there)
                .map(|(s, _)| s)
                .collect();
            missing.retain(|(grant, _)| {
                grant.function != *function || !there.contains(&&grant.statement())
            });
        }
        missing
    }

    async fn is_wanted(&self, grant: &Grant) -> Result<bool, Unsettled> {
        let row = self.gateway.ports().registrations.load(&(&grant.registration).into()).await;
        let row = row.map_err(|_| Unsettled::Rows)?;
        Ok(row.and_then(|row| function_of(&row.document)).is_some_and(|f| f == grant.function))
    }

    /// Settles what changes have left that broke off, the oldest first, at most [`MAX_RECOVERED`].
    ///
    /// To be called now and then; each write does it for a few. What cannot be settled is postponed,
    /// so that it is not in the way of others.
    pub async fn recover(&self, now: Timestamp) -> Result<Recovered, StoreError> {
        self.recover_some(now, MAX_RECOVERED).await
    }

    pub(super) async fn recover_some(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Recovered, StoreError> {
        let intents = &self.gateway.ports().intents;
        let age = u64::try_from(BROKEN_OFF_AFTER.as_millis()).unwrap_or(u64::MAX);
        let mut recovered = Recovered::default();
        let Some(moment) = now.0.checked_sub(age) else { return Ok(recovered) };
        for intent in intents.until(Timestamp(moment), limit).await? {
            if self.settle(&intent.grants).await.is_ok() {
                recovered.settled += 1;
            } else {
                intents.record(&Intent { at: now, ..intent.clone() }).await?;
                recovered.postponed += 1;
            }
            intents.forget(&intent).await?;
        }
        Ok(recovered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_documents() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:f:live";
        for document in [
            format!(r#"{{"lambdaArn":"{arn}"}}"#),
            format!(r#"{{"type":"teapot","lambdaArn":"{arn}","of":{{"a":later}}}}"#)
                .replace("later", "1"),
        ] {
            assert_eq!(function_of(&document).as_ref().map(FunctionArn::as_str), Some(arn));
        }
        let latest = format!(r#"{{"lambdaArn":"{}"}}"#, arn.replace("live", "$LATEST"));
        assert_eq!(function_of(&latest).expect("an ARN").qualifier(), None);
        for document in ["", "{", "[]", "{}", r#"{"lambdaArn":1}"#, r#"{"lambdaArn":"f"}"#] {
            assert_eq!(function_of(document), None, "{document}");
        }
    }
}
