//! Transactions that are tried again where they met another one.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, TransactWriteItem};

use super::fault;
use crate::port::{Ids, SessionKey, StoreError};

/// An item, or the part of it that was read.
pub(super) type Item = HashMap<String, AttributeValue>;

/// What became of a transaction.
#[derive(Debug)]
pub(super) enum Written {
    /// Everything was written.
    All,
    /// Nothing was written, because of these conditions, in the order of the request.
    Nothing(Vec<Failed>),
}

/// A condition that did not hold.
#[derive(Debug)]
pub(super) struct Failed {
    /// Which of the items, from 0.
    pub(super) position: usize,
    /// The item as it is, where the request asked for it.
    pub(super) item: Option<Item>,
}

/// Waits, longer each time, as often as one call of a port may try.
pub(super) struct Backoff<'a> {
    ids: &'a dyn Ids,
    waits: u32,
}

impl<'a> Backoff<'a> {
    pub(super) fn new(ids: &'a dyn Ids) -> Self {
        Self { ids, waits: 0 }
    }

    /// Waits a random part of a time that doubles; fails when it was often enough.
    pub(super) async fn wait(&mut self) -> Result<(), StoreError> {
        if self.waits == MAX_WAITS {
            let text = "too many others write to the same items of DynamoDB";
            return Err(StoreError::Unavailable(text.to_owned()));
        }
        let mut random = [0; 4];
        self.ids.fill(&mut random);
        tokio::time::sleep(pause(self.waits, u32::from_le_bytes(random))).await;
        self.waits += 1;
        Ok(())
    }

    /// A name for one transaction, by which DynamoDB knows it when it comes again.
    fn token(&self) -> String {
        let mut random = [0; 16];
        self.ids.fill(&mut random);
        SessionKey(random).to_string()
    }
}

fn pause(waits: u32, random: u32) -> Duration {
    let longest = SHORTEST_WAIT.saturating_mul(1 << waits.min(MAX_WAITS)).min(LONGEST_WAIT);
    longest.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// How often a call of a port waits for others that write to the same items.
const MAX_WAITS: u32 = 15;
/// The longest first wait: a transaction takes about as long.
const SHORTEST_WAIT: Duration = Duration::from_millis(10);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// Writes all items or none.
///
/// At most 100 items of 4 MB together. Meeting another transaction is not told: it is tried again.
pub(super) async fn write(
    client: &Client,
    items: Vec<TransactWriteItem>,
    backoff: &mut Backoff<'_>,
) -> Result<Written, StoreError> {
    let mut token = backoff.token();
    loop {
        let request = client
            .transact_write_items()
            .set_transact_items(Some(items.clone()))
            .client_request_token(&token);
        let error = match request.send().await {
            Ok(_) => return Ok(Written::All),
            Err(error) => error,
        };
        if error.code() == Some(IN_PROGRESS) {
            // An earlier attempt of ours is not done yet: only its own token asks how it ended.
            backoff.wait().await?;
            continue;
        }
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
        else {
            return Err(fault::unavailable(&error));
        };
        match judge(cancelled.cancellation_reasons())? {
            Verdict::Refused(failed) => return Ok(Written::Nothing(failed)),
            Verdict::Again => {
                backoff.wait().await?;
                // That one was cancelled for good; this is another one.
                token = backoff.token();
            }
        }
    }
}

const IN_PROGRESS: &str = "TransactionInProgressException";

/// What to do about a cancelled transaction.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Conditions did not hold.
    Refused(Vec<Failed>),
    /// It met others; nothing is decided.
    Again,
}

/// Understands the reasons for which a transaction was cancelled, of which there is one an item.
pub(super) fn judge(reasons: &[CancellationReason]) -> Result<Verdict, StoreError> {
    let (mut failed, mut met) = (Vec::new(), false);
    for (position, reason) in reasons.iter().enumerate() {
        match reason.code().unwrap_or("None") {
            "None" => {}
            "ConditionalCheckFailed" => {
                failed.push(Failed { position, item: reason.item.clone() });
            }
            "ProvisionedThroughputExceeded" | "ThrottlingError" | "TransactionConflict" => {
                met = true;
            }
            code => {
                let (code, message) =
                    (fault::bounded(code), fault::bounded(reason.message().unwrap_or_default()));
                let text = format!("DynamoDB cancelled a transaction: {code}: {message}");
                return Err(StoreError::Unavailable(text));
            }
        }
    }
    match (failed.is_empty(), met) {
        (false, _) => Ok(Verdict::Refused(failed)),
        (true, true) => Ok(Verdict::Again),
        (true, false) => {
            let text = "DynamoDB cancelled a transaction without a reason";
            Err(StoreError::Unavailable(text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound() {
        assert_eq!(pause(0, 0), Duration::ZERO);
        assert_eq!(pause(0, u32::MAX), SHORTEST_WAIT);
        assert_eq!(pause(3, u32::MAX), SHORTEST_WAIT * 8);
        assert_eq!(pause(MAX_WAITS, u32::MAX), LONGEST_WAIT);
        assert_eq!(pause(u32::MAX, u32::MAX), LONGEST_WAIT);
    }

    fn reasons(codes: &[&str]) -> Vec<CancellationReason> {
        let reason = |code: &&str| CancellationReason::builder().code(*code).build();
        codes.iter().map(reason).collect()
    }

    #[test]
    fn reasons_are_weighed() {
        let positions = |codes: &[&str]| match judge(&reasons(codes)) {
            Ok(Verdict::Refused(failed)) => failed.iter().map(|failed| failed.position).collect(),
            Ok(Verdict::Again) | Err(_) => Vec::new(),
        };
        let failed = "ConditionalCheckFailed";
        assert_eq!(positions(&["None", failed, failed]), [1, 2]);
        assert_eq!(positions(&[failed, "TransactionConflict"]), [0], "what is decided is told");
        for met in ["ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"] {
            assert!(matches!(judge(&reasons(&["None", met])), Ok(Verdict::Again)), "{met}");
        }
        for codes in [&["ValidationError", failed][..], &["None"], &[]] {
            assert!(matches!(judge(&reasons(codes)), Err(StoreError::Unavailable(_))), "{codes:?}");
        }
    }
}
