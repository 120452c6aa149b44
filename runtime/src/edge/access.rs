//! One record for each request, when it has been answered.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use tokio::time::Instant;

/// Takes the records.
pub type AccessLog = Arc<dyn Fn(&Record) + Send + Sync>;

/// What is told of a request. No arguments, no results, no tokens.
#[derive(Clone, Debug)]
pub struct Record {
    /// The HTTP method.
    pub method: String,
    /// The path, without the query, which may hold a session id.
    pub path: String,
    /// The HTTP status.
    pub status: u16,
    /// The JSON-RPC method, and what it names.
    pub call: Option<String>,
    /// Whether the answer was a JSON-RPC error or a failed tool result: which.
    pub failure: Option<String>,
    /// Why, for the administrator.
    pub cause: Option<String>,
    /// Names the request in errors.
    pub correlation: Option<String>,
    /// From the last byte in to the last byte out.
    pub duration: Duration,
}

/// What web servers write where there was nobody left to answer.
const CLIENT_WENT_AWAY: u16 = 499;

/// A record in the making; it is handed in when this is dropped, which for a stream is its end.
pub(crate) struct Access {
    log: AccessLog,
    started: Instant,
    pub(crate) record: Record,
}

impl Access {
    pub(crate) fn start(log: &AccessLog, method: &Method, path: &str) -> Self {
        let record = Record {
            method: method.to_string(),
            path: path.to_owned(),
            status: 0,
            call: None,
            failure: None,
            cause: None,
            correlation: None,
            duration: Duration::ZERO,
        };
        Self { log: log.clone(), started: Instant::now(), record }
    }
}

/// Records a request that was answered before it reached the edge.
pub fn record(log: &AccessLog, method: &Method, path: &str, status: u16, started: Instant) {
    let mut access = Access::start(log, method, path);
    access.started = started;
    access.record.status = status;
}

impl Drop for Access {
    fn drop(&mut self) {
        self.record.duration = self.started.elapsed();
        if self.record.status == 0 {
            // What was never answered was dropped by its client.
            self.record.status = CLIENT_WENT_AWAY;
            self.record.failure = Some("the client went away".to_owned());
        }
        (self.log)(&self.record);
    }
}
