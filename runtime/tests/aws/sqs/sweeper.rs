//! Orphans, by their age, and whose they are.

use std::time::Duration;

use mcp_lambda_runtime::aws::sqs::{MAX_EXAMINED, Sweeper, Swept};
use mcp_lambda_runtime::deployment::actions;
use mcp_lambda_runtime::port::{MailboxError, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::world::{Heard, Reply, endpoint, stack};

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);
/// When all queues were created, in seconds.
const CREATED: u64 = 1_800_000_000;

fn url(stack: &str, number: usize) -> String {
    format!("https://sqs.us-east-1.amazonaws.com/1/mcp-{stack}-{number:032x}.fifo")
}

fn now(after: Duration) -> Timestamp {
    Timestamp(CREATED * 1_000).after(after)
}

/// Answers a listing with those of these queues that have its prefix, in pages of its size.
fn list(urls: &[String], parameters: &Value) -> Reply {
    let prefix = format!("/{}", parameters["QueueNamePrefix"].as_str().expect("a prefix"));
    let size = usize::try_from(parameters["MaxResults"].as_u64().expect("a size")).expect("small");
    let from = parameters["NextToken"].as_str().map_or(0, |token| token.parse().expect("ours"));
    let fitting: Vec<_> = urls.iter().filter(|url| url.contains(&prefix)).collect();
    let page: Vec<_> = fitting.iter().skip(from).take(size).collect();
    let next = (from + size < fitting.len()).then(|| (from + size).to_string());
    Reply::Good(json!({"QueueUrls": page, "NextToken": next}))
}

fn created() -> Reply {
    Reply::Good(json!({"Attributes": {"CreatedTimestamp": CREATED.to_string()}}))
}

async fn sweeping(
    urls: Vec<String>,
    now: Timestamp,
    answer: impl Fn(&str, &Value) -> Option<Reply> + Send + Sync + 'static,
) -> (Result<Swept, MailboxError>, Heard) {
    let (shared, heard) = endpoint(move |operation, parameters, _| {
        answer(operation, parameters).unwrap_or_else(|| match operation {
            "ListQueues" => list(&urls, parameters),
            "GetQueueAttributes" => created(),
            _ => Reply::Good(json!({})),
        })
    })
    .await;
    let sweeper = Sweeper::new(&shared, stack("test"));
    (sweeper.sweep(now, HOUR, Instant::now() + MINUTE).await, heard)
}

#[tokio::test]
async fn by_age() {
    let millisecond = Duration::from_millis(1);
    for (age, deleted) in [(HOUR - millisecond, 0), (HOUR, 0), (HOUR + millisecond, 1)] {
        let (swept, heard) = sweeping(vec![url("test", 7)], now(age), |_, _| None).await;
        let expected = Swept { examined: 1, deleted, failed: 0, complete: true };
        assert_eq!(swept, Ok(expected), "{age:?}");
        assert_eq!(heard.members("DeleteQueue", "QueueUrl").len(), deleted, "{age:?}");
    }
}

#[tokio::test]
async fn actions_are_those_that_are_used() {
    let (_, heard) = sweeping(vec![url("test", 7)], now(2 * HOUR), |_, _| None).await;
    let mut used = heard.operations();
    used.sort();
    used.dedup();
    assert_eq!(
        used.iter().map(|used| format!("sqs:{used}")).collect::<Vec<_>>(),
        actions::MAILBOX_SWEEPER
    );
}

#[tokio::test]
async fn of_one_stack_alone() {
    let own = url("test", 7);
    let urls = vec![
        own.clone(),
        url("test-b", 7),
        url("tes", 7),
        format!("{own}x"),
        own.replace(".fifo", ""),
        "https://sqs.us-east-1.amazonaws.com/1/mcp-test-0.fifo".to_owned(),
    ];
    let (swept, heard) = sweeping(urls, now(2 * HOUR), |_, _| None).await;
    let expected = Swept { examined: 1, deleted: 1, failed: 0, complete: true };
    assert_eq!(swept, Ok(expected));
    assert_eq!(heard.members("GetQueueAttributes", "QueueUrl"), [json!(own)]);
    assert_eq!(heard.members("DeleteQueue", "QueueUrl"), [json!(own)]);
}

#[tokio::test]
async fn what_fails_is_counted_and_what_is_gone_is_not() {
    let urls = (1..=5).map(|number| url("test", number)).collect();
    let (swept, _) = sweeping(urls, now(2 * HOUR), |operation, parameters| {
        let of = |number| parameters["QueueUrl"] == url("test", number);
        match operation {
            "GetQueueAttributes" if of(1) => Some(Reply::Refused(403, "AccessDenied")),
            "GetQueueAttributes" if of(2) => Some(Reply::Refused(400, "QueueDoesNotExist")),
            "GetQueueAttributes" if of(3) => Some(Reply::Good(json!({}))),
            "DeleteQueue" if of(4) => Some(Reply::Refused(403, "AccessDenied")),
            "DeleteQueue" if of(5) => Some(Reply::Refused(400, "QueueDoesNotExist")),
            _ => None,
        }
    })
    .await;
    assert_eq!(swept, Ok(Swept { examined: 5, deleted: 0, failed: 3, complete: true }));
}

#[tokio::test]
async fn a_listing_that_fails() {
    let (swept, heard) =
        sweeping(vec![], now(HOUR), |_, _| Some(Reply::Refused(403, "AccessDenied"))).await;
    assert!(matches!(swept, Err(MailboxError::Unavailable(_))), "{swept:?}");
    assert_eq!(heard.operations(), ["ListQueues"]);
}

/// The pages of SQS end somewhere in the middle; a run begins where the clock says.
#[tokio::test]
async fn page_by_page() {
    // Names differ in their last digits, so that those with other first digits are none.
    let urls: Vec<_> = (0..1_001).map(|number| url("test", number)).collect();
    let (swept, heard) = sweeping(urls, Timestamp(CREATED * 1_000 + 3), |_, _| None).await;
    let expected = Swept { examined: 1_001, deleted: 0, failed: 0, complete: true };
    assert_eq!(swept, Ok(expected));
    let prefixes = heard.members("ListQueues", "QueueNamePrefix");
    let first = (CREATED * 1_000 + 3) % 16;
    assert_eq!(prefixes[0], format!("mcp-test-{first:x}"));
    assert_eq!(prefixes.len(), 16 + 1, "one more page for the zeros");
}

#[tokio::test]
async fn a_run_is_bounded() {
    for (count, complete) in [(MAX_EXAMINED, true), (MAX_EXAMINED + 1, false)] {
        let urls: Vec<_> = (0..count).map(|number| url("test", number)).collect();
        // So that the zeros come last.
        let moment = Timestamp(CREATED * 1_000 + 1);
        assert_eq!(moment.0 % 16, 1);
        let (swept, _) = sweeping(urls, moment, |_, _| None).await;
        let expected = Swept { examined: MAX_EXAMINED, deleted: 0, failed: 0, complete };
        assert_eq!(swept, Ok(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_it() {
    let (shared, _) = endpoint(|operation, parameters, _| match operation {
        "ListQueues" => list(&[url("test", 1)], parameters),
        _ => Reply::Silence,
    })
    .await;
    let sweeper = Sweeper::new(&shared, stack("test"));
    let deadline = Instant::now() + Duration::from_secs(2);
    let swept = sweeper.sweep(now(2 * HOUR), HOUR, deadline).await;
    assert_eq!(swept, Ok(Swept::default()), "and it is not complete");
    assert!(Instant::now() <= deadline + Duration::from_millis(50));
}
