//! Permissions and intents held to their contracts, and registrations that go together with them,
//! whatever fails or breaks off.

mod broken;
mod faulty;
mod refused;
mod status;
mod world;

use std::sync::Arc;

use mcp_lambda_runtime::embedded::permissions::MemoryPermissions;
use mcp_lambda_runtime::embedded::sqlite::SqliteStore;
use mcp_lambda_runtime::port::Timestamp;
use mcp_lambda_runtime::port::contract::{intents, permissions};
use mcp_lambda_runtime::port::permissions::{Intent, Intents, OperationId};

use world::function;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn permissions_in_memory() {
    let functions = permissions::Functions {
        plain: function("f"),
        qualified: function("f:live"),
        other: function("g"),
        missing: None,
        external: None,
    };
    permissions::all(Arc::new(MemoryPermissions::default()), &functions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn intents_in_memory() {
    intents::all(Arc::new(SqliteStore::in_memory().expect("a store"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn intents_in_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    intents::all(Arc::new(SqliteStore::in_folder(folder.path()).expect("a store"))).await;
}

#[tokio::test]
async fn intents_outlive_the_process_and_older_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let intent = Intent { id: OperationId(1), at: Timestamp(2), grants: Vec::new() };
    let store = SqliteStore::in_folder(folder.path()).expect("a store");
    store.record(&intent).await.expect("recorded");
    drop(store);
    let store = SqliteStore::in_folder(folder.path()).expect("a store");
    assert_eq!(store.until(Timestamp(2), 9).await, Ok(vec![intent.clone()]));
    drop(store);
    let execute = |sql: &str| {
        let path = folder.path().join("mcp-lambda.db");
        let connection = rusqlite::Connection::open(path).expect("a database");
        connection.execute_batch(sql).expect("valid SQL");
    };
    execute("INSERT INTO intents VALUES (1, 'no id', '[]')");
    let store = SqliteStore::in_folder(folder.path()).expect("a store");
    assert_eq!(store.until(Timestamp(2), 9).await, Ok(vec![intent]), "damage is passed over");
    drop(store);
    // An older program has made no such table.
    execute("DROP TABLE intents");
    let store = SqliteStore::in_folder(folder.path()).expect("a store");
    assert_eq!(store.until(Timestamp(2), 9).await, Ok(Vec::new()));
}
