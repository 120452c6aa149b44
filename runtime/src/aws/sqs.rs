//! Mailboxes as SQS FIFO queues: one queue for each mailbox, its name made of the mailbox's.
//!
//! Messages of one group come in order, and while one is with a reader the later ones wait. A
//! repeated request does no harm: creating and deleting are idempotent, a message has its
//! deduplication id, and a poll the id of its attempt.

mod fault;
mod known;
mod name;
mod sweep;
mod text;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{Builder, StalledStreamProtectionConfig};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use aws_types::SdkConfig;
use bytes::Bytes;
use tokio::time::Instant;

use crate::port::{Delivery, Ids, MailboxError, MailboxId, Mailboxes};
use known::{Known, Queue};
use name::QueueName;

pub use name::{InvalidStackIdentifier, StackIdentifier};
pub use sweep::{MAX_EXAMINED, ORPHANED_AFTER, Sweeper, Swept};

/// How long a delivered message stays hidden from others: an acknowledgement follows at once, and
/// a reader that has died must not hold up the next one for long.
pub const VISIBILITY: Duration = Duration::from_secs(30);
/// How long a queue that was just created may seem not to be there (CreateQueue: "you must wait
/// at least one second").
pub const SETTLING: Duration = Duration::from_secs(1);
/// How long a message waits to be read. Who reads does so for a quarter of an hour at most.
const RETENTION: Duration = Duration::from_secs(60 * 60);
/// Within the settling, how long to wait before asking again.
const SETTLING_PAUSE: Duration = Duration::from_millis(200);
/// The longest poll that SQS has.
const LONGEST_POLL_SECONDS: u64 = 20;
/// Messages in one delivery: the most that SQS gives.
const MAX_DELIVERY: i32 = 10;
/// All messages of a mailbox are of one group, or their order would be open.
const GROUP: &str = "mailbox";
/// The tag by which a stack's queues are found, and their cost.
const STACK_TAG: &str = "mcp-lambda:stack";

/// How long a connection may take: some round trips to another continent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long one attempt may take, with a message of 1 MiB over a slow line. A poll has its wait
/// beside that.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request may take with all its attempts. A poll has its wait beside that.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);
/// Attempts of one request.
const MAX_ATTEMPTS: u32 = 3;
/// The longest that may pass before a second attempt; before the third, twice that.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// What a test may want different.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Options {
    /// How long a delivered message stays hidden, in whole seconds.
    pub visibility: Duration,
    /// How long a queue that seems not to be there is asked again.
    pub settling: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { visibility: VISIBILITY, settling: SETTLING }
    }
}

/// Mailboxes of one stack.
pub struct SqsMailboxes {
    client: Client,
    stack: StackIdentifier,
    ids: Arc<dyn Ids>,
    options: Options,
    known: Known,
}

impl SqsMailboxes {
    /// Mailboxes with the credentials, region, HTTP client and endpoint of a configuration.
    pub fn new(
        shared: &SdkConfig,
        stack: StackIdentifier,
        ids: Arc<dyn Ids>,
        options: Options,
    ) -> Self {
        Self { client: connect(shared), stack, ids, options, known: Known::default() }
    }

    fn name(&self, id: &MailboxId) -> QueueName {
        QueueName::new(&self.stack, id)
    }

    /// The URL of a queue, asked for once.
    async fn url(&self, name: &QueueName) -> Result<String, MailboxError> {
        match self.known.find(name) {
            Some(Queue::Open { url, .. }) => return Ok(url),
            Some(Queue::Closed) => return Err(MailboxError::Gone),
            None => {}
        }
        let asked = self.client.get_queue_url().queue_name(name.as_str()).send().await;
        let url = asked.map_err(|error| fault::understand(&error))?.queue_url;
        let url = url.ok_or_else(no_url)?;
        self.known.open(name, &url);
        Ok(url)
    }

    /// An error as it is told, with what it says of the queue remembered.
    fn learn(&self, name: &QueueName, error: MailboxError) -> MailboxError {
        if error == MailboxError::Gone {
            self.known.forget(name);
        }
        error
    }

    async fn post(
        &self,
        name: &QueueName,
        deduplication: &str,
        message: &str,
    ) -> Result<(), MailboxError> {
        let sent = self
            .client
            .send_message()
            .queue_url(self.url(name).await?)
            .message_group_id(GROUP)
            .message_deduplication_id(text::deduplication(deduplication))
            .message_body(message)
            .send()
            .await;
        sent.map(|_| ()).map_err(|error| fault::understand(&error))
    }

    async fn poll(&self, name: &QueueName, seconds: u64) -> Result<Vec<Message>, MailboxError> {
        let wait = Duration::from_secs(seconds);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(wait + ATTEMPT_TIMEOUT)
            .operation_timeout(wait + OPERATION_TIMEOUT)
            .build();
        let received = self
            .client
            .receive_message()
            .queue_url(self.url(name).await?)
            .message_system_attribute_names(MessageSystemAttributeName::MessageDeduplicationId)
            .max_number_of_messages(MAX_DELIVERY)
            .wait_time_seconds(i32::try_from(seconds).expect("at most 20"))
            // What a lost answer brought would be hidden for a while; asked for again by the same
            // id, it comes again.
            .receive_request_attempt_id(self.attempt_id())
            .customize()
            .config_override(aws_sdk_sqs::Config::builder().timeout_config(timeouts))
            .send()
            .await;
        let received = received.map_err(|error| fault::understand(&error))?;
        Ok(received.messages.unwrap_or_default())
    }

    fn attempt_id(&self) -> String {
        let mut bytes = [0; 16];
        self.ids.fill(&mut bytes);
        format!("{:032x}", u128::from_be_bytes(bytes))
    }

    /// Deletes what nobody of ours can have sent, or it would block what follows.
    async fn deliver(&self, id: &MailboxId, messages: Vec<Message>) -> Vec<Delivery> {
        let mut deliveries = Vec::with_capacity(messages.len());
        for mut message in messages {
            let Some(receipt) = message.receipt_handle.take() else { continue };
            match understand(message) {
                Some((deduplication, body)) => {
                    deliveries.push(Delivery { receipt, deduplication, body });
                }
                // Where that fails, it comes again and is deleted then.
                None => drop(self.acknowledge(id, &receipt).await),
            }
        }
        deliveries
    }
}

fn understand(message: Message) -> Option<(String, Bytes)> {
    let key = MessageSystemAttributeName::MessageDeduplicationId;
    let deduplication = message.attributes?.remove(&key)?;
    Some((deduplication, text::decode(message.body?)?))
}

#[async_trait]
impl Mailboxes for SqsMailboxes {
    /// A mailbox that was closed cannot be opened again: SQS would refuse its name for a minute.
    async fn open(&self, id: &MailboxId) -> Result<(), MailboxError> {
        let name = self.name(id);
        if let Some(Queue::Closed) = self.known.find(&name) {
            return Err(MailboxError::Unavailable(format!("{name} was closed before")));
        }
        let created = self
            .client
            .create_queue()
            .queue_name(name.as_str())
            .set_attributes(Some(attributes(self.options.visibility)))
            .tags(STACK_TAG, self.stack.as_str())
            .send()
            .await;
        match created {
            Ok(created) => {
                self.known.open(&name, &created.queue_url.ok_or_else(no_url)?);
                Ok(())
            }
            // An instance of another version, with other attributes, has opened it.
            Err(error) if fault::code(&error) == Some("QueueNameExists") => {
                self.url(&name).await.map(|_| ())
            }
            Err(error) => Err(fault::understand(&error)),
        }
    }

    async fn send(
        &self,
        id: &MailboxId,
        deduplication: &str,
        body: Bytes,
    ) -> Result<(), MailboxError> {
        let name = self.name(id);
        let message = text::encode(&body);
        if message.len() > text::MAX_MESSAGE_BYTES {
            return Err(MailboxError::Unavailable(format!(
                "a message of {} bytes is too large for SQS, which takes {}",
                message.len(),
                text::MAX_MESSAGE_BYTES
            )));
        }
        let settled = Instant::now() + self.known.settling(&name, self.options.settling);
        loop {
            match self.post(&name, deduplication, &message).await {
                Err(MailboxError::Gone) if Instant::now() < settled => {
                    tokio::time::sleep(SETTLING_PAUSE).await;
                }
                sent => return sent.map_err(|error| self.learn(&name, error)),
            }
        }
    }

    /// Waits for whole seconds at SQS, and for the rest of a second here.
    async fn receive(&self, id: &MailboxId, wait: Duration) -> Result<Vec<Delivery>, MailboxError> {
        let name = self.name(id);
        let (now, settling) = (Instant::now(), self.options.settling);
        let (end, settled) = (now + wait, now + self.known.settling(&name, settling));
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.poll(&name, left.as_secs().min(LONGEST_POLL_SECONDS)).await {
                Ok(messages) => {
                    let deliveries = self.deliver(id, messages).await;
                    if !deliveries.is_empty() || Instant::now() >= end {
                        return Ok(deliveries);
                    }
                }
                Err(MailboxError::Gone) if Instant::now() < settled => {
                    tokio::time::sleep(SETTLING_PAUSE).await;
                    continue;
                }
                Err(error) => return Err(self.learn(&name, error)),
            }
            let left = end.saturating_duration_since(Instant::now());
            if left < Duration::from_secs(1) {
                tokio::time::sleep(left).await;
            }
        }
    }

    /// An old receipt is no error: its message comes again to whoever reads next.
    async fn acknowledge(&self, id: &MailboxId, receipt: &str) -> Result<(), MailboxError> {
        let name = self.name(id);
        let url = self.url(&name).await?;
        let deleted = self.client.delete_message().queue_url(url).receipt_handle(receipt);
        match deleted.send().await {
            Ok(_) => Ok(()),
            Err(error) => match fault::code(&error) {
                Some("InvalidParameterValue" | "MissingParameter" | "ReceiptHandleIsInvalid") => {
                    Ok(())
                }
                _ => Err(self.learn(&name, fault::understand(&error))),
            },
        }
    }

    async fn close(&self, id: &MailboxId) -> Result<(), MailboxError> {
        let name = self.name(id);
        let url = match self.url(&name).await {
            Ok(url) => url,
            Err(MailboxError::Gone) => return Ok(()),
            Err(error) => return Err(error),
        };
        let deleted = self.client.delete_queue().queue_url(url).send().await;
        match deleted.map_err(|error| fault::understand(&error)) {
            Ok(_) | Err(MailboxError::Gone) => {
                self.known.close(&name);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

fn attributes(visibility: Duration) -> HashMap<QueueAttributeName, String> {
    HashMap::from([
        (QueueAttributeName::FifoQueue, "true".to_owned()),
        (QueueAttributeName::SqsManagedSseEnabled, "true".to_owned()),
        (QueueAttributeName::MessageRetentionPeriod, RETENTION.as_secs().to_string()),
        (QueueAttributeName::VisibilityTimeout, visibility.as_secs().to_string()),
    ])
}

fn no_url() -> MailboxError {
    MailboxError::Unavailable("SQS named no queue in its answer".to_owned())
}

fn connect(shared: &SdkConfig) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let retries =
        RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS).with_initial_backoff(FIRST_BACKOFF);
    let config = Builder::from(shared)
        .retry_config(retries)
        // Each attempt has its timeout.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts);
    Client::from_conf(config.build())
}
