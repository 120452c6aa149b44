//! Mailboxes before the emulated AWS, where the contract holds for them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_types::SdkConfig;
use bytes::Bytes;
use mcp_lambda_runtime::aws::sqs::{ORPHANED_AFTER, Options, SqsMailboxes, Sweeper, Swept};
use mcp_lambda_runtime::deployment::actions;
use mcp_lambda_runtime::port::contract::mailboxes::{self as contract, Manners};
use mcp_lambda_runtime::port::{MailboxError, MailboxId, Mailboxes, SessionKey, Timestamp};
use mcp_lambda_test_support::ministack::{Key, Ministack};
use tokio::time::Instant;

use super::world::{Counted, SETTLED, as_user, id, mailboxes, stack};

const SECOND: Duration = Duration::from_secs(1);

fn start(auth: bool) -> Option<Ministack> {
    Ministack::start(Path::new(env!("CARGO_TARGET_TMPDIR")), auth)
}

fn shared(ministack: &Ministack, key: &Key) -> SdkConfig {
    as_user(ministack.endpoint(), &key.id, &key.secret)
}

async fn send(boxes: &SqsMailboxes, text: &str) -> Result<(), MailboxError> {
    boxes.send(&id(1), text, Bytes::copy_from_slice(text.as_bytes())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_contract_holds() {
    let Some(ministack) = start(false) else { return };
    // ministack tells a poll of a queue that is deleted nothing until its wait is over.
    let closing = Duration::from_secs(25);
    let manners = Manners { visibility: 4 * SECOND, at_once: SECOND, closing };
    let options = Options { visibility: manners.visibility, ..Options::default() };
    let boxes = mailboxes(&shared(&ministack, &Key::root()), options);
    contract::all(Arc::new(boxes), &Counted::default(), manners).await;
}

/// Many instances share a mailbox, each with what it knows itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn instances_share_a_mailbox() {
    let Some(ministack) = start(false) else { return };
    let shared = shared(&ministack, &Key::root());
    let (reader, sender) = (mailboxes(&shared, SETTLED), mailboxes(&shared, SETTLED));
    assert_eq!(send(&sender, "early").await, Err(MailboxError::Gone));
    reader.open(&id(1)).await.expect("opened");
    sender.open(&id(1)).await.expect("opened by two");
    send(&sender, "1").await.expect("sent");
    let received = reader.receive(&id(1), SECOND).await.expect("open");
    assert_eq!(received.iter().map(|d| &d.body[..]).collect::<Vec<_>>(), [b"1"]);
    sender.close(&id(1)).await.expect("closed by another");
    let received = reader.receive(&id(1), Duration::ZERO).await;
    assert_eq!(received, Err(MailboxError::Gone));
    assert_eq!(reader.close(&id(1)).await, Ok(()));
    let reopened = sender.open(&id(1)).await;
    assert!(matches!(reopened, Err(MailboxError::Unavailable(_))), "{reopened:?}");
}

#[tokio::test]
async fn queues_are_as_they_should_be() {
    let Some(ministack) = start(false) else { return };
    let shared = shared(&ministack, &Key::root());
    let boxes = mailboxes(&shared, Options::default());
    let session = MailboxId::session(SessionKey([0xab; 16]));
    boxes.open(&session).await.expect("opened");
    boxes.open(&MailboxId::exchange(SessionKey([0xab; 16]), "0f")).await.expect("opened");
    let other = Options { visibility: 7 * SECOND, ..Options::default() };
    mailboxes(&shared, other).open(&session).await.expect("open with other attributes too");

    let client = Client::new(&shared);
    let urls = client.list_queues().send().await.expect("a list").queue_urls.expect("two");
    let name = "mcp-test-abababababababababababababababab.fifo";
    let url = urls.iter().find(|url| url.ends_with(name)).expect("the session's");
    assert_eq!(urls.len(), 2);
    let asked = client.get_queue_attributes().queue_url(url);
    let attributes = asked.attribute_names(QueueAttributeName::All).send().await;
    let attributes = attributes.expect("attributes").attributes.expect("some");
    for (name, value) in [
        (QueueAttributeName::FifoQueue, "true"),
        (QueueAttributeName::ContentBasedDeduplication, "false"),
        (QueueAttributeName::SqsManagedSseEnabled, "true"),
        (QueueAttributeName::MessageRetentionPeriod, "3600"),
        (QueueAttributeName::VisibilityTimeout, "30"),
    ] {
        assert_eq!(attributes.get(&name).map(String::as_str), Some(value), "{name:?}");
    }
    let tags = client.list_queue_tags().queue_url(url).send().await.expect("tags").tags;
    let expected = HashMap::from([("mcp-lambda:stack".to_owned(), "test".to_owned())]);
    assert_eq!(tags, Some(expected));
}

#[tokio::test]
async fn bodies_of_all_sizes_and_characters() {
    const MAX: usize = 1024 * 1024;
    let Some(ministack) = start(false) else { return };
    let boxes = mailboxes(&shared(&ministack, &Key::root()), SETTLED);
    boxes.open(&id(1)).await.expect("opened");
    // Escaped, it has one byte more to begin with, and nine in the place of three.
    let escaped = |bytes: usize| "x".repeat(bytes - 10) + "\u{fffe}";
    let bodies = [
        "x".repeat(MAX - 1),
        "x".repeat(MAX),
        escaped(MAX - 1),
        escaped(MAX),
        String::new(),
        "~".to_owned(),
        "\u{0}\u{ffff}\r\n\u{85}\u{2028} \u{1f600}".to_owned(),
    ];
    for (number, body) in bodies.iter().enumerate() {
        let body = Bytes::copy_from_slice(body.as_bytes());
        boxes.send(&id(1), &number.to_string(), body).await.expect("sent");
    }
    let mut received = Vec::new();
    while received.len() < bodies.len() {
        for delivery in boxes.receive(&id(1), SECOND).await.expect("open") {
            boxes.acknowledge(&id(1), &delivery.receipt).await.expect("acknowledged");
            received.push(delivery.body);
        }
    }
    for (number, (body, received)) in bodies.iter().zip(received).enumerate() {
        assert!(body.as_bytes() == received, "body {number} was changed");
    }
    for body in ["x".repeat(MAX + 1), escaped(MAX + 1)] {
        let sent = boxes.send(&id(1), "large", Bytes::from(body)).await.expect_err("a refusal");
        let expected = "the mailbox is unavailable: \
                        a message of 1048577 bytes is too large for SQS, which takes 1048576";
        assert_eq!(sent.to_string(), expected);
    }
}

#[tokio::test]
async fn waits_of_parts_of_seconds() {
    let Some(ministack) = start(false) else { return };
    let boxes = mailboxes(&shared(&ministack, &Key::root()), SETTLED);
    boxes.open(&id(1)).await.expect("opened");
    for milliseconds in [300, 1_300] {
        let (since, wait) = (Instant::now(), Duration::from_millis(milliseconds));
        assert_eq!(boxes.receive(&id(1), wait).await, Ok(vec![]));
        assert!(
            since.elapsed() >= wait && since.elapsed() < wait + SECOND,
            "{:?}",
            since.elapsed()
        );
    }
}

#[tokio::test]
async fn the_actions_are_what_it_takes() {
    let Some(ministack) = start(true) else { return };
    let key = ministack.user("u");
    let shared = shared(&ministack, &key);
    let denied = |result: Result<(), MailboxError>, what: &str| {
        let text = result.expect_err(what).to_string();
        assert!(text.contains("AccessDenied"), "{what}: {text}");
    };

    ministack.allow("u", actions::MAILBOX_READER);
    let reader = mailboxes(&shared, SETTLED);
    reader.open(&id(1)).await.expect("opened");
    denied(send(&reader, "1").await, "a reader sends nothing");
    ministack.allow("u", actions::MAILBOX_SENDER);
    let sender = mailboxes(&shared, SETTLED);
    send(&sender, "1").await.expect("sent");
    denied(sender.open(&id(2)).await, "a sender opens nothing");
    denied(sender.receive(&id(1), Duration::ZERO).await.map(drop), "a sender reads nothing");
    denied(sender.close(&id(1)).await, "a sender closes nothing");
    ministack.allow("u", actions::MAILBOX_READER);
    let delivery = reader.receive(&id(1), SECOND).await.expect("open").remove(0);
    reader.acknowledge(&id(1), &delivery.receipt).await.expect("acknowledged");

    ministack.allow("u", actions::MAILBOX_SWEEPER);
    let sweeper = Sweeper::new(&shared, stack("test"));
    let swept = sweeper.sweep(later(), ORPHANED_AFTER, Instant::now() + 60 * SECOND).await;
    assert_eq!(swept, Ok(Swept { examined: 1, deleted: 1, failed: 0, complete: true }));
    denied(send(&sender, "2").await, "a sweeper sends nothing");
    ministack.allow("u", actions::MAILBOX_READER);
    reader.open(&id(3)).await.expect("opened");
    reader.close(&id(3)).await.expect("closed");
}

/// A moment at which everything is an orphan.
fn later() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the emulator has the clock of the wall")]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    Timestamp(u64::try_from(now.as_millis()).expect("soon")).after(2 * ORPHANED_AFTER)
}

#[tokio::test]
async fn orphans_of_one_stack_are_swept() {
    let Some(ministack) = start(false) else { return };
    let shared = shared(&ministack, &Key::root());
    let ids: Arc<Counted> = Arc::default();
    let of = |name: &str| SqsMailboxes::new(&shared, stack(name), ids.clone(), Options::default());
    let (own, longer) = (of("a"), of("a-b"));
    for number in 0..20 {
        own.open(&MailboxId::exchange(SessionKey([number; 16]), "0f")).await.expect("opened");
    }
    longer.open(&id(1)).await.expect("opened");
    let client = Client::new(&shared);
    let foreign = client.create_queue().queue_name("mcp-a-0000").send().await.expect("created");
    let foreign = foreign.queue_url.expect("a URL");

    let sweeper = Sweeper::new(&shared, stack("a"));
    let sweep = async |now| {
        let deadline = Instant::now() + 60 * SECOND;
        sweeper.sweep(now, ORPHANED_AFTER, deadline).await.expect("swept")
    };
    let young = sweep(Timestamp(later().0 - 3_600_000 * 2)).await;
    assert_eq!(young, Swept { examined: 20, deleted: 0, failed: 0, complete: true });
    let old = sweep(later()).await;
    assert_eq!(old, Swept { examined: 20, deleted: 20, failed: 0, complete: true });
    assert_eq!(sweep(later()).await, Swept { complete: true, ..Swept::default() });

    let left = client.list_queues().send().await.expect("a list").queue_urls.expect("two");
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.contains(&foreign), "{left:?}");
    assert_eq!(longer.receive(&id(1), Duration::ZERO).await, Ok(vec![]));
}
