//! Requests to a legacy client while its own request runs, and the way back of the answers.
//!
//! The question goes out on the open stream. The answer is another POST, which may reach another
//! instance: there it goes into the exchange's mailbox. On the same instance it takes a short cut.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::gateway::Gateway;
use crate::invoke::exchange::Outgoing;
use crate::invoke::outcome::InputRequest;
use crate::port::closing::Closing;
use crate::port::{Delivery, MailboxError, MailboxId, SessionKey};
use crate::protocol::json;
use crate::protocol::jsonrpc::{self, Message, RequestId, Response};
use crate::protocol::render;
use crate::session::{Session, Transport};

/// One long poll of a mailbox: SQS's longest.
const POLL: Duration = Duration::from_secs(20);
/// How long a client may think about its answers.
const PATIENCE: Duration = Duration::from_secs(300);
/// The pause after a mailbox failed, before it is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// Exchanges whose stream this instance holds.
#[derive(Clone, Default)]
pub(super) struct Pending(Arc<Mutex<HashMap<String, mpsc::UnboundedSender<Bytes>>>>);

/// Leaves the register when the exchange ends.
struct Waiting<'a>(&'a Pending, String);

impl Pending {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, mpsc::UnboundedSender<Bytes>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1);
    }
}

impl Gateway {
    /// Asks the client and waits for all answers: the text of an object, key → answer.
    pub(super) async fn ask(
        &self,
        session: &Session,
        requests: &[InputRequest],
        outgoing: &Outgoing,
        deadline: Instant,
    ) -> Result<String, String> {
        let exchange = SessionKey(self.random()).to_string();
        // Whoever holds an HTTP+SSE stream reads all its messages, so the short cut is the way.
        let mailbox = (session.transport == Transport::Streamable)
            .then(|| MailboxId::exchange(session.key, &exchange));
        let (sender, answers) = mpsc::unbounded_channel();
        self.pending.lock().insert(route(session.key, &exchange), sender);
        let _waiting = Waiting(&self.pending, route(session.key, &exchange));
        let _closing = match &mailbox {
            None => None,
            Some(mailbox) => {
                let opened = self.ports.mailboxes.open(mailbox).await;
                opened.map_err(|_| "the client cannot be asked now".to_owned())?;
                Some(Closing::new(&self.ports.mailboxes, mailbox.clone()))
            }
        };
        for (index, request) in requests.iter().enumerate() {
            let id = RequestId::from_text(&format!("{exchange}.{index}"));
            let params = request.params.as_deref().map(serde_json::value::RawValue::get);
            outgoing.send(render::request(&id, &request.method, params)).await;
        }
        let route = (session.key, mailbox.as_ref());
        let wait = self.gather(requests, &exchange, route, answers);
        let deadline = deadline.min(Instant::now() + PATIENCE);
        let gathered = tokio::time::timeout_at(deadline, wait).await;
        gathered.unwrap_or_else(|_| Err("the client did not answer in time".to_owned()))
    }

    async fn gather(
        &self,
        requests: &[InputRequest],
        exchange: &str,
        route: (SessionKey, Option<&MailboxId>),
        mut answers: mpsc::UnboundedReceiver<Bytes>,
    ) -> Result<String, String> {
        let mut given: BTreeMap<usize, String> = BTreeMap::new();
        // One poll over all turns: what a dropped poll was about to bring would stay hidden.
        let mut polling = std::pin::pin!(self.poll(route, Vec::new()));
        while given.len() < requests.len() {
            let bodies = tokio::select! {
                Some(body) = answers.recv() => vec![body],
                polled = &mut polling => {
                    // What is not acknowledged holds up what follows; the last answer has nothing
                    // to hold up.
                    let (receipts, bodies) = polled?.into_iter().map(parts).unzip();
                    polling.set(self.poll(route, receipts));
                    bodies
                }
            };
            for body in bodies {
                if let Some((index, answer)) = read_answer(&body, exchange)
                    && index < requests.len()
                {
                    given.insert(index, answer?);
                }
            }
        }
        let members: Vec<String> = requests
            .iter()
            .enumerate()
            .filter_map(|(index, request)| {
                Some(format!("{}:{}", json::string(&request.key), given.get(&index)?))
            })
            .collect();
        Ok(format!("{{{}}}", members.join(",")))
    }

    /// Acknowledges what came before, and waits for what comes: perhaps nothing, or why nothing
    /// will come any more.
    async fn poll(
        &self,
        (session, mailbox): (SessionKey, Option<&MailboxId>),
        receipts: Vec<String>,
    ) -> Result<Vec<Delivery>, String> {
        let Some(mailbox) = mailbox else { return std::future::pending().await };
        for receipt in receipts {
            // What is not forgotten comes again, and is then ignored.
            let _ = self.ports.mailboxes.acknowledge(mailbox, &receipt).await;
        }
        let deliveries = match self.ports.mailboxes.receive(mailbox, POLL).await {
            Ok(deliveries) => deliveries,
            // Somebody has removed it; answers have no way any more.
            Err(MailboxError::Gone) => return Err("the client cannot answer any more".to_owned()),
            Err(MailboxError::Full | MailboxError::Unavailable(_)) => {
                tokio::time::sleep(PAUSE).await;
                return Ok(Vec::new());
            }
        };
        if deliveries.is_empty() && self.has_ended(session).await {
            return Err("the client has ended its session".to_owned());
        }
        Ok(deliveries)
    }

    /// Whether the client has ended the session: the request may have reached another instance,
    /// which knows nothing of what runs here.
    async fn has_ended(&self, session: SessionKey) -> bool {
        let record = self.ports.sessions.load(session, self.ports.clock.now()).await;
        // Where that cannot be known now, the wait goes on.
        record.is_ok_and(|record| record.is_some_and(|record| record.ended))
    }

    /// Brings a client's answer to the exchange that waits for it; nobody may be waiting any more.
    pub async fn deliver(
        &self,
        session: &Session,
        response: &Response<'_>,
        body: Bytes,
    ) -> Result<(), MailboxError> {
        let id = response.id.to_text();
        let Some((exchange, _)) = id.split_once('.') else { return Ok(()) };
        let here = self.pending.lock().get(&route(session.key, exchange)).cloned();
        if let Some(sender) = here {
            // The exchange may have ended in this very moment.
            let _ = sender.send(body);
            return Ok(());
        }
        if !exchange.bytes().all(|byte| byte.is_ascii_hexdigit()) || exchange.len() != 32 {
            return Ok(());
        }
        let mailbox = MailboxId::exchange(session.key, exchange);
        match self.ports.mailboxes.send(&mailbox, &id, body).await {
            Err(MailboxError::Gone) => Ok(()),
            other => other,
        }
    }
}

fn parts(delivery: Delivery) -> (String, Bytes) {
    (delivery.receipt, delivery.body)
}

fn route(session: SessionKey, exchange: &str) -> String {
    format!("{session}.{exchange}")
}

/// The place of an answer among the questions, and the answer's text or the client's refusal.
fn read_answer(body: &[u8], exchange: &str) -> Option<(usize, Result<String, String>)> {
    let text = std::str::from_utf8(body).ok()?;
    let Ok(Message::Response(response)) = jsonrpc::parse_message(text) else { return None };
    let id = response.id.to_text();
    let (of, index) = id.split_once('.')?;
    if of != exchange {
        return None;
    }
    let answer = match response.outcome {
        Ok(result) if json::first(result.get()) == Some(b'{') => Ok(result.get().to_owned()),
        Ok(_) => Err("the client's answer is not an object".to_owned()),
        Err(_) => Err("the client refused to answer".to_owned()),
    };
    Some((index.parse().ok()?, answer))
}
