//! What DynamoDB says no with, others that write to the same items, and endpoints that say nothing.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use mcp_lambda_runtime::aws::dynamodb::{DynamoRegistrations, DynamoSessions, TableName};
use mcp_lambda_runtime::embedded::system::SystemIds;
use mcp_lambda_runtime::port::row::Rows;
use mcp_lambda_runtime::port::{Registrations, SessionKey, Sessions, StoreError};
use tokio::net::TcpListener;

use super::world::{Fate, World, cancelled, refusal, shared};
use super::{NOW, id, one};
use crate::server;
use crate::{SECRET, TOKEN};

const KEY: SessionKey = SessionKey([7; 16]);
const MINUTE: Duration = Duration::from_secs(60);

/// Attempts of the SDK.
const ATTEMPTS: usize = 3;

fn text<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Unavailable(text)) => text,
        other => panic!("it is not unavailable: {other:?}"),
    }
}

#[tokio::test]
async fn what_passes_is_asked_again() {
    let world = World::start().await;
    let (registrations, sessions) = (world.registrations(), world.sessions());
    registrations.create(one("tool-a"), NOW).await.expect("created");
    for (status, code) in [
        (400, "ProvisionedThroughputExceededException"),
        (400, "ThrottlingException"),
        (400, "RequestLimitExceeded"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ] {
        let last = ATTEMPTS - 1;
        world.decide(move |_, before| match before {
            before if before < last => Fate::Refuse(refusal(status, code, "later")),
            _ => Fate::Pass,
        });
        let rows = registrations.page(Rows::All, None, 10).await.expect("the last attempt");
        assert_eq!((rows.len(), world.count("Query")), (1, ATTEMPTS), "{code}");

        world.decide(move |_, _| Fate::Refuse(refusal(status, code, "later")));
        let expected = format!("DynamoDB: HTTP {status}, {code}, request 1234: later");
        assert_eq!(text(registrations.page(Rows::All, None, 10).await), expected);
        assert_eq!(text(Sessions::load(&sessions, KEY, NOW).await), expected);
        let saved = sessions.save(KEY, "{}".to_owned(), None, NOW.after(MINUTE), NOW).await;
        assert_eq!(text(saved), expected);
        for operation in ["Query", "GetItem", "TransactWriteItems"] {
            assert_eq!(world.count(operation), ATTEMPTS, "{code}, {operation}");
        }
    }
}

#[tokio::test]
async fn what_stays_is_told_at_once() {
    let world = World::start().await;
    let store = world.registrations();
    for (code, expected) in [
        ("ResourceNotFoundException", ", ResourceNotFoundException, request 1234: said"),
        ("ValidationException", ", ValidationException, request 1234: said"),
        ("AccessDeniedException", ", AccessDeniedException, request 1234"),
    ] {
        world.decide(move |_, _| Fate::Refuse(refusal(400, code, "said")));
        let expected = format!("DynamoDB: HTTP 400{expected}");
        assert_eq!(text(Registrations::load(&store, &id("tool-a")).await), expected);
        assert_eq!(world.count("GetItem"), 1);
    }
    world.decide(|operation, _| match operation {
        "TransactWriteItems" => Fate::Refuse(cancelled(&["None", "ValidationError"])),
        _ => Fate::Pass,
    });
    let told = text(store.create(one("tool-a"), NOW).await);
    assert_eq!(told, "DynamoDB cancelled a transaction: ValidationError: told");
    assert_eq!(world.count("TransactWriteItems"), 1);
}

#[tokio::test]
async fn no_text_holds_a_secret() {
    let world = World::start().await;
    let store = world.registrations();
    for code in [
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ExpiredTokenException",
        "MissingAuthenticationToken",
    ] {
        let said = format!("x-amz-security-token:{TOKEN} {SECRET}");
        world.decide(move |_, _| Fate::Refuse(refusal(403, code, &said)));
        let told = text(store.version().await);
        assert_eq!(told, format!("DynamoDB: HTTP 403, {code}, request 1234"));
    }
}

/// How often a call tries when others write to the same items: first, and after each wait.
const TRIES: usize = 16;

#[tokio::test(start_paused = true)]
async fn others_that_write_are_waited_for() {
    let world = World::start().await;
    let (registrations, sessions) = (world.registrations(), world.sessions());
    let codes = ["ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"];
    world.decide(move |operation, before| match operation {
        "TransactWriteItems" if before < codes.len() => {
            Fate::Refuse(cancelled(&["None", codes[before]]))
        }
        _ => Fate::Pass,
    });
    registrations.create(one("tool-a"), NOW).await.expect("in the end");
    let bodies = world.bodies("TransactWriteItems");
    assert_eq!(bodies.len(), codes.len() + 1);
    let tokens: std::collections::BTreeSet<_> =
        bodies.iter().map(|body| body["ClientRequestToken"].to_string()).collect();
    assert_eq!(tokens.len(), bodies.len(), "each cancelled one is followed by another");

    world.decide(|operation, _| match operation {
        "TransactWriteItems" => Fate::Refuse(cancelled(&["TransactionConflict", "None"])),
        _ => Fate::Pass,
    });
    let expected = "too many others write to the same items of DynamoDB";
    assert_eq!(text(registrations.remove(&id("tool-a"), None).await), expected);
    assert_eq!(world.count("TransactWriteItems"), TRIES);
    assert_eq!(text(sessions.end(KEY, NOW.after(MINUTE), NOW).await), expected);
    assert_eq!(world.count("TransactWriteItems"), 2 * TRIES);
    let left = registrations.load(&id("tool-a")).await.expect("it can be read");
    assert!(left.is_some(), "nothing was removed");
}

/// An attempt whose answer is late may still be at work when the next one comes.
#[tokio::test]
async fn a_transaction_in_progress_is_asked_for_again() {
    let world = World::start().await;
    let store = world.sessions();
    world.decide(|operation, before| match operation {
        "TransactWriteItems" if before < ATTEMPTS + 1 => {
            Fate::Refuse(refusal(400, "TransactionInProgressException", "still at work"))
        }
        _ => Fate::Pass,
    });
    let saved = store.save(KEY, "{}".to_owned(), None, NOW.after(MINUTE), NOW).await;
    assert_eq!(saved, Ok(1));
    let bodies = world.bodies("TransactWriteItems");
    assert_eq!(bodies.len(), ATTEMPTS + 2);
    assert!(bodies.iter().all(|body| *body == bodies[0]), "with the same token");
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let table = TableName::parse("table").expect("a name");
    let ids = Arc::new(SystemIds::default());
    let store = DynamoRegistrations::new(&shared(address), table, ids);
    let told = text(store.version().await);
    assert!(told.contains("refused"), "{told}");
}

/// The clock of the test runs as soon as everybody waits.
#[tokio::test(start_paused = true)]
async fn nobody_answers() {
    let address = server::start(|_| std::future::pending()).await;
    let table = TableName::parse("table").expect("a name");
    let ids = Arc::new(SystemIds::default());
    let registrations = DynamoRegistrations::new(&shared(address), table.clone(), ids.clone());
    let sessions = DynamoSessions::new(&shared(address), table, ids);
    let longest = Duration::from_secs(15);
    let late = "DynamoDB did not answer in time";
    let told = tokio::time::timeout(longest, registrations.version()).await;
    assert_eq!(text(told.expect("an answer within the deadline")), late);
    let told = tokio::time::timeout(longest, sessions.sealing_keys([7; 32])).await;
    assert_eq!(text(told.expect("an answer within the deadline")), late);
}
