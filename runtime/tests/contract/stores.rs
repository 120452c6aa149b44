//! Registrations and sessions in SQLite and buckets in memory, held to their contracts.

use std::sync::Arc;

use mcp_lambda_runtime::embedded::buckets::MemoryBuckets;
use mcp_lambda_runtime::embedded::sqlite::SqliteStore;
use mcp_lambda_runtime::embedded::system::SystemIds;
use mcp_lambda_runtime::port::contract::{buckets, registrations, session_data, sessions};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn session_data_in_memory() {
    let store = Arc::new(SqliteStore::in_memory().expect("a store"));
    session_data::all(store, &SystemIds::default()).await;
}
