//! What is particular to the SQLite store: it outlives its process, and it is private.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use mcp_lambda_runtime::embedded::sqlite::{CannotOpen, SqliteStore};
use mcp_lambda_runtime::port::row::{RowId, Rows};
use mcp_lambda_runtime::port::{
    Registrations, SessionKey, SessionRecord, Sessions, StoreError, Timestamp,
};

const NOW: Timestamp = Timestamp(1_767_225_600_000);
const DATABASE: &str = "mcp-lambda.db";

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::in_folder(folder).expect("a store")
}

/// The sentence that a person reads when a store cannot be opened.
fn refusal(folder: &Path) -> (CannotOpen, String) {
    let Err(error) = SqliteStore::in_folder(folder) else { panic!("it was opened") };
    let sentence = error.to_string();
    (error, sentence)
}

fn id(text: &str) -> RowId {
    RowId::parse(text).expect("an id")
}

#[tokio::test]
async fn reopening_keeps_everything() {
    let folder = tempfile::tempdir().expect("a folder");
    let (alive, ended, expired) = (SessionKey([1; 16]), SessionKey([2; 16]), SessionKey([3; 16]));
    let (soon, later) = (NOW.after(Duration::from_secs(1)), NOW.after(Duration::from_secs(60)));
    let (rows, version, keys) = {
        let store = open(folder.path());
        assert!(store.is_new());
        let new = ["tool-a", "tool-b", "prompt-c"].map(|text| (id(text), format!("\"{text}\"")));
        store.create(new.into(), NOW).await.expect("created");
        store.replace(&id("tool-a"), "{}".to_owned(), None, soon).await.expect("replaced");
        store.remove(&id("tool-b"), None).await.expect("removed");
        for (key, expires_at) in [(alive, later), (ended, later), (expired, soon)] {
            store.save(key, "{}".to_owned(), None, expires_at, NOW).await.expect("saved");
        }
        store.save(alive, "[]".to_owned(), Some(1), later, NOW).await.expect("saved");
        store.end(ended, later, NOW).await.expect("ended");
        let rows = store.page(Rows::All, None, 10).await.expect("rows");
        let keys = store.sealing_keys([7; 32]).await.expect("keys");
        (rows, store.version().await, keys)
    };
    let store = open(folder.path());
    assert!(!store.is_new());
    assert_eq!(store.page(Rows::All, None, 10).await, Ok(rows));
    assert_eq!(store.version().await, version);
    assert_eq!(store.sealing_keys([8; 32]).await, Ok(keys));
    assert_eq!(
        Sessions::load(&store, alive, soon).await,
        Ok(Some(SessionRecord { state: "[]".to_owned(), revision: 2, ended: false }))
    );
    let tombstone = Sessions::load(&store, ended, soon).await.expect("readable");
    assert!(tombstone.is_some_and(|record| record.ended));
    assert_eq!(Sessions::load(&store, expired, soon).await, Ok(None));
    let saved = store.save(ended, "{}".to_owned(), None, later, soon).await;
    assert_eq!(saved, Err(StoreError::NotFound), "a tombstone holds in the database as well");
}

#[tokio::test]
async fn a_store_lives_as_long_as_its_last_clone() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let clone = store.clone();
    drop(store);
    let (error, sentence) = refusal(folder.path());
    assert!(matches!(error, CannotOpen::InUse { .. }), "{error:?}");
    assert_eq!(
        sentence,
        format!(
            "the folder {} is in use by another mcp-lambda; stop it, or choose another --data",
            folder.path().display()
        )
    );
    clone.create(vec![(id("tool-a"), "{}".to_owned())], NOW).await.expect("it still works");
    drop(clone);
    open(folder.path());
}

#[test]
fn another_layout_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path()));
    let path = folder.path().join(DATABASE);
    let execute = |sql: &str| {
        let connection = rusqlite::Connection::open(&path).expect("a database");
        connection.execute_batch(sql).expect("valid SQL");
    };
    execute("PRAGMA user_version = 2");
    let (error, sentence) = refusal(folder.path());
    assert!(matches!(error, CannotOpen::Layout { found: 2, .. }), "{error:?}");
    assert_eq!(
        sentence,
        format!("the data in {} has layout 2, but this program knows 1; update it", path.display())
    );
    execute("PRAGMA user_version = 1");
    open(folder.path());
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(DATABASE);
    let text = "This is not a database, but somebody's notes.\n".repeat(100);
    std::fs::write(&path, &text).expect("written");
    let (error, sentence) = refusal(folder.path());
    assert!(matches!(error, CannotOpen::Database { .. }), "{error:?}");
    let expected = format!("cannot open the data in {}: file is not a database", path.display());
    assert_eq!(sentence, expected);
    assert_eq!(std::fs::read_to_string(&path).expect("still there"), text);
}

#[tokio::test]
async fn a_database_that_was_cut_off_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let new = (0..99).map(|n| (id(&format!("tool-{n}")), "x".repeat(10_000))).collect();
    store.create(new, NOW).await.expect("created");
    drop(store);
    let path = folder.path().join(DATABASE);
    let whole = std::fs::read(&path).expect("a file");
    std::fs::write(&path, &whole[..whole.len() / 100]).expect("cut off");
    let (error, sentence) = refusal(folder.path());
    assert!(matches!(error, CannotOpen::Database { .. }), "{error:?}");
    assert!(sentence.starts_with("cannot open the data in "), "{sentence}");
}

#[test]
fn a_folder_that_cannot_be_made_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("written");
    let (error, sentence) = refusal(&file.join("data"));
    assert!(matches!(error, CannotOpen::Folder { .. }), "{error:?}");
    assert!(sentence.starts_with("cannot use the folder "), "{sentence}");
}

/// The folder holds the keys by which sessions are sealed.
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("made/for/us");
    let mode =
        |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    let check = async |data: &Path| {
        let store = open(data);
        store.sealing_keys([7; 32]).await.expect("keys");
        let mut names: Vec<String> = Vec::new();
        for entry in std::fs::read_dir(data).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("UTF-8");
            assert_eq!(mode(&entry.path()), 0o600, "{name}");
            names.push(name);
        }
        names.sort_unstable();
        let expected = ["lock", "mcp-lambda.db", "mcp-lambda.db-shm", "mcp-lambda.db-wal"];
        assert_eq!(names, expected);
    };
    check(&data).await;
    assert_eq!(mode(&data), 0o700);

    // A folder that was there belongs to its owner, but what is put into it is closed to others,
    // also when an older program had left it open.
    let shared = folder.path().join("shared");
    std::fs::create_dir(&shared).expect("made");
    std::fs::set_permissions(&shared, PermissionsExt::from_mode(0o755)).expect("set");
    check(&shared).await;
    for name in ["lock", DATABASE] {
        let path = shared.join(name);
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o644)).expect("set");
    }
    check(&shared).await;
    assert_eq!(mode(&shared), 0o755);
}

/// Sessions that only begin and end must not fill the disk.
#[tokio::test]
async fn what_has_expired_does_not_stay_in_the_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    for number in 0..100_u8 {
        let now = NOW.after(Duration::from_secs(number.into()));
        store
            .end(SessionKey([number; 16]), now.after(Duration::from_secs(5)), now)
            .await
            .expect("ended");
    }
    drop(store);
    let connection = rusqlite::Connection::open(folder.path().join(DATABASE)).expect("a database");
    let rows = connection.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0));
    assert_eq!(rows, Ok(5));
}
