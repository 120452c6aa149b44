//! DynamoDB in the test's process, behind an endpoint that notes what is asked and may spoil it.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Region;
use aws_types::SdkConfig;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use mcp_lambda_runtime::aws::dynamodb::DynamoIntents;
use mcp_lambda_runtime::aws::dynamodb::{DynamoBuckets, DynamoRegistrations, DynamoSessions};
use mcp_lambda_runtime::embedded::system::SystemIds;
use tokio::net::{TcpListener, TcpStream};

use super::tables::{Tables, tables};
use crate::configuration;
use crate::server::{self, Body, breaking, full};

/// What happens to a request.
pub(crate) enum Fate {
    /// It is answered.
    Pass,
    /// It is not done; this is the answer.
    Refuse(Response<Body>),
    /// It is done and its answer is lost, after this has happened.
    Lose(BoxFuture<'static, ()>),
}

/// Decides on a request by its operation and how many of the same came before.
type Decide = Box<dyn FnMut(&str, usize) -> Fate + Send>;

/// Both tables, empty.
pub(crate) struct World {
    /// Without the endpoint in between.
    pub(crate) client: Client,
    pub(crate) tables: Tables,
    noted: Arc<Noted>,
    endpoint: SocketAddr,
}

#[derive(Default)]
struct Noted {
    requests: Mutex<Vec<(String, Bytes)>>,
    decide: Mutex<Option<Decide>>,
}

impl World {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let database = listener.local_addr().expect("an address");
        let memory = dynoxide::Database::memory().expect("a database");
        tokio::spawn(dynoxide::server::serve_on(listener, memory));
        let noted = Arc::new(Noted::default());
        let seen = noted.clone();
        let endpoint = server::start(move |request| {
            let seen = seen.clone();
            async move { seen.answer(database, request).await }
        })
        .await;
        let client = Client::new(&shared(database));
        let tables = tables(&client).await;
        Self { client, tables, noted, endpoint }
    }

    /// Another instance's store of registrations.
    pub(crate) fn registrations(&self) -> DynamoRegistrations {
        let ids = Arc::new(SystemIds::default());
        DynamoRegistrations::new(&shared(self.endpoint), self.tables.registrations.clone(), ids)
    }

    /// Another instance's intents.
    pub(crate) fn intents(&self) -> DynamoIntents {
        DynamoIntents::new(&shared(self.endpoint), self.tables.registrations.clone())
    }

    /// Another instance's store of sessions.
    pub(crate) fn sessions(&self) -> DynamoSessions {
        let ids = Arc::new(SystemIds::default());
        DynamoSessions::new(&shared(self.endpoint), self.tables.sessions.clone(), ids)
    }

    /// Another instance's buckets.
    pub(crate) fn buckets(&self) -> DynamoBuckets {
        DynamoBuckets::new(&shared(self.endpoint), self.tables.sessions.clone())
    }

    /// Decides on requests from now on, which are counted anew.
    pub(crate) fn decide(&self, decide: impl FnMut(&str, usize) -> Fate + Send + 'static) {
        lock(&self.noted.requests).clear();
        *lock(&self.noted.decide) = Some(Box::new(decide));
    }

    /// How often an operation was asked for.
    pub(crate) fn count(&self, operation: &str) -> usize {
        lock(&self.noted.requests).iter().filter(|(asked, _)| asked == operation).count()
    }

    /// The bodies of an operation's requests.
    pub(crate) fn bodies(&self, operation: &str) -> Vec<serde_json::Value> {
        let requests = lock(&self.noted.requests);
        let of_it = requests.iter().filter(|(asked, _)| asked == operation);
        of_it.map(|(_, body)| serde_json::from_slice(body).expect("JSON")).collect()
    }

    /// The IAM actions that the requests so far needed.
    pub(crate) fn actions(&self) -> BTreeSet<String> {
        let requests = lock(&self.noted.requests);
        requests.iter().flat_map(|(operation, body)| needed(operation, body)).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A transaction needs what its parts would need; every other operation is an action itself.
fn needed(operation: &str, body: &[u8]) -> Vec<String> {
    if !operation.starts_with("Transact") {
        return vec![format!("dynamodb:{operation}")];
    }
    let body: serde_json::Value = serde_json::from_slice(body).expect("JSON");
    let parts = body["TransactItems"].as_array().expect("parts").iter();
    let kinds = parts.flat_map(|part| part.as_object().expect("a part").keys());
    let action = |kind: &String| match kind.as_str() {
        "ConditionCheck" => "dynamodb:ConditionCheckItem".to_owned(),
        kind => format!("dynamodb:{kind}Item"),
    };
    kinds.map(action).collect()
}

impl Noted {
    async fn answer(&self, database: SocketAddr, request: Request<Bytes>) -> Response<Body> {
        let target = request.headers()["x-amz-target"].to_str().expect("text");
        let operation = target.strip_prefix("DynamoDB_20120810.").expect("DynamoDB").to_owned();
        let before = {
            let mut requests = lock(&self.requests);
            let before = requests.iter().filter(|(asked, _)| *asked == operation).count();
            requests.push((operation.clone(), request.body().clone()));
            before
        };
        let decided = lock(&self.decide).as_mut().map(|decide| decide(&operation, before));
        match decided.unwrap_or(Fate::Pass) {
            Fate::Pass => forward(database, request).await,
            Fate::Refuse(answer) => answer,
            Fate::Lose(meanwhile) => {
                let answer = forward(database, request).await;
                assert!(answer.status().is_success(), "only what was done can be lost");
                meanwhile.await;
                Response::new(breaking(Vec::new()))
            }
        }
    }
}

async fn forward(to: SocketAddr, request: Request<Bytes>) -> Response<Body> {
    let stream = TcpStream::connect(to).await.expect("a connection");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    tokio::spawn(connection);
    let answer = sender.send_request(request.map(Full::new)).await.expect("an answer");
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    Response::from_parts(parts, full(body))
}

/// What somebody would have whose tables are at an endpoint.
pub(crate) fn shared(endpoint: SocketAddr) -> SdkConfig {
    configuration(endpoint).into_builder().region(Region::from_static("us-east-1")).build()
}

/// A refusal in DynamoDB's form.
pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Response<Body> {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
    let body = serde_json::json!({ "__type": kind, "message": message });
    answer(status, &body)
}

/// A cancelled transaction, by the reasons for its parts.
pub(crate) fn cancelled(codes: &[&str]) -> Response<Body> {
    let reasons: Vec<_> =
        codes.iter().map(|code| serde_json::json!({ "Code": code, "Message": "told" })).collect();
    let body = serde_json::json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": reasons,
    });
    answer(400, &body)
}

pub(crate) fn answer(status: u16, body: &serde_json::Value) -> Response<Body> {
    Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amzn-requestid", "1234")
        .body(full(body.to_string()))
        .expect("an answer")
}
