//! What every store of registrations must do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::port::contract::race;
use crate::port::row::{RowId, Rows};
use crate::port::{Registrations, StoreError, Stored, Timestamp};
use crate::protocol::name::Name;
use crate::registration::{Kind, RegistrationId, limits};

/// Holds a store to everything below.
///
/// The store must be empty and nobody else may use it meanwhile; it is empty again afterwards.
pub async fn all(store: Arc<dyn Registrations>) {
    what_is_created_can_be_loaded(&*store).await;
    creation_is_all_or_none(&*store).await;
    replacing_counts_revisions(&*store).await;
    removing_leaves_nothing(&*store).await;
    pages_are_in_the_order_of_ids(&*store).await;
    the_version_changes_with_every_write_and_nothing_else(&*store).await;
    one_of_many_creators_wins(&store).await;
    one_of_overlapping_batches_wins(&store).await;
    one_of_many_removers_wins(&store).await;
    no_update_is_lost(&store).await;
    rows_of_every_sort_are_rows(&*store).await;
    versions_and_rows_go_together(&store).await;
}

/// Rows come back as they were written, byte for byte, up to the largest document.
pub async fn what_is_created_can_be_loaded(store: &dyn Registrations) {
    start(store).await;
    let longest = format!("\"{}\"", "x".repeat(limits::MAX_DOCUMENT_BYTES - 2));
    let new = vec![
        (tool("plain"), r#"{ "a":1.50,  "b":[null] }"#.to_owned()),
        (id(Kind::Prompt, "a.B_c-9"), "{\n\t\"q\": \"\\\" \\u0000 'é' \u{1f600}\"\r\n}".to_owned()),
        (id(Kind::Resource, &"n".repeat(64)), longest),
    ];
    let created = store.create(new.clone(), at(1_000)).await.expect("nothing is there yet");
    assert_eq!(created.len(), new.len());
    for (row, (id, document)) in created.iter().zip(&new) {
        let expected = Stored {
            id: id.to_string(),
            document: document.clone(),
            revision: 1,
            created_at: at(1_000),
            updated_at: at(1_000),
        };
        assert_eq!(row, &expected, "what is created is answered in the order of the request");
        assert_eq!(store.load(id).await, Ok(Some(expected)));
    }
    assert_eq!(store.load(&tool("Plain")).await, Ok(None), "ids differ in case");
    assert_eq!(store.load(&id(Kind::Prompt, "plain")).await, Ok(None), "ids differ in kind");
    clear(store).await;
}

/// One that exists keeps out all, and so does one that is named twice; the largest import fits.
pub async fn creation_is_all_or_none(store: &dyn Registrations) {
    start(store).await;
    let there = create(store, &tool("b"), "old").await;
    let (before, exists) = (store.version().await, StoreError::Exists("tool-b".to_owned()));
    for names in [&["b"][..], &["a", "b", "c"], &["a", "c", "b"]] {
        assert_eq!(store.create(batch(names), at(2)).await, Err(exists.clone()), "{names:?}");
    }
    let twice = store.create(batch(&["a", "d", "d"]), at(2)).await;
    assert_eq!(twice, Err(StoreError::Exists("tool-d".to_owned())), "named twice");
    assert_eq!(rows(store).await, [there], "a failed creation leaves nothing and changes nothing");
    assert_eq!(store.version().await, before, "nor the version");

    let names: Vec<String> = (0..limits::MAX_IMPORT).map(|n| format!("import{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let created = store.create(batch(&names), at(3)).await.expect("an import of the largest size");
    assert_eq!(created.len(), limits::MAX_IMPORT);
    assert_eq!(rows(store).await.len(), limits::MAX_IMPORT + 1);
    clear(store).await;
}

/// Replacing keeps id and creation, counts, and is refused where the revision is another one.
pub async fn replacing_counts_revisions(store: &dyn Registrations) {
    start(store).await;
    let a = tool("a");
    let replace = async |document: &str, expected: Option<u64>, now: u64| {
        store.replace(&a, document.to_owned(), expected, at(now)).await
    };
    assert_eq!(replace("x", None, 1).await, Err(StoreError::NotFound));
    assert_eq!(replace("x", Some(1), 1).await, Err(StoreError::NotFound));
    assert_eq!(rows(store).await, [], "replacing creates nothing");

    let other = create(store, &tool("b"), "b").await;
    let first = create(store, &a, "one").await;
    let second = replace("two", None, 5_000).await.expect("any revision will do");
    let expected =
        Stored { document: "two".to_owned(), revision: 2, updated_at: at(5_000), ..first };
    assert_eq!(second, expected);
    let third = replace("three", Some(2), 4_000).await.expect("the expected revision");
    let expected =
        Stored { document: "three".to_owned(), revision: 3, updated_at: at(4_000), ..second };
    assert_eq!(third, expected, "the caller's clock counts, even when it was set back");
    for wrong in [0, 1, 2, 4, u64::MAX] {
        let stale = StoreError::Stale { current: 3 };
        assert_eq!(replace("no", Some(wrong), 9_000).await, Err(stale), "expected {wrong}");
    }
    assert_eq!(store.load(&a).await, Ok(Some(third)), "what is refused changes nothing");
    assert_eq!(store.load(&tool("b")).await, Ok(Some(other)), "nor do other rows change");
    clear(store).await;
}

/// What is removed is gone for every way of reading, and its id begins anew.
pub async fn removing_leaves_nothing(store: &dyn Registrations) {
    start(store).await;
    let a = tool("a");
    assert_eq!(store.remove(&a, None).await, Err(StoreError::NotFound));
    assert_eq!(store.remove(&a, Some(1)).await, Err(StoreError::NotFound));

    create(store, &a, "one").await;
    let other = create(store, &tool("b"), "b").await;
    store.replace(&a, "two".to_owned(), None, at(2)).await.expect("it is there");
    for wrong in [0, 1, 3] {
        let stale = Err(StoreError::Stale { current: 2 });
        assert_eq!(store.remove(&a, Some(wrong)).await, stale, "expected {wrong}");
    }
    assert_eq!(store.remove(&a, Some(2)).await, Ok(()));
    assert_eq!(store.load(&a).await, Ok(None));
    assert_eq!(rows(store).await, [other]);
    assert_eq!(store.remove(&a, None).await, Err(StoreError::NotFound));
    assert_eq!(create(store, &a, "anew").await.revision, 1, "a new row counts from 1");
    assert_eq!(store.remove(&a, None).await, Ok(()), "any revision will do");
    clear(store).await;
}

/// Pages are in the order of the ids' bytes, of one kind or all, and short only at the end.
pub async fn pages_are_in_the_order_of_ids(store: &dyn Registrations) {
    start(store).await;
    let mut ids = vec![id(Kind::Resource, "only"), id(Kind::Prompt, "z"), id(Kind::Prompt, "Z")];
    let tools = ["b", "a-", "a.", "a_", "A", "a", "aa", "a0", "0", "-", ".", "_", "B", "prompt-z"];
    ids.extend(tools.map(tool));
    let others = ["policy-a", "policy-z", "virtual-a", "virtual-0"];
    ids.extend(others.map(|other| RowId::parse(other).expect("a key")));
    let new = ids.iter().map(|id| (id.clone(), "{}".to_owned())).collect();
    store.create(new, at(1)).await.expect("nothing is there yet");
    let mut names: Vec<String> = ids.iter().map(ToString::to_string).collect();
    names.sort_unstable();

    let kinds = [None, Some(Kind::Prompt), Some(Kind::Resource), Some(Kind::Tool)];
    let mut which = kinds.map(Rows::Registrations).to_vec();
    which.extend([Rows::All, Rows::Policies, Rows::Servers]);
    // Whatever an administrator's cursor holds: what is there, what is between, and what is not.
    let between = [
        "",
        " ",
        "prompt",
        "prompt-",
        "resource-only",
        "tool-a!",
        "tool.",
        "virtual-",
        "policy.",
        "\u{10ffff}",
    ];
    let afters = names.iter().map(String::as_str).chain(between).map(Some).chain([None]);
    let which = &which;
    let pairs = afters.flat_map(|after| which.iter().map(move |which| (*which, after)));
    for (which, after) in pairs {
        let belongs =
            |name: &&String| after.is_none_or(|after| name.as_str() > after) && is_of(which, name);
        let expected: Vec<&String> = names.iter().filter(belongs).collect();
        for limit in [1, 2, expected.len(), expected.len() + 1, 500] {
            // No page is asked for that could hold nothing.
            let limit = limit.max(1);
            let page = store.page(which, after, limit).await.expect("a page");
            let page: Vec<&String> = page.iter().map(|row| &row.id).collect();
            let expected = &expected[..expected.len().min(limit)];
            assert_eq!(page, expected, "{which:?} after {after:?}, at most {limit}");
        }
    }
    clear(store).await;
}

fn is_of(which: Rows, key: &str) -> bool {
    match which {
        Rows::All => true,
        Rows::Policies => key.starts_with("policy-"),
        Rows::Servers => key.starts_with("virtual-"),
        Rows::Registrations(Some(kind)) => key.starts_with(&format!("{}-", kind.as_str())),
        Rows::Registrations(None) => Kind::parse(key.split('-').next().unwrap_or("")).is_some(),
    }
}

/// Every write gives a version that was never there before; reading and failing give none.
pub async fn the_version_changes_with_every_write_and_nothing_else(store: &dyn Registrations) {
    start(store).await;
    let mut seen = BTreeSet::from([version(store).await]);
    let mut changed = async |what: &str| {
        let version = version(store).await;
        assert!(seen.insert(version), "version {version} was there before it was {what}");
    };
    create(store, &tool("a"), "one").await;
    changed("created").await;
    store.create(batch(&["b", "c"]), at(2)).await.expect("nothing of these is there");
    changed("created in a batch").await;
    store.replace(&tool("a"), "two".to_owned(), None, at(3)).await.expect("it is there");
    changed("replaced").await;
    store.replace(&tool("a"), "two".to_owned(), Some(2), at(3)).await.expect("it is there");
    changed("replaced by the same").await;
    store.remove(&tool("a"), None).await.expect("it is there");
    changed("removed").await;
    create(store, &tool("a"), "one").await;
    changed("created again").await;

    let before = version(store).await;
    let (a, missing) = (tool("a"), tool("missing"));
    let text = String::new;
    store.create(batch(&["d", "a"]), at(4)).await.expect_err("it exists");
    store.replace(&a, text(), Some(7), at(4)).await.expect_err("another revision");
    store.replace(&missing, text(), None, at(4)).await.expect_err("it is missing");
    store.remove(&a, Some(7)).await.expect_err("another revision");
    store.remove(&missing, None).await.expect_err("it is missing");
    assert_eq!(version(store).await, before, "a failed write is none");
    store.load(&a).await.expect("it can be read");
    store.page(Rows::All, None, 10).await.expect("it can be read");
    assert_eq!(version(store).await, before, "reading is no write");
    clear(store).await;
}

/// Of many that create the same id one wins, and its row is what is there.
pub async fn one_of_many_creators_wins(store: &Arc<dyn Registrations>) {
    start(&**store).await;
    let results = race(RUNNERS, |number| {
        let store = store.clone();
        async move { store.create(vec![(tool("a"), number.to_string())], at(1)).await }
    })
    .await;
    let exists = StoreError::Exists("tool-a".to_owned());
    let winner = one_winner(results, |error| error == exists);
    assert_eq!(rows(&**store).await, winner);
    clear(&**store).await;
}

/// Of batches that have one id in common one wins, and nothing is left of the others.
pub async fn one_of_overlapping_batches_wins(store: &Arc<dyn Registrations>) {
    start(&**store).await;
    let results = race(RUNNERS, |number| {
        let (store, before, after) = (store.clone(), format!("a{number}"), format!("z{number}"));
        async move { store.create(batch(&[&before, "middle", &after]), at(1)).await }
    })
    .await;
    let exists = StoreError::Exists("tool-middle".to_owned());
    let winner = one_winner(results, |error| error == exists);
    assert_eq!(rows(&**store).await, winner);
    clear(&**store).await;
}

/// Of many that remove the same row one wins.
pub async fn one_of_many_removers_wins(store: &Arc<dyn Registrations>) {
    start(&**store).await;
    create(&**store, &tool("a"), "one").await;
    let results = race(RUNNERS, |number| {
        let (store, expected) = (store.clone(), (number % 2 == 0).then_some(1));
        async move { store.remove(&tool("a"), expected).await }
    })
    .await;
    one_winner(results, |error| error == StoreError::NotFound);
    assert_eq!(rows(&**store).await, []);
}

/// Compare-and-swap by revision: every increment of a counter counts.
pub async fn no_update_is_lost(store: &Arc<dyn Registrations>) {
    const EACH: u64 = 10;
    start(&**store).await;
    create(&**store, &tool("counter"), "0").await;
    race(RUNNERS, |_| {
        let store = store.clone();
        async move {
            for _ in 0..EACH {
                increment(&*store).await;
            }
        }
    })
    .await;
    let row = store.load(&tool("counter")).await.expect("it can be read").expect("it is there");
    let all = EACH * RUNNERS as u64;
    assert_eq!((row.document, row.revision), (all.to_string(), all + 1));
    clear(&**store).await;
}

async fn increment(store: &dyn Registrations) {
    let counter = tool("counter");
    loop {
        let row = store.load(&counter).await.expect("it can be read").expect("it is there");
        let count: u64 = row.document.parse().expect("a number");
        let next = (count + 1).to_string();
        match store.replace(&counter, next, Some(row.revision), at(count)).await {
            Ok(written) => return assert_eq!(written.revision, row.revision + 1),
            Err(StoreError::Stale { current }) => assert!(current > row.revision, "stale"),
            Err(error) => panic!("a counter was not replaced: {error}"),
        }
    }
}

/// Rows that are read between two readings of the version are those of one of these versions or of
/// one between them: never older than the first, never newer than the second.
///
/// So a catalog that is compiled from rows under a version that was read before them is never
/// taken for newer than it is.
pub async fn versions_and_rows_go_together(store: &Arc<dyn Registrations>) {
    start(&**store).await;
    let before = version(&**store).await;
    let writing = Arc::new(AtomicBool::new(true));
    let readers: Vec<_> =
        (0..3).map(|_| tokio::spawn(observe(store.clone(), writing.clone()))).collect();
    let written = write_one_after_the_other(&**store).await;
    writing.store(false, Ordering::SeqCst);

    let mut history = vec![(before, BTreeMap::new())];
    history.extend(written);
    let place = |version: u64| {
        let found = history.iter().position(|(known, _)| *known == version);
        found.unwrap_or_else(|| panic!("no write gave the version {version}"))
    };
    for reader in readers {
        for (first, rows, second) in reader.await.expect("a reader never fails") {
            let (from, to) = (place(first), place(second));
            assert!(from <= to, "versions {first} and {second} were read in this order");
            for number in 0..ROWS {
                let id = format!("tool-row{number}");
                let mut then = history[from..=to].iter().map(|(_, state)| state.get(&id));
                let found = rows.get(&id);
                assert!(
                    then.any(|state| state == found),
                    "{id} is {found:?} between the versions {first} and {second}"
                );
            }
        }
    }
    clear(&**store).await;
}

/// Policies and virtual servers are created, replaced and removed as registrations are, under the
/// same version, and a name may belong to one of each.
pub async fn rows_of_every_sort_are_rows(store: &dyn Registrations) {
    start(store).await;
    for key in ["policy-a", "virtual-a", "tool-a"] {
        let id = RowId::parse(key).expect("a key");
        let before = version(store).await;
        assert_eq!(create(store, &id, key).await.id, key);
        assert_ne!(version(store).await, before, "{key} was created");
        let exists = Err(StoreError::Exists(key.to_owned()));
        assert_eq!(store.create(vec![(id.clone(), String::new())], at(2)).await, exists);
    }
    let policy = RowId::parse("policy-a").expect("a key");
    let replaced = store.replace(&policy, "new".to_owned(), Some(1), at(2)).await;
    assert_eq!(replaced.map(|row| row.revision), Ok(2));
    let before = version(store).await;
    assert_eq!(store.remove(&policy, Some(2)).await, Ok(()));
    assert_ne!(version(store).await, before, "a policy was removed");
    assert_eq!(store.load(&policy).await, Ok(None));
    assert!(store.load(&tool("a")).await.is_ok_and(|row| row.is_some()), "the tool stays");
    clear(store).await;
}

/// Rows that are written while others read.
const ROWS: usize = 4;

/// Documents by id, as one reader or the writer knows them.
type State = BTreeMap<String, String>;

async fn observe(
    store: Arc<dyn Registrations>,
    writing: Arc<AtomicBool>,
) -> Vec<(u64, State, u64)> {
    let mut seen = Vec::new();
    while writing.load(Ordering::SeqCst) {
        let first = version(&*store).await;
        let found = rows(&*store).await;
        let second = version(&*store).await;
        let state = found.into_iter().map(|row| (row.id, row.document)).collect();
        seen.push((first, state, second));
        // A store that never has to wait would leave no room for the writer on one thread.
        tokio::task::yield_now().await;
    }
    seen
}

async fn write_one_after_the_other(store: &dyn Registrations) -> Vec<(u64, State)> {
    const WRITES: usize = 60;
    let mut state = State::new();
    let mut history = Vec::with_capacity(WRITES);
    for write in 0..WRITES {
        // Each row in turn is created, replaced twice and removed.
        let id = tool(&format!("row{}", write % ROWS));
        let document = write.to_string();
        match write / ROWS % 4 {
            0 => {
                create(store, &id, &document).await;
                state.insert(id.to_string(), document);
            }
            1 | 2 => {
                store.replace(&id, document.clone(), None, at(1)).await.expect("it is there");
                state.insert(id.to_string(), document);
            }
            _ => {
                store.remove(&id, None).await.expect("it is there");
                state.remove(&id.to_string());
            }
        }
        history.push((version(store).await, state.clone()));
    }
    history
}

/// How many do the same at the same moment.
const RUNNERS: usize = 8;

/// The result of the only one that succeeded; all others must have failed as told.
fn one_winner<T>(results: Vec<Result<T, StoreError>>, lost: impl Fn(StoreError) -> bool) -> T {
    let mut winners = Vec::new();
    for result in results {
        match result {
            Ok(won) => winners.push(won),
            Err(error) => {
                let text = error.to_string();
                assert!(lost(error), "a loser was told: {text}");
            }
        }
    }
    assert_eq!(winners.len(), 1, "exactly one wins");
    winners.remove(0)
}

fn id(kind: Kind, name: &str) -> RowId {
    RegistrationId::new(kind, Name::parse(name).expect("a name")).into()
}

fn tool(name: &str) -> RowId {
    id(Kind::Tool, name)
}

fn batch(names: &[&str]) -> Vec<(RowId, String)> {
    names.iter().map(|name| (tool(name), format!("document of {name}"))).collect()
}

fn at(milliseconds: u64) -> Timestamp {
    Timestamp(1_767_225_600_000 + milliseconds)
}

async fn create(store: &dyn Registrations, id: &RowId, document: &str) -> Stored {
    let created = store.create(vec![(id.clone(), document.to_owned())], at(1)).await;
    created.expect("it is not there yet").remove(0)
}

async fn version(store: &dyn Registrations) -> u64 {
    store.version().await.expect("it can be read")
}

async fn rows(store: &dyn Registrations) -> Vec<Stored> {
    store.page(Rows::All, None, 500).await.expect("a page")
}

async fn start(store: &dyn Registrations) {
    assert_eq!(rows(store).await, [], "the suite needs an empty store");
}

async fn clear(store: &dyn Registrations) {
    for row in rows(store).await {
        let id = RowId::parse(&row.id).expect("an id of ours");
        store.remove(&id, None).await.expect("it is there");
    }
}
