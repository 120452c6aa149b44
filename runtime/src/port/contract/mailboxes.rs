//! What all mailboxes must do.
//!
//! Times are measured by tokio's clock: queues in the process can be held to these promises on a
//! paused clock, queues behind a network with the clock of the wall and a short visibility.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::port::contract::{race, random};
use crate::port::{Delivery, Ids, MailboxError, MailboxId, Mailboxes, SessionKey};
use crate::protocol::limits;

/// What may differ from one kind of mailboxes to another.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// How long a delivered message stays hidden from others; at least four seconds.
    pub visibility: Duration,
    /// How long what happens at once may take.
    pub at_once: Duration,
    /// How long a mailbox may still seem open after it was closed (SQS: a minute).
    pub closing: Duration,
}

/// Holds mailboxes to everything below. Names come from `ids`, so that others may use them too.
pub async fn all(boxes: Arc<dyn Mailboxes>, ids: &dyn Ids, manners: Manners) {
    messages_come_in_order(&*boxes, ids).await;
    bodies_come_as_they_were_sent(&*boxes, ids).await;
    opening_twice_changes_nothing(&*boxes, ids).await;
    duplicates_are_delivered_once(&*boxes, ids).await;
    what_is_not_acknowledged_comes_again(&*boxes, ids, manners).await;
    what_is_acknowledged_never_comes_again(&*boxes, ids, manners).await;
    nothing_overtakes_what_is_in_flight(&*boxes, ids, manners).await;
    old_and_made_up_receipts_forget_nothing(&*boxes, ids).await;
    mailboxes_are_gone_unless_they_are_open(&*boxes, ids, manners).await;
    receivers_wait_and_wake_at_once(&boxes, ids, manners).await;
    closing_wakes_receivers(&boxes, ids, manners).await;
    races(boxes, ids).await;
}

/// Holds mailboxes to what only many at once can break, for a runtime with several threads.
pub async fn races(boxes: Arc<dyn Mailboxes>, ids: &dyn Ids) {
    concurrent_senders_lose_and_double_nothing(&boxes, ids).await;
    concurrent_receivers_share_without_doubling(&boxes, ids).await;
    one_of_many_receivers_gets_a_message(&boxes, ids).await;
}

/// Messages of one sender come in their order, over as many deliveries as it takes.
pub async fn messages_come_in_order(boxes: &dyn Mailboxes, ids: &dyn Ids) {
    let id = opened(boxes, ids).await;
    let sent: Vec<String> = (0..25).map(|number| number.to_string()).collect();
    for text in &sent {
        send(boxes, &id, text).await;
    }
    assert_eq!(collect(boxes, &id, sent.len()).await, sent);
    nothing_comes(boxes, &id).await;
    boxes.close(&id).await.expect("closed");
}

/// Bodies are JSON texts and come byte for byte, up to the largest that the gateway sends.
pub async fn bodies_come_as_they_were_sent(boxes: &dyn Mailboxes, ids: &dyn Ids) {
    let id = opened(boxes, ids).await;
    let large = format!("\"{}\"", "x".repeat(limits::MAX_MAILBOX_MESSAGE_BYTES - 2));
    let texts = ["{ \"a\" : 1.50 }", "\r\n\t\"\\\" <&> é \u{1f600} \\u0000\"\n", &large];
    for (number, text) in texts.iter().enumerate() {
        let body = Bytes::copy_from_slice(text.as_bytes());
        boxes.send(&id, &number.to_string(), body).await.expect("sent");
    }
    assert!(collect(boxes, &id, texts.len()).await == texts, "a body was changed");
    boxes.close(&id).await.expect("closed");
}

/// An open mailbox keeps its messages when it is opened again, and each mailbox has its own.
pub async fn opening_twice_changes_nothing(boxes: &dyn Mailboxes, ids: &dyn Ids) {
    let key = SessionKey(random(ids));
    let (session, exchange) = (MailboxId::session(key), MailboxId::exchange(key, "0f"));
    boxes.open(&session).await.expect("opened");
    boxes.open(&exchange).await.expect("opened");
    send(boxes, &session, "a").await;
    send(boxes, &exchange, "b").await;
    boxes.open(&session).await.expect("opened twice");
    send(boxes, &session, "c").await;
    assert_eq!(collect(boxes, &session, 2).await, ["a", "c"]);
    assert_eq!(collect(boxes, &exchange, 1).await, ["b"]);
    boxes.close(&session).await.expect("closed");
    boxes.close(&exchange).await.expect("closed");
}

/// What is sent twice under one deduplication id comes once, also when it was read in between.
pub async fn duplicates_are_delivered_once(boxes: &dyn Mailboxes, ids: &dyn Ids) {
    let (id, other) = (opened(boxes, ids).await, opened(boxes, ids).await);
    let post = async |id: &MailboxId, deduplication: &str, body: &'static str| {
        let sent = boxes.send(id, deduplication, Bytes::from_static(body.as_bytes())).await;
        sent.expect("a duplicate is no error");
    };
    post(&id, "one", "first").await;
    post(&id, "one", "second").await;
    post(&id, "two", "first").await;
    post(&other, "one", "elsewhere").await;
    assert_eq!(collect(boxes, &id, 2).await, ["first", "first"]);
    post(&id, "one", "third").await;
    nothing_comes(boxes, &id).await;
    assert_eq!(collect(boxes, &other, 1).await, ["elsewhere"]);
    boxes.close(&id).await.expect("closed");
    boxes.close(&other).await.expect("closed");
}

/// A delivery that is not acknowledged is repeated after the visibility, and the order is kept.
pub async fn what_is_not_acknowledged_comes_again(
    boxes: &dyn Mailboxes,
    ids: &dyn Ids,
    manners: Manners,
) {
    let id = opened(boxes, ids).await;
    let sent = ["1", "2", "3"];
    for text in sent {
        send(boxes, &id, text).await;
    }
    let (before, first) = (Instant::now(), some(boxes, &id).await);
    let after = Instant::now();
    let again = some(boxes, &id).await;
    assert!(before.elapsed() >= manners.visibility, "it is hidden for {:?}", manners.visibility);
    assert!(after.elapsed() <= manners.visibility + POLL + manners.at_once, "and not longer");
    for delivery in [&first[0], &again[0]] {
        let known = (text(delivery), delivery.deduplication.as_str());
        assert_eq!(known, ("1".to_owned(), "1"), "it is known again by its deduplication id");
    }

    let mut found: Vec<String> = again.iter().map(text).collect();
    for delivery in again {
        boxes.acknowledge(&id, &delivery.receipt).await.expect("acknowledged");
    }
    found.extend(collect(boxes, &id, sent.len() - found.len()).await);
    assert_eq!(found, sent);
    boxes.close(&id).await.expect("closed");
}

/// What was acknowledged stays away when its visibility is over.
pub async fn what_is_acknowledged_never_comes_again(
    boxes: &dyn Mailboxes,
    ids: &dyn Ids,
    manners: Manners,
) {
    let id = opened(boxes, ids).await;
    send(boxes, &id, "1").await;
    assert_eq!(collect(boxes, &id, 1).await, ["1"]);
    tokio::time::sleep(manners.visibility + manners.at_once).await;
    nothing_comes(boxes, &id).await;
    boxes.close(&id).await.expect("closed");
}

/// While a message is with a reader the later ones wait for it, acknowledged or not.
pub async fn nothing_overtakes_what_is_in_flight(
    boxes: &dyn Mailboxes,
    ids: &dyn Ids,
    manners: Manners,
) {
    let id = opened(boxes, ids).await;
    send(boxes, &id, "1").await;
    let held = some(boxes, &id).await;
    send(boxes, &id, "2").await;
    nothing_comes(boxes, &id).await;
    boxes.acknowledge(&id, &held[0].receipt).await.expect("acknowledged");
    let since = Instant::now();
    assert_eq!(collect(boxes, &id, 1).await, ["2"]);
    assert!(since.elapsed() <= manners.at_once, "nothing is in its way any more");

    for text in ["3", "4", "5"] {
        send(boxes, &id, text).await;
    }
    let held = some(boxes, &id).await;
    let mut left = vec!["3", "4", "5"];
    if held.len() > 1 {
        // The last of a delivery is forgotten before the first.
        left.remove(held.len() - 1);
        boxes.acknowledge(&id, &held[held.len() - 1].receipt).await.expect("acknowledged");
    }
    nothing_comes(boxes, &id).await;
    assert_eq!(collect(boxes, &id, left.len()).await, left);
    nothing_comes(boxes, &id).await;
    boxes.close(&id).await.expect("closed");
}

/// A receipt is good for the newest delivery of its own message; whether others are refused is
/// left open.
pub async fn old_and_made_up_receipts_forget_nothing(boxes: &dyn Mailboxes, ids: &dyn Ids) {
    let id = opened(boxes, ids).await;
    send(boxes, &id, "1").await;
    for receipt in ["", "0", "1", "made up"] {
        let _ = boxes.acknowledge(&id, receipt).await;
    }
    let first = some(boxes, &id).await;
    let second = some(boxes, &id).await;
    assert_ne!(first[0].receipt, second[0].receipt, "each delivery has its receipt");
    let _ = boxes.acknowledge(&id, &first[0].receipt).await;
    assert_eq!(collect(boxes, &id, 1).await, ["1"], "the second reader has not acknowledged");
    boxes.close(&id).await.expect("closed");
}

/// What was never opened is gone, and so is what was closed, with everything in it.
pub async fn mailboxes_are_gone_unless_they_are_open(
    boxes: &dyn Mailboxes,
    ids: &dyn Ids,
    manners: Manners,
) {
    let id = MailboxId::session(SessionKey(random(ids)));
    let never = Manners { closing: Duration::ZERO, ..manners };
    is_gone(boxes, &id, never).await;
    assert_eq!(boxes.close(&id).await, Ok(()), "closing what is not open");

    boxes.open(&id).await.expect("opened");
    send(boxes, &id, "1").await;
    assert_eq!(boxes.close(&id).await, Ok(()));
    assert_eq!(boxes.close(&id).await, Ok(()), "closing twice");
    is_gone(boxes, &id, manners).await;
}

async fn is_gone(boxes: &dyn Mailboxes, id: &MailboxId, manners: Manners) {
    let since = Instant::now();
    loop {
        let sent = boxes.send(id, "late", Bytes::from_static(b"late")).await;
        let received = boxes.receive(id, Duration::ZERO).await.map(|_| ());
        let acknowledged = boxes.acknowledge(id, "1").await;
        let found = [sent, received, acknowledged];
        if found.iter().all(|result| *result == Err(MailboxError::Gone)) {
            return;
        }
        assert!(since.elapsed() < manners.closing, "send, receive, acknowledge: {found:?}");
        tokio::time::sleep(POLL).await;
    }
}

/// Receiving ends with the first message, with the end of the wait, and without a wait at once.
pub async fn receivers_wait_and_wake_at_once(
    boxes: &Arc<dyn Mailboxes>,
    ids: &dyn Ids,
    manners: Manners,
) {
    let id = opened(&**boxes, ids).await;
    for wait in [Duration::ZERO, 2 * POLL] {
        let since = Instant::now();
        assert_eq!(boxes.receive(&id, wait).await, Ok(vec![]), "none is no error");
        assert!(since.elapsed() + manners.at_once >= wait, "a wait of {wait:?} was cut short");
        assert!(since.elapsed() <= wait + manners.at_once, "a wait of {wait:?} was too long");
    }
    let receiving = tokio::spawn({
        let (boxes, id) = (boxes.clone(), id.clone());
        async move { (boxes.receive(&id, LONG_POLL).await, Instant::now()) }
    });
    tokio::time::sleep(POLL).await;
    let sent = Instant::now();
    send(&**boxes, &id, "1").await;
    let (received, at) = receiving.await.expect("no panic");
    assert_eq!(received.expect("a message").iter().map(text).collect::<Vec<_>>(), ["1"]);
    assert!(at.duration_since(sent) <= manners.at_once, "a message wakes its receiver");
    boxes.close(&id).await.expect("closed");
}

/// A receiver that waits learns that its mailbox was closed.
pub async fn closing_wakes_receivers(boxes: &Arc<dyn Mailboxes>, ids: &dyn Ids, manners: Manners) {
    let id = opened(&**boxes, ids).await;
    let receiving = tokio::spawn({
        let (boxes, id) = (boxes.clone(), id.clone());
        async move {
            loop {
                match boxes.receive(&id, LONG_POLL).await {
                    Ok(none) => assert_eq!(none, [], "nothing was sent"),
                    Err(error) => return (error, Instant::now()),
                }
            }
        }
    });
    tokio::time::sleep(POLL).await;
    let since = Instant::now();
    boxes.close(&id).await.expect("closed");
    let (error, at) = receiving.await.expect("no panic");
    assert_eq!(error, MailboxError::Gone);
    assert!(at.duration_since(since) <= manners.closing + manners.at_once, "closing wakes");
}

/// Many send at once, each message twice as after a lost answer: each comes once, and those of one
/// sender in their order.
pub async fn concurrent_senders_lose_and_double_nothing(boxes: &Arc<dyn Mailboxes>, ids: &dyn Ids) {
    const EACH: usize = 25;
    let id = opened(&**boxes, ids).await;
    let receiving = tokio::spawn({
        let (boxes, id) = (boxes.clone(), id.clone());
        async move { collect(&*boxes, &id, RUNNERS * EACH).await }
    });
    race(RUNNERS, |sender| {
        let (boxes, id) = (boxes.clone(), id.clone());
        async move {
            for number in 0..EACH {
                let text = format!("{sender} {number}");
                send(&*boxes, &id, &text).await;
                send(&*boxes, &id, &text).await;
            }
        }
    })
    .await;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for text in receiving.await.expect("no panic") {
        let (sender, number) = text.split_once(' ').expect("two words");
        found.entry(sender.to_owned()).or_default().push(number.to_owned());
    }
    let numbers: Vec<String> = (0..EACH).map(|number| number.to_string()).collect();
    for sender in 0..RUNNERS {
        assert_eq!(found.get(&sender.to_string()), Some(&numbers), "of sender {sender}");
    }
    nothing_comes(&**boxes, &id).await;
    boxes.close(&id).await.expect("closed");
}

/// Many receive and acknowledge at once: each message goes to one of them.
pub async fn concurrent_receivers_share_without_doubling(
    boxes: &Arc<dyn Mailboxes>,
    ids: &dyn Ids,
) {
    const MESSAGES: usize = 100;
    let id = opened(&**boxes, ids).await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let shares = race(RUNNERS + 1, |number| {
        let (boxes, id, acknowledged) = (boxes.clone(), id.clone(), acknowledged.clone());
        async move {
            let mut share = Vec::new();
            if number == RUNNERS {
                for number in 0..MESSAGES {
                    send(&*boxes, &id, &number.to_string()).await;
                }
                return share;
            }
            while acknowledged.load(Ordering::SeqCst) < MESSAGES {
                for delivery in boxes.receive(&id, POLL).await.expect("it is open") {
                    boxes.acknowledge(&id, &delivery.receipt).await.expect("acknowledged");
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                    share.push(text(&delivery));
                }
            }
            share
        }
    })
    .await;
    let mut found: Vec<usize> =
        shares.into_iter().flatten().map(|text| text.parse().expect("a number")).collect();
    found.sort_unstable();
    assert_eq!(found, (0..MESSAGES).collect::<Vec<_>>());
    boxes.close(&id).await.expect("closed");
}

/// What one receiver holds no other gets.
pub async fn one_of_many_receivers_gets_a_message(boxes: &Arc<dyn Mailboxes>, ids: &dyn Ids) {
    let id = opened(&**boxes, ids).await;
    send(&**boxes, &id, "1").await;
    let received = race(RUNNERS, |_| {
        let (boxes, id) = (boxes.clone(), id.clone());
        async move { boxes.receive(&id, POLL).await.expect("it is open") }
    })
    .await;
    assert_eq!(received.iter().map(Vec::len).sum::<usize>(), 1);
    boxes.close(&id).await.expect("closed");
}

/// How many do the same at the same moment.
const RUNNERS: usize = 4;
/// A short wait: SQS counts in seconds.
const POLL: Duration = Duration::from_secs(1);
/// A long wait: SQS's longest.
const LONG_POLL: Duration = Duration::from_secs(20);
/// How long a message is waited for that must come, its visibility included.
const PATIENCE: Duration = Duration::from_secs(90);

async fn opened(boxes: &dyn Mailboxes, ids: &dyn Ids) -> MailboxId {
    let id = MailboxId::session(SessionKey(random(ids)));
    boxes.open(&id).await.expect("opened");
    id
}

/// Sends a short text under itself as the deduplication id.
async fn send(boxes: &dyn Mailboxes, id: &MailboxId, text: &str) {
    let deduplication = text.replace(' ', "-");
    let body = Bytes::copy_from_slice(text.as_bytes());
    boxes.send(id, &deduplication, body).await.expect("sent");
}

fn text(delivery: &Delivery) -> String {
    String::from_utf8(delivery.body.to_vec()).expect("UTF-8")
}

/// One delivery, however many messages it has.
async fn some(boxes: &dyn Mailboxes, id: &MailboxId) -> Vec<Delivery> {
    let since = Instant::now();
    loop {
        let received = boxes.receive(id, POLL).await.expect("it is open");
        if !received.is_empty() {
            return received;
        }
        assert!(since.elapsed() < PATIENCE, "nothing comes");
    }
}

/// So many messages, each acknowledged.
async fn collect(boxes: &dyn Mailboxes, id: &MailboxId, count: usize) -> Vec<String> {
    let mut found = Vec::with_capacity(count);
    while found.len() < count {
        for delivery in some(boxes, id).await {
            boxes.acknowledge(id, &delivery.receipt).await.expect("acknowledged");
            found.push(text(&delivery));
        }
    }
    found
}

async fn nothing_comes(boxes: &dyn Mailboxes, id: &MailboxId) {
    let received = boxes.receive(id, POLL).await.expect("it is open");
    assert_eq!(received.iter().map(text).collect::<Vec<_>>(), [] as [&str; 0]);
}
