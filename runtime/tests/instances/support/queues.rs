//! SQS as it can be: acknowledgements are lost, messages come again, queues are old.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_sqs::Client;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderMap};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::PATIENCE;
use super::listener::{Body, bind, full, serve};

/// How long to wait before the queues are listed again.
const PAUSE: Duration = Duration::from_millis(20);

/// SQS with a mediator in between, who is told what to spoil.
pub(crate) struct Queues {
    pub(crate) address: SocketAddr,
    client: Client,
    spoiled: Arc<Spoiled>,
}

#[derive(Default)]
struct Spoiled(Mutex<Plan>);

#[derive(Default)]
struct Plan {
    /// How many acknowledgements are still to be lost.
    lost: usize,
    /// The visibility of queues that are created from now on, in seconds.
    visibility: Option<u64>,
    /// How much older queues seem than they are, in seconds.
    older: u64,
    /// How often each message was delivered.
    deliveries: BTreeMap<String, usize>,
}

impl Queues {
    /// In front of the SQS at an address, and a client of the same.
    pub(crate) async fn start(upstream: SocketAddr, client: Client) -> Self {
        let spoiled = Arc::<Spoiled>::default();
        let plan = spoiled.clone();
        let address = serve(bind().await, move |request| {
            let plan = plan.clone();
            async move { plan.answer(upstream, request).await }
        });
        Self { address, client, spoiled }
    }

    /// Loses the next acknowledgements, after which messages come again in a second.
    pub(crate) fn lose(&self, acknowledgements: usize) {
        let mut plan = self.spoiled.lock();
        plan.lost = acknowledgements;
        plan.visibility = Some(1);
    }

    /// How many acknowledgements are still to be lost.
    pub(crate) fn to_lose(&self) -> usize {
        self.spoiled.lock().lost
    }

    /// How often the message was delivered that was delivered most often.
    pub(crate) fn repeated(&self) -> usize {
        self.spoiled.lock().deliveries.values().copied().max().unwrap_or(0)
    }

    /// Lets all queues seem older.
    pub(crate) fn age(&self, by: Duration) {
        self.spoiled.lock().older = by.as_secs();
    }

    /// The URLs of all queues.
    pub(crate) async fn all(&self) -> Vec<String> {
        let listed = self.client.list_queues().send().await.expect("a list");
        listed.queue_urls.unwrap_or_default()
    }

    /// Waits until there is no queue any more: it is closed behind the answer's back.
    pub(crate) async fn none_left(&self) {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = self.all().await;
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < end, "queues are left: {left:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Spoiled {
    fn lock(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, upstream: SocketAddr, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let Ok(body) = body.collect().await else { return Response::new(full("")) };
        let target = parts.headers["x-amz-target"].to_str().expect("ASCII");
        let operation = target.strip_prefix("AmazonSQS.").expect("an operation").to_owned();
        let Some(body) = self.before(&operation, body.to_bytes()) else {
            return Response::new(full("{}"));
        };
        let answer = forward(upstream, parts, body).await;
        let (mut parts, body) = answer.into_parts();
        unmeasured(&mut parts.headers);
        Response::from_parts(parts, full(self.after(&operation, body)))
    }

    /// The request as it is passed on; nothing if it is lost.
    fn before(&self, operation: &str, body: Bytes) -> Option<Bytes> {
        let mut plan = self.lock();
        match (operation, plan.visibility) {
            ("DeleteMessage", _) if plan.lost > 0 => {
                plan.lost -= 1;
                None
            }
            ("CreateQueue", Some(seconds)) => {
                let mut request: Value = serde_json::from_slice(&body).expect("JSON");
                request["Attributes"]["VisibilityTimeout"] = json!(seconds.to_string());
                Some(request.to_string().into())
            }
            _ => Some(body),
        }
    }

    /// The answer as it is passed on.
    fn after(&self, operation: &str, body: Bytes) -> Bytes {
        let mut plan = self.lock();
        let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else { return body };
        match operation {
            "ReceiveMessage" => {
                for message in answer["Messages"].as_array().into_iter().flatten() {
                    let id = message["MessageId"].as_str().expect("an id").to_owned();
                    *plan.deliveries.entry(id).or_default() += 1;
                }
                body
            }
            "GetQueueAttributes" => {
                let created = &mut answer["Attributes"]["CreatedTimestamp"];
                let seconds: u64 = created.as_str().and_then(|s| s.parse().ok()).expect("a time");
                *created = json!((seconds - plan.older).to_string());
                answer.to_string().into()
            }
            _ => body,
        }
    }
}

/// A body that was changed has another length.
fn unmeasured(headers: &mut HeaderMap) {
    headers.remove(CONTENT_LENGTH);
    headers.remove("transfer-encoding");
}

async fn forward(to: SocketAddr, mut parts: http::request::Parts, body: Bytes) -> Response<Bytes> {
    unmeasured(&mut parts.headers);
    let stream = TcpStream::connect(to).await.expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.expect("a connection");
    tokio::spawn(connection);
    let request = Request::from_parts(parts, Full::new(body));
    let (parts, body) = sender.send_request(request).await.expect("an answer").into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    Response::from_parts(parts, body)
}
