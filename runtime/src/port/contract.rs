//! What every adapter of a port must do, as functions over the port.
//!
//! An adapter's test calls `all` of its port's module, on a runtime with several threads, so that
//! the races are real. A failed assertion names the promise that was broken.
//! Only what both SQLite and DynamoDB, both the queues of one process and SQS FIFO, both local
//! processes and AWS Lambda can keep is asked for; what an adapter needs time for is a parameter.

pub mod buckets;
pub mod intents;
pub mod invoker;
pub mod mailboxes;
pub mod permissions;
pub mod registrations;
pub mod session_data;
pub mod sessions;
pub mod tokens;

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::port::Ids;

/// Runs something several times at the same moment; the results are in the order of their coming.
async fn race<T, F>(runners: usize, run: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(runners));
    let mut tasks = JoinSet::new();
    for number in 0..runners {
        let (start, run) = (start.clone(), run(number));
        tasks.spawn(async move {
            start.wait().await;
            run.await
        });
    }
    tasks.join_all().await
}

fn random<const N: usize>(ids: &dyn Ids) -> [u8; N] {
    let mut bytes = [0; N];
    ids.fill(&mut bytes);
    bytes
}
