//! An endpoint that answers as a test says and remembers what it was asked, and what all tests of
//! mailboxes need.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use http::Response;
use mcp_lambda_runtime::aws;
use mcp_lambda_runtime::aws::sqs::{Options, SqsMailboxes, StackIdentifier};
use mcp_lambda_runtime::port::{Ids, MailboxId, SessionKey};
use serde_json::{Value, json};

use crate::configuration;
use crate::server::{self, Body, breaking, full};

/// An answer of the endpoint.
pub(crate) enum Reply {
    /// 200 with this.
    Good(Value),
    /// An error of SQS, by its status and code.
    Refused(u16, &'static str),
    /// What was asked is done, and the answer breaks off.
    Lost,
    /// None, ever.
    Silence,
}

/// A request: its operation and parameters.
pub(crate) type Asked = (String, Value);

/// What the endpoint was asked, in order.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<Asked>>>);

impl Heard {
    pub(crate) fn all(&self) -> Vec<Asked> {
        self.0.lock().expect("no panic").clone()
    }

    pub(crate) fn operations(&self) -> Vec<String> {
        self.all().into_iter().map(|(operation, _)| operation).collect()
    }

    /// Remembers a request; how often its operation was asked before.
    fn hear(&self, operation: &str, parameters: &Value) -> usize {
        let mut all = self.0.lock().expect("no panic");
        let before = all.iter().filter(|(asked, _)| asked == operation).count();
        all.push((operation.to_owned(), parameters.clone()));
        before
    }

    /// What one member of the parameters was in all requests of an operation.
    pub(crate) fn members(&self, operation: &str, member: &str) -> Vec<Value> {
        let all = self.all().into_iter().filter(|(asked, _)| asked == operation);
        all.map(|(_, parameters)| parameters[member].clone()).collect()
    }
}

/// An endpoint; the answer is told the operation, its parameters, and how often the operation was
/// asked before.
pub(crate) async fn endpoint<F>(answer: F) -> (SdkConfig, Heard)
where
    F: Fn(&str, &Value, usize) -> Reply + Send + Sync + 'static,
{
    let (heard, answer) = (Heard::default(), Arc::new(answer));
    let hearing = heard.clone();
    let address = server::start(move |request| {
        let target = request.headers()["x-amz-target"].to_str().expect("ASCII").to_owned();
        let operation = target.strip_prefix("AmazonSQS.").expect("an operation");
        let parameters: Value = serde_json::from_slice(request.body()).expect("JSON");
        let before = hearing.hear(operation, &parameters);
        respond(answer(operation, &parameters, before))
    })
    .await;
    (in_region(configuration(address)), heard)
}

async fn respond(reply: Reply) -> Response<Body> {
    match reply {
        Reply::Good(value) => Response::new(full(value.to_string())),
        Reply::Lost => Response::new(breaking(vec![b"{".to_vec()])),
        Reply::Silence => std::future::pending().await,
        Reply::Refused(status, code) => {
            let said = json!({"__type": format!("com.amazonaws.sqs#{code}"), "message": "said"});
            let answer = Response::builder().status(status).header("x-amzn-requestid", "1234");
            answer.body(full(said.to_string())).expect("an answer")
        }
    }
}

/// What SQS would answer if all were well: one message at a time.
pub(crate) fn good(operation: &str) -> Reply {
    let url = "https://sqs.us-east-1.amazonaws.com/1/queue";
    Reply::Good(match operation {
        "CreateQueue" | "GetQueueUrl" => json!({"QueueUrl": url}),
        "SendMessage" => json!({"MessageId": "m", "MD5OfMessageBody": "x", "SequenceNumber": "1"}),
        "ReceiveMessage" => json!({"Messages": [{
            "MessageId": "m",
            "ReceiptHandle": "receipt",
            "Body": "{}",
            "Attributes": {"MessageDeduplicationId": "1"},
        }]}),
        _ => json!({}),
    })
}

pub(crate) fn in_region(shared: SdkConfig) -> SdkConfig {
    shared.into_builder().region(Region::from_static("us-east-1")).build()
}

/// What a user of the emulated AWS would have.
pub(crate) fn as_user(endpoint: &str, id: &str, secret: &str) -> SdkConfig {
    let credentials = Credentials::new(id, secret, None, None, "test");
    let shared = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws::http_client())
        .endpoint_url(endpoint)
        .build();
    in_region(shared)
}

/// Ids that differ from each other, for an emulator that nobody else uses.
#[derive(Default)]
pub(crate) struct Counted(AtomicU64);

impl Ids for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (byte, digit) in bytes.iter_mut().rev().zip(number.into_iter().rev()) {
            *byte = digit;
        }
    }
}

pub(crate) fn stack(text: &str) -> StackIdentifier {
    StackIdentifier::parse(text).expect("an identifier")
}

pub(crate) fn mailboxes(shared: &SdkConfig, options: Options) -> SqsMailboxes {
    SqsMailboxes::new(shared, stack("test"), Arc::new(Counted::default()), options)
}

pub(crate) fn id(number: u128) -> MailboxId {
    MailboxId::session(SessionKey(number.to_be_bytes()))
}

/// Options with which what is not there is so at once.
pub(crate) const SETTLED: Options =
    Options { visibility: Duration::from_secs(30), settling: Duration::ZERO };
