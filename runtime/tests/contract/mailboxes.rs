//! Mailboxes in the process, held to their contract, and what is particular to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use mcp_lambda_runtime::embedded::mailboxes::MemoryMailboxes;
use mcp_lambda_runtime::embedded::system::SystemIds;
use mcp_lambda_runtime::port::contract::mailboxes::{self, Manners};
use mcp_lambda_runtime::port::{MailboxError, MailboxId, Mailboxes, SessionKey};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn contract() {
    let manners = Manners {
        visibility: Duration::from_secs(30),
        at_once: Duration::from_millis(5),
        closing: Duration::ZERO,
    };
    mailboxes::all(Arc::new(MemoryMailboxes::default()), &SystemIds::default(), manners).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn races() {
    mailboxes::races(Arc::new(MemoryMailboxes::default()), &SystemIds::default()).await;
}

fn id(number: u128) -> MailboxId {
    MailboxId::session(SessionKey(number.to_be_bytes()))
}

async fn send(boxes: &MemoryMailboxes, number: usize) -> Result<(), MailboxError> {
    boxes.send(&id(0), &number.to_string(), Bytes::from_static(b"{}")).await
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_wakes_who_waits_for_the_next() {
    let boxes = MemoryMailboxes::default();
    boxes.open(&id(0)).await.expect("opened");
    send(&boxes, 1).await.expect("sent");
    let first = boxes.receive(&id(0), Duration::ZERO).await.expect("open").remove(0);
    send(&boxes, 2).await.expect("sent");
    let acknowledging = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        boxes.acknowledge(&id(0), &first.receipt).await.expect("acknowledged");
    };
    let receiving = async { boxes.receive(&id(0), Duration::from_secs(20)).await };
    let since = Instant::now();
    let (received, ()) = tokio::join!(receiving, acknowledging);
    assert_eq!(received.expect("open").len(), 1);
    assert!(since.elapsed() < Duration::from_secs(2), "after {:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_deduplication_id_is_remembered_for_five_minutes() {
    let boxes = MemoryMailboxes::default();
    boxes.open(&id(0)).await.expect("opened");
    let count = async || boxes.receive(&id(0), Duration::ZERO).await.expect("open").len();
    send(&boxes, 1).await.expect("sent");
    tokio::time::sleep(Duration::from_secs(299)).await;
    send(&boxes, 1).await.expect("sent");
    assert_eq!(count().await, 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    send(&boxes, 1).await.expect("sent");
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(count().await, 2, "the first one again, and the new one");
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_holds_a_thousand_messages() {
    let boxes = MemoryMailboxes::default();
    boxes.open(&id(0)).await.expect("opened");
    for number in 0..1_000 {
        send(&boxes, number).await.expect("room");
    }
    assert_eq!(send(&boxes, 1_000).await, Err(MailboxError::Full));
    assert_eq!(send(&boxes, 7).await, Ok(()), "a duplicate needs no room");
    let delivery = boxes.receive(&id(0), Duration::ZERO).await.expect("open").remove(0);
    assert_eq!(send(&boxes, 1_000).await, Err(MailboxError::Full), "in flight is not read");
    boxes.acknowledge(&id(0), &delivery.receipt).await.expect("acknowledged");
    assert_eq!(send(&boxes, 1_000).await, Ok(()), "what was refused may be sent again");
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_holds_sixteen_mebibytes() {
    let boxes = MemoryMailboxes::default();
    boxes.open(&id(0)).await.expect("opened");
    let send = async |number: usize, bytes: usize| {
        let body = Bytes::from(vec![b' '; bytes]);
        boxes.send(&id(0), &number.to_string(), body).await
    };
    for number in 0..16 {
        assert_eq!(send(number, 1_000_000).await, Ok(()));
    }
    assert_eq!(send(16, 777_217).await, Err(MailboxError::Full));
    assert_eq!(send(17, 777_216).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn mailboxes_that_nobody_reads_make_room() {
    let boxes = MemoryMailboxes::default();
    for number in 0..10_000 {
        boxes.open(&id(number)).await.expect("room");
    }
    let full = boxes.open(&id(10_000)).await;
    assert!(matches!(full, Err(MailboxError::Unavailable(_))), "{full:?}");
    assert_eq!(boxes.open(&id(9_999)).await, Ok(()), "it is open already");

    // Whoever holds a stream polls its mailbox, also when nothing comes.
    let mut polls = 0;
    while boxes.open(&id(10_000)).await.is_err() {
        assert_eq!(boxes.receive(&id(0), Duration::from_secs(20)).await, Ok(vec![]));
        polls += 1;
        assert!(polls <= 180, "orphans are in the way for an hour");
    }
    assert_eq!(boxes.receive(&id(0), Duration::ZERO).await, Ok(vec![]), "it was read");
    assert_eq!(boxes.receive(&id(1), Duration::ZERO).await, Err(MailboxError::Gone));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_name_may_be_closed_and_opened_again_while_it_is_received() {
    let boxes = Arc::new(MemoryMailboxes::default());
    let going = Arc::new(AtomicBool::new(true));
    let receivers: Vec<_> = (0..2)
        .map(|_| {
            let (boxes, going) = (boxes.clone(), going.clone());
            tokio::spawn(async move {
                while going.load(Ordering::SeqCst) {
                    // Gone or none; a panic is what this is about.
                    let _ = boxes.receive(&id(0), Duration::ZERO).await;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for _ in 0..20_000 {
        boxes.open(&id(0)).await.expect("opened");
        boxes.close(&id(0)).await.expect("closed");
    }
    going.store(false, Ordering::SeqCst);
    for receiver in receivers {
        receiver.await.expect("a receiver never panics");
    }
}
