//! Registrations and sessions in SQLite, buckets in memory and tokens in a file, held to their contracts.

use std::sync::Arc;

use mcp_lambda_runtime::embedded::buckets::MemoryBuckets;
use mcp_lambda_runtime::embedded::sqlite::SqliteStore;
use mcp_lambda_runtime::embedded::system::SystemIds;
use mcp_lambda_runtime::embedded::tokens::TokenFile;
use mcp_lambda_runtime::port::StoreError;
use mcp_lambda_runtime::port::contract::{buckets, registrations, session_data, sessions, tokens};
use mcp_lambda_runtime::port::doors::Tokens;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn registrations_in_memory() {
    registrations::all(Arc::new(SqliteStore::in_memory().expect("a store"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn registrations_in_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    registrations::all(Arc::new(SqliteStore::in_folder(folder.path()).expect("a store"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_in_memory() {
    let store = Arc::new(SqliteStore::in_memory().expect("a store"));
    sessions::all(store, &SystemIds::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_in_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(SqliteStore::in_folder(folder.path()).expect("a store"));
    sessions::all(store, &SystemIds::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn buckets_in_memory() {
    buckets::all(Arc::new(MemoryBuckets::default()), &SystemIds::default()).await;
}

#[tokio::test]
async fn tokens_in_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokens");
    tokens::all(Arc::new(TokenFile::new(path.clone()))).await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_file_of_tokens_is_not_repeated_in_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokens");
    let good = "s3cret".repeat(8);
    for text in ["short".to_owned(), format!("{good}\ns3cret\n"), format!("{good}\n{good}\n{good}")]
    {
        std::fs::write(&path, &text).expect("a file");
        let Err(StoreError::Unavailable(why)) = TokenFile::new(path.clone()).load().await else {
            panic!("it was taken: {text}");
        };
        assert!(!why.contains("s3cret") && !why.contains("short"), "{why}");
    }
    std::fs::write(&path, " \n\n").expect("a file");
    assert_eq!(TokenFile::new(path).load().await, Err(StoreError::NotFound));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn session_data_in_memory() {
    let store = Arc::new(SqliteStore::in_memory().expect("a store"));
    session_data::all(store, &SystemIds::default()).await;
}
