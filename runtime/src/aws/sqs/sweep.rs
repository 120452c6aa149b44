//! Deletes the queues of mailboxes that nobody closed.
//!
//! A mailbox is closed by whoever opened it. An instance that is ended first, by its deadline or
//! by a fault, leaves its queue, which costs nothing but is in the way of people.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_types::SdkConfig;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::name::{self, StackIdentifier};
use super::{connect, fault};
use crate::port::{MailboxError, Timestamp};

/// How old a queue must be before nobody can be using it: a function runs for a quarter of an
/// hour at most, and nobody waits longer at a mailbox. The rest is for clocks that disagree.
pub const ORPHANED_AFTER: Duration = Duration::from_secs(60 * 60);
/// Queues that one run looks at, in a few seconds.
pub const MAX_EXAMINED: usize = 2_000;

/// Queues in one answer: the most that SQS gives, and the number that it pages for.
const PAGE: i32 = 1_000;
/// Queues that are looked at at the same time.
const WIDTH: usize = 8;
/// The first digits that the names of a stack's queues may have after its prefix.
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Sweeps the queues of one stack.
#[derive(Debug)]
pub struct Sweeper {
    client: Client,
    stack: StackIdentifier,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Swept {
    /// Queues of the stack that it looked at.
    pub examined: usize,
    /// Of these, those that were old and are deleted.
    pub deleted: usize,
    /// Of these, those that could not be looked at or deleted. The next run tries again.
    pub failed: usize,
    /// Whether it saw all queues of the stack, which takes neither more time nor more queues than
    /// one run may use.
    pub complete: bool,
}

enum Fate {
    Kept,
    Deleted,
    Failed,
}

impl Sweeper {
    /// A sweeper with the credentials, region, HTTP client and endpoint of a configuration.
    pub fn new(shared: &SdkConfig, stack: StackIdentifier) -> Self {
        Self { client: connect(shared), stack }
    }

    /// Deletes the mailboxes that are older than a duration, by SQS's clock, until a deadline.
    ///
    /// An error is one of listing; a queue that cannot be deleted is counted.
    pub async fn sweep(
        &self,
        now: Timestamp,
        older_than: Duration,
        deadline: Instant,
    ) -> Result<Swept, MailboxError> {
        let mut swept = Swept::default();
        let all = async {
            // Runs begin at different digits, so that one that is never complete does not look at
            // the same queues each time.
            let first = usize::try_from(now.0 % 16).expect("below 16");
            for number in 0..DIGITS.len() {
                let digit = char::from(DIGITS[(first + number) % DIGITS.len()]);
                let prefix = format!("{}{digit}", name::prefix(&self.stack));
                if !self.sweep_prefix(&prefix, now, older_than, &mut swept).await? {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        let complete = tokio::time::timeout_at(deadline, all).await.unwrap_or(Ok(false))?;
        Ok(Swept { complete, ..swept })
    }

    /// Whether there was room for all.
    async fn sweep_prefix(
        &self,
        prefix: &str,
        now: Timestamp,
        older_than: Duration,
        swept: &mut Swept,
    ) -> Result<bool, MailboxError> {
        let mut token = None;
        loop {
            let page = self
                .client
                .list_queues()
                .queue_name_prefix(prefix)
                .max_results(PAGE)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| fault::understand(&error))?;
            let mut urls = page.queue_urls.unwrap_or_default();
            urls.retain(|url| name::is_mailbox(&self.stack, url));
            let room = urls.len() <= MAX_EXAMINED - swept.examined;
            urls.truncate(MAX_EXAMINED - swept.examined);
            let fates = urls.iter().map(|url| self.decide(url, now, older_than));
            let mut fates = stream::iter(fates).buffer_unordered(WIDTH);
            // Counted one by one, so that the counts are right if the deadline comes in between.
            while let Some(fate) = fates.next().await {
                swept.examined += 1;
                match fate {
                    Fate::Kept => {}
                    Fate::Deleted => swept.deleted += 1,
                    Fate::Failed => swept.failed += 1,
                }
            }
            token = page.next_token;
            match token {
                _ if !room => return Ok(false),
                None => return Ok(true),
                Some(_) if swept.examined == MAX_EXAMINED => return Ok(false),
                Some(_) => {}
            }
        }
    }

    async fn decide(&self, url: &str, now: Timestamp, older_than: Duration) -> Fate {
        let asked = self
            .client
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::CreatedTimestamp)
            .send()
            .await;
        let created = match &asked {
            Ok(answer) => answer.attributes().and_then(created),
            // Somebody else has closed it.
            Err(error) if fault::understand(error) == MailboxError::Gone => return Fate::Kept,
            Err(_) => None,
        };
        let Some(created) = created else { return Fate::Failed };
        if created.after(older_than) >= now {
            return Fate::Kept;
        }
        match self.client.delete_queue().queue_url(url).send().await {
            Ok(_) => Fate::Deleted,
            Err(error) if fault::understand(&error) == MailboxError::Gone => Fate::Kept,
            Err(_) => Fate::Failed,
        }
    }
}

/// When a queue was created; SQS says it in seconds.
fn created(
    attributes: &std::collections::HashMap<QueueAttributeName, String>,
) -> Option<Timestamp> {
    let seconds: u64 = attributes.get(&QueueAttributeName::CreatedTimestamp)?.parse().ok()?;
    Some(Timestamp(seconds.checked_mul(1_000)?))
}
