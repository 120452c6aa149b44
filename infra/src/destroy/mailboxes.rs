//! The queues that functions made for sessions that nobody ended. When the function that sweeps
//! them is gone, nobody else would.

use mcp_lambda_runtime::deployment::{is_mailbox, mailbox_prefix};

use super::Left;
use crate::account::{Account, Event, Fault, Progress, Refusal as _};

/// Queues in an answer of SQS, at most.
const PAGE: i32 = 1_000;
/// So many answers are asked for.
const MAX_PAGES: usize = 100;
/// What is left of queues if they cannot be deleted.
const QUEUES: &str = "AWS::SQS::Queue";

/// Deletes the queues of a stack that is gone; what is left of them, if SQS refuses.
pub(super) async fn delete(
    account: &Account,
    identifier: &str,
    progress: &dyn Progress,
) -> Option<Left> {
    let mut count = 0;
    let ended = delete_all(account, identifier, &mut count).await;
    if count > 0 {
        progress.tell(Event::MailboxesDeleted { count });
    }
    // The stack is gone, whatever becomes of them.
    ended
        .err()
        .map(|_| Left { kind: QUEUES.to_owned(), name: format!("{}*", mailbox_prefix(identifier)) })
}

async fn delete_all(account: &Account, identifier: &str, count: &mut usize) -> Result<(), Fault> {
    let mut next = None;
    for _ in 0..MAX_PAGES {
        let list = account.sqs.list_queues().queue_name_prefix(mailbox_prefix(identifier));
        let page = list.max_results(PAGE).set_next_token(next).send().await;
        let page = page.refused("SQS", "for the queues of sessions")?;
        for url in page.queue_urls.unwrap_or_default() {
            if !is_mailbox(identifier, &url) {
                continue;
            }
            let deleted = account.sqs.delete_queue().queue_url(url).send().await;
            match deleted.refused("SQS", "to delete a queue of a session") {
                Ok(_) => *count += 1,
                Err(fault) if fault.is_absent() => {}
                Err(fault) => return Err(fault),
            }
        }
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    Ok(())
}
