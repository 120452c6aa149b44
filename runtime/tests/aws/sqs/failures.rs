//! What SQS says no with, answers that are lost, and an endpoint that says nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use mcp_lambda_runtime::aws::sqs::Options;
use mcp_lambda_runtime::deployment::actions;
use mcp_lambda_runtime::port::{MailboxError, Mailboxes};
use serde_json::json;
use tokio::time::Instant;

use super::world::{Reply, SETTLED, endpoint, good, id, mailboxes};
use crate::{SECRET, TOKEN};

fn body() -> Bytes {
    Bytes::from_static(b"{}")
}

/// The text of an error that is neither `Gone` nor `Full`.
fn unavailable<T: std::fmt::Debug>(result: Result<T, MailboxError>) -> String {
    match result {
        Err(MailboxError::Unavailable(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn actions_are_those_that_are_used() {
    let (shared, heard) = endpoint(|operation, _, _| good(operation)).await;
    let reader = mailboxes(&shared, SETTLED);
    reader.open(&id(1)).await.expect("opened");
    let delivery = reader.receive(&id(1), Duration::ZERO).await.expect("one").remove(0);
    reader.acknowledge(&id(1), &delivery.receipt).await.expect("acknowledged");
    reader.close(&id(1)).await.expect("closed");
    // Another instance may end a session.
    reader.close(&id(2)).await.expect("closed");
    let mut used: BTreeSet<String> = heard.operations().into_iter().collect();
    assert_eq!(heard.members("CreateQueue", "tags"), [json!({"mcp-lambda:stack": "test"})]);
    // What tags a queue when it is made must be allowed to tag.
    used.insert("TagQueue".to_owned());
    assert_eq!(
        used.iter().map(|used| format!("sqs:{used}")).collect::<Vec<_>>(),
        actions::MAILBOX_READER
    );

    let (shared, heard) = endpoint(|operation, _, _| good(operation)).await;
    let sender = mailboxes(&shared, SETTLED);
    for number in 0..3 {
        sender.send(&id(1), &number.to_string(), body()).await.expect("sent");
    }
    let used = heard.operations();
    assert_eq!(used, ["GetQueueUrl", "SendMessage", "SendMessage", "SendMessage"]);
    assert_eq!(
        used[..2].iter().map(|u| format!("sqs:{u}")).collect::<Vec<_>>(),
        actions::MAILBOX_SENDER
    );
}

#[tokio::test]
async fn what_may_pass_is_tried_three_times() {
    for (status, code) in [
        (400, "RequestThrottled"),
        (400, "ThrottlingException"),
        (500, "InternalError"),
        (503, "ServiceUnavailable"),
        (502, ""),
    ] {
        let (shared, heard) = endpoint(move |operation, _, before| match (operation, before) {
            ("SendMessage", 0 | 1) => Reply::Refused(status, code),
            _ => good(operation),
        })
        .await;
        mailboxes(&shared, SETTLED).send(&id(1), "1", body()).await.expect(code);
        assert_eq!(heard.members("SendMessage", "MessageDeduplicationId"), ["1", "1", "1"]);

        let (shared, heard) = endpoint(move |operation, _, _| match operation {
            "SendMessage" => Reply::Refused(status, code),
            _ => good(operation),
        })
        .await;
        let text = unavailable(mailboxes(&shared, SETTLED).send(&id(1), "1", body()).await);
        assert!(text.contains(&format!("HTTP {status}")) && text.contains(code), "{text}");
        assert!(text.contains("request 1234"), "{text}");
        assert_eq!(heard.members("SendMessage", "QueueUrl").len(), 3, "{code}");
    }
}

#[tokio::test]
async fn what_will_not_pass_is_asked_once() {
    for (code, expected) in [
        ("QueueDoesNotExist", MailboxError::Gone),
        ("AWS.SimpleQueueService.NonExistentQueue", MailboxError::Gone),
        ("OverLimit", MailboxError::Full),
        (
            "InvalidMessageContents",
            MailboxError::Unavailable(
                "SQS: HTTP 400, InvalidMessageContents, request 1234: said".to_owned(),
            ),
        ),
    ] {
        let (shared, heard) = endpoint(move |operation, _, _| match operation {
            "SendMessage" => Reply::Refused(400, code),
            _ => good(operation),
        })
        .await;
        let sent = mailboxes(&shared, SETTLED).send(&id(1), "1", body()).await;
        assert_eq!(sent, Err(expected), "{code}");
        assert_eq!(heard.operations(), ["GetQueueUrl", "SendMessage"], "{code}");
    }
}

#[tokio::test]
async fn lost_answers_are_asked_for_again() {
    let (shared, heard) = endpoint(|operation, _, before| match before {
        0 => Reply::Lost,
        _ => good(operation),
    })
    .await;
    let boxes = mailboxes(&shared, SETTLED);
    boxes.open(&id(1)).await.expect("opened");
    boxes.send(&id(1), "1", body()).await.expect("sent");
    let delivery = boxes.receive(&id(1), Duration::ZERO).await.expect("one").remove(0);
    boxes.acknowledge(&id(1), &delivery.receipt).await.expect("acknowledged");
    boxes.receive(&id(1), Duration::ZERO).await.expect("one");
    boxes.close(&id(1)).await.expect("closed");

    let names = heard.members("CreateQueue", "QueueName");
    assert_eq!(names.len(), 2);
    assert_eq!(names[0], names[1]);
    // SQS takes the second for the first, and delivers it once.
    assert_eq!(heard.members("SendMessage", "MessageDeduplicationId"), ["1", "1"]);
    // By the same attempt the same messages come again, although they are hidden.
    let attempts = heard.members("ReceiveMessage", "ReceiveRequestAttemptId");
    assert_eq!(attempts.len(), 3);
    assert_eq!(attempts[0], attempts[1]);
    assert_ne!(attempts[1], attempts[2]);
    assert_eq!(heard.members("DeleteMessage", "ReceiptHandle"), ["receipt", "receipt"]);
    assert_eq!(heard.members("DeleteQueue", "QueueUrl").len(), 2);
}

/// The second attempt of closing finds nothing to close.
#[tokio::test]
async fn a_lost_answer_to_closing() {
    let (shared, heard) = endpoint(|operation, _, before| match (operation, before) {
        ("DeleteQueue", 0) => Reply::Lost,
        ("DeleteQueue", _) => Reply::Refused(400, "QueueDoesNotExist"),
        _ => good(operation),
    })
    .await;
    let boxes = mailboxes(&shared, SETTLED);
    boxes.open(&id(1)).await.expect("opened");
    boxes.close(&id(1)).await.expect("closed");
    let count = heard.all().len();
    boxes.close(&id(1)).await.expect("closed twice");
    assert_eq!(boxes.send(&id(1), "1", body()).await, Err(MailboxError::Gone));
    assert_eq!(boxes.receive(&id(1), Duration::ZERO).await, Err(MailboxError::Gone));
    assert_eq!(boxes.acknowledge(&id(1), "receipt").await, Err(MailboxError::Gone));
    let text = unavailable(boxes.open(&id(1)).await);
    assert!(text.contains("closed before"), "{text}");
    assert_eq!(heard.all().len(), count, "what was closed here needs no question");
}

#[tokio::test]
async fn a_name_is_used_once() {
    let (shared, heard) = endpoint(|_, _, _| Reply::Refused(400, "QueueDeletedRecently")).await;
    let text = unavailable(mailboxes(&shared, SETTLED).open(&id(1)).await);
    assert!(text.contains("QueueDeletedRecently"), "{text}");
    assert_eq!(heard.operations(), ["CreateQueue"]);
}

#[tokio::test]
async fn what_another_version_opened_is_open() {
    for code in ["QueueNameExists", "QueueAlreadyExists"] {
        let (shared, heard) = endpoint(move |operation, _, _| match operation {
            "CreateQueue" => Reply::Refused(400, code),
            _ => good(operation),
        })
        .await;
        mailboxes(&shared, SETTLED).open(&id(1)).await.expect(code);
        assert_eq!(heard.operations(), ["CreateQueue", "GetQueueUrl"]);
    }
}

/// A new queue may seem not to be there for a second.
#[tokio::test]
async fn a_new_mailbox_settles() {
    let absent = |until: usize| {
        move |operation: &str, _: &_, before: usize| match operation {
            "SendMessage" | "ReceiveMessage" | "GetQueueUrl" if before < until => {
                Reply::Refused(400, "QueueDoesNotExist")
            }
            _ => good(operation),
        }
    };
    let settling = Options { settling: Duration::from_secs(1), ..SETTLED };
    let (shared, heard) = endpoint(absent(2)).await;
    let (opener, sender) = (mailboxes(&shared, settling), mailboxes(&shared, settling));
    opener.open(&id(1)).await.expect("opened");
    let received = opener.receive(&id(1), Duration::ZERO).await.expect("there in the end");
    assert_eq!(received.len(), 1);
    sender.send(&id(1), "1", body()).await.expect("sent in the end");
    for operation in ["ReceiveMessage", "GetQueueUrl", "SendMessage"] {
        assert_eq!(heard.members(operation, "QueueUrl").len(), 3, "{operation}");
    }

    let (shared, _) = endpoint(absent(usize::MAX)).await;
    let since = Instant::now();
    let sent = mailboxes(&shared, settling).send(&id(1), "1", body()).await;
    assert_eq!(sent, Err(MailboxError::Gone));
    assert!(since.elapsed() >= settling.settling, "after {:?}", since.elapsed());
    assert!(since.elapsed() < Duration::from_secs(5), "after {:?}", since.elapsed());
}

/// Old and made-up receipts, by the codes that SQS has for them.
#[tokio::test]
async fn old_receipts_are_no_error() {
    for code in ["ReceiptHandleIsInvalid", "InvalidParameterValue", "MissingParameter"] {
        let (shared, _) = endpoint(move |operation, _, _| match operation {
            "DeleteMessage" => Reply::Refused(400, code),
            _ => good(operation),
        })
        .await;
        let acknowledged = mailboxes(&shared, SETTLED).acknowledge(&id(1), "old").await;
        assert_eq!(acknowledged, Ok(()), "{code}");
    }
}

#[tokio::test]
async fn what_nobody_of_ours_sent_is_deleted() {
    let (shared, heard) = endpoint(|operation, _, before| match (operation, before) {
        ("ReceiveMessage", 0) => Reply::Good(json!({"Messages": [
            {"ReceiptHandle": "a", "Body": "{}"},
            {"ReceiptHandle": "b", "Body": "~~", "Attributes": {"MessageDeduplicationId": "1"}},
            {"ReceiptHandle": "c", "Body": "~a~7e", "Attributes": {"MessageDeduplicationId": "2"}},
        ]})),
        _ => good(operation),
    })
    .await;
    let received = mailboxes(&shared, SETTLED).receive(&id(1), Duration::ZERO).await;
    let received = received.expect("a message");
    assert_eq!(received.len(), 1);
    assert_eq!((received[0].receipt.as_str(), &received[0].body[..]), ("c", &b"a~"[..]));
    assert_eq!(heard.members("DeleteMessage", "ReceiptHandle"), ["a", "b"]);
}

#[tokio::test]
async fn no_text_holds_a_secret() {
    for (status, code) in
        [(403, "InvalidSignatureException"), (400, "SignatureDoesNotMatch"), (403, "AccessDenied")]
    {
        let (shared, _) = endpoint(move |_, _, _| Reply::Refused(status, code)).await;
        let text = unavailable(mailboxes(&shared, SETTLED).open(&id(1)).await);
        assert!(
            !text.contains(SECRET) && !text.contains(TOKEN) && !text.contains("said"),
            "{text}"
        );
        assert!(text.contains(code), "{text}");
    }
}

/// On a paused clock: whoever waits for nothing else waits for its deadline.
#[tokio::test(start_paused = true)]
async fn nobody_answers() {
    let (shared, _) = endpoint(|_, _, _| Reply::Silence).await;
    let boxes = mailboxes(&shared, SETTLED);
    let since = Instant::now();
    unavailable(boxes.open(&id(1)).await);
    assert!(since.elapsed() <= Duration::from_secs(11), "{:?}", since.elapsed());

    let (shared, _) = endpoint(|operation, _, _| match operation {
        "ReceiveMessage" => Reply::Silence,
        _ => good(operation),
    })
    .await;
    let boxes = mailboxes(&shared, SETTLED);
    let since = Instant::now();
    unavailable(boxes.receive(&id(1), Duration::from_secs(60)).await);
    assert!(since.elapsed() <= Duration::from_secs(31), "{:?}", since.elapsed());
}
