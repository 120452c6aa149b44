//! HTTP+SSE of 2024-11-05: messages come in by POST, answers go out on one long stream.
//!
//! The POST may reach another instance than the stream, so between them stands the session's
//! mailbox. It is opened with the stream; its absence is how a POST learns that the session is gone.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::{Response, StatusCode};
use tokio::time::Instant;

use crate::edge::access::{Access, Details, Ending};
use crate::edge::body::Body;
use crate::edge::events::Events;
use crate::edge::mcp::{refused, render_answer, within};
use crate::edge::reply::{self, Reply};
use crate::edge::{Edge, From, Incoming};
use crate::gateway::endpoint::Endpoint;
use crate::gateway::{Asked, Facts};
use crate::invoke::exchange::Outgoing;
use crate::port::closing::Closing;
use crate::port::{MailboxError, MailboxId, SessionRecord};
use crate::protocol::call::{Call, Method};
use crate::protocol::error::{Code, RpcError};
use crate::protocol::header::Field;
use crate::protocol::jsonrpc::{self, Message, Refused, Request, RequestId};
use crate::protocol::limits;
use crate::protocol::meta::Meta;
use crate::protocol::render;
use crate::protocol::version::{LegacyVersion, Version};
use crate::session::{Session, Transport};

/// Requests of one session that run at the same time; further ones wait.
pub(crate) const CONCURRENT: usize = 16;
/// Requests of one session that wait; further ones are refused.
pub(crate) const WAITING: usize = 256;
/// Messages that are known again. One that is not acknowledged comes again before many others.
const REMEMBERED: usize = 1_024;
/// One long poll.
const POLL: Duration = Duration::from_secs(20);
/// Time between the end of the last call and the end of its stream.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// The pause after the mailbox failed.
const PAUSE: Duration = Duration::from_millis(200);

/// Answers `GET /sse`: the endpoint's address, and then whatever there is to say.
pub(crate) async fn open(edge: Arc<Edge>, incoming: &Incoming, access: Access) -> Response<Body> {
    let mut access = access;
    let from = incoming.from.clone();
    match edge.gateway.admit_stream(&from.principal).await {
        Ok(warning) => access.record.facts.warning = warning,
        Err(limited) => {
            let facts = Facts {
                retry_after_seconds: Some(limited.retry_after_seconds()),
                ..Facts::default()
            };
            let refused = Reply::problem(StatusCode::TOO_MANY_REQUESTS, &limited.sentence());
            return refused.resulting(facts, Ending::Throttled).finish(access);
        }
    }
    let endpoint = incoming.endpoint.clone();
    let begun = edge.gateway.begin_sse(&from.principal, &endpoint).await;
    let (session, id) = match begun {
        Ok(begun) => begun,
        Err(error) => return unavailable(&error.to_string()).finish(access),
    };
    let mailbox = MailboxId::session(session.key);
    if let Err(error) = edge.gateway.ports().mailboxes.open(&mailbox).await {
        return unavailable(&error.to_string()).finish(access);
    }
    let (outgoing, messages) = Outgoing::open();
    access.record.status = StatusCode::OK.as_u16();
    access.record.facts.session_began = true;
    access.record.session = Some(session.key);
    let closing = Closing::new(&edge.gateway.ports().mailboxes, mailbox);
    let path = message_path(incoming);
    let work = Box::pin(async move {
        let serving = Serving { edge: &edge, endpoint: &endpoint };
        hold(&serving, session, &from, closing.mailbox(), &outgoing).await;
        // Here and not behind the stream's back: a function is frozen once it has answered.
        closing.close().await;
        None
    });
    let mut events = Events::new(work, messages, access);
    events.push(Bytes::from(format!("event: endpoint\ndata: {path}?sessionId={id}\n\n")));
    reply::stream(events)
}

/// Where a stream's messages are sent: beside the stream.
fn message_path(incoming: &Incoming) -> String {
    let mount = &incoming.mount.0;
    match &incoming.endpoint.server {
        None => format!("{mount}/message"),
        Some(name) => format!("{mount}/s/{name}/message"),
    }
}

/// What serves the messages of a stream.
pub(crate) struct Serving<'a> {
    pub(crate) edge: &'a Edge,
    pub(crate) endpoint: &'a Endpoint,
}

fn unavailable(cause: &str) -> Reply {
    let reply = Reply::problem(StatusCode::SERVICE_UNAVAILABLE, "try again in a moment");
    reply.failing(Some("unavailable".to_owned()), Some(cause.to_owned()))
}

/// Serves a session until its deadline, or until its mailbox is gone.
async fn hold(
    serving: &Serving<'_>,
    mut session: Session,
    from: &From,
    mailbox: &MailboxId,
    outgoing: &Outgoing,
) {
    let mailboxes = &serving.edge.gateway.ports().mailboxes;
    // Calls end before the stream does, so that their last words still reach the client.
    let stream_end = from.deadline;
    let left = stream_end.saturating_duration_since(Instant::now());
    let from = &From { deadline: stream_end - LAST_WORDS.min(left / 2), ..from.clone() };
    let mut running = FuturesUnordered::new();
    // Beside everything else: nobody waits for an acknowledgement but the messages that follow.
    let mut acknowledging = FuturesUnordered::new();
    let mut waiting = VecDeque::new();
    let mut taken = Taken::default();
    // One receive over all turns: what a dropped one was about to bring would stay hidden.
    let mut receiving = std::pin::pin!(mailboxes.receive(mailbox, POLL));
    loop {
        let deliveries = tokio::select! {
            () = tokio::time::sleep_until(stream_end) => return,
            Some(_) = acknowledging.next() => continue,
            Some(()) = running.next() => {
                running.extend(waiting.pop_front());
                continue;
            }
            received = &mut receiving => match received {
                Err(MailboxError::Gone) => return,
                Err(_) => {
                    tokio::time::sleep(PAUSE).await;
                    Vec::new()
                }
                Ok(deliveries) => deliveries,
            },
        };
        receiving.set(mailboxes.receive(mailbox, POLL));
        for delivery in deliveries {
            // If this fails the message comes again, and is known again.
            let receipt = delivery.receipt;
            acknowledging.push(async move { mailboxes.acknowledge(mailbox, &receipt).await });
            if !taken.is_new(delivery.deduplication) {
                continue;
            }
            negotiate(&mut session, &delivery.body);
            let request = request_id(&delivery.body);
            let work = take(serving, session.clone(), from, delivery.body, outgoing);
            // Answers and cancellations never wait: running requests may wait for them.
            match request {
                Some(_) if running.len() < CONCURRENT => running.push(work),
                None => running.push(work),
                Some(_) if waiting.len() < WAITING => waiting.push_back(work),
                Some(id) => outgoing.send(text_of(render::error(Some(&id), &busy()))).await,
            }
        }
    }
}

/// The messages that were taken, by their ids: a tool is called once, however often its message
/// comes.
#[derive(Default)]
struct Taken {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Taken {
    fn is_new(&mut self, id: String) -> bool {
        if !self.ids.insert(id.clone()) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

/// The id of a request; `None` for everything else.
pub(crate) fn request_id(body: &[u8]) -> Option<RequestId> {
    match jsonrpc::parse_message(std::str::from_utf8(body).ok()?) {
        Ok(Message::Request(request)) => Some(request.id),
        Ok(Message::Notification { .. } | Message::Response(_)) | Err(_) => None,
    }
}

pub(crate) fn busy() -> RpcError {
    RpcError::new(Code::Internal, "too many requests of this session wait; try again")
}

/// Learns from `initialize` what later messages of the session may rely on.
pub(crate) fn negotiate(session: &mut Session, body: &[u8]) {
    let Ok(text) = std::str::from_utf8(body) else { return };
    let Ok(Message::Request(request)) = jsonrpc::parse_message(text) else { return };
    if request.method.0 == "initialize"
        && let Ok(Call::Initialize(initialize)) = Call::parse(Method::Initialize, request.params)
    {
        session.version = LegacyVersion::negotiate(&initialize.protocol_version);
        session.capabilities = initialize.capabilities;
    }
}

async fn take(
    serving: &Serving<'_>,
    session: Session,
    from: &From,
    body: Bytes,
    outgoing: &Outgoing,
) {
    let edge = serving.edge;
    let Ok(text) = std::str::from_utf8(&body) else { return };
    match jsonrpc::parse_message(text) {
        Err(bad) => outgoing.send(text_of(render::error(bad.id.as_ref(), &bad.error))).await,
        Ok(Message::Notification { method, params }) => {
            edge.gateway.notified(Some(&session), &method.0, params);
        }
        Ok(Message::Response(response)) => {
            // The exchange that waits for it runs in this very stream.
            let _ = edge.gateway.deliver(&session, &response, body.clone()).await;
        }
        Ok(Message::Request(request)) => {
            if let Some(answer) = answer(serving, &session, from, &request, outgoing).await {
                outgoing.send(answer).await;
            }
        }
    }
}

pub(crate) async fn answer(
    serving: &Serving<'_>,
    session: &Session,
    from: &From,
    request: &Request<'_>,
    outgoing: &Outgoing,
) -> Option<String> {
    let Serving { edge, endpoint } = serving;
    let version = Version::Legacy(session.version);
    let failed = |error: &RpcError| Some(text_of(render::error(Some(&request.id), error)));
    let Some(method) = Method::parse(&request.method.0, version) else {
        return failed(&RpcError::method(&request.method.0));
    };
    let meta = match Meta::read(request.params) {
        Ok(meta) => meta,
        Err(error) => return failed(&error),
    };
    let ports = edge.gateway.ports();
    let correlation = edge.gateway.correlation();
    let record: Option<SessionRecord> =
        ports.sessions.load(session.key, ports.clock.now()).await.ok().flatten();
    let asked = Asked {
        principal: &from.principal,
        endpoint,
        session: Some((session, record.as_ref())),
        version,
        capabilities: session.capabilities,
        meta,
        method,
        correlation: &correlation,
        deadline: from.deadline,
        header: &|_: &str| Field::Absent,
    };
    let access =
        Access::start(&edge.settings.access, &http::Method::POST, "/message (on its stream)");
    let answered = within(from.deadline, edge.gateway.answer(request, &asked, outgoing)).await;
    let called = request.describe(&asked.meta);
    let mut reply = render_answer(&request.id, answered, version)
        .calling(called)
        .correlated(&correlation)
        .of(method, Some(session.key))
        .detailed(edge.details.then(|| Details::of(&asked, request)));
    let mut access = access;
    // The messages are counted where they come in and go out.
    reply.describe(&mut access);
    let body = reply.into_body().map(text_of);
    access.sends(body.as_ref().map_or(0, String::len));
    body
}

pub(crate) fn text_of(rope: crate::protocol::rope::Rope) -> String {
    String::from_utf8_lossy(&rope.into_bytes()).into_owned()
}

/// Answers `POST /message?sessionId=`: takes the message and says so.
pub(crate) async fn message(edge: &Edge, incoming: Incoming, access: Access) -> Response<Body> {
    receive(edge, &incoming).await.finish(access)
}

async fn receive(edge: &Edge, incoming: &Incoming) -> Reply {
    let mut pairs = incoming.query.split('&');
    let Some(id) = pairs.find_map(|pair| pair.strip_prefix("sessionId=")) else {
        return Reply::problem(StatusCode::BAD_REQUEST, "the query must name a sessionId");
    };
    let (from, endpoint) = (&incoming.from, &incoming.endpoint);
    let opened = edge.gateway.open_session(id, &from.principal, endpoint).await;
    let session = match opened {
        Ok(Some((session, _))) if session.transport == Transport::Sse => session,
        Ok(_) => return gone(),
        Err(error) => return unavailable(&error.to_string()),
    };
    if incoming.body.len() > limits::MAX_MAILBOX_MESSAGE_BYTES {
        let detail = "the message is too large for this transport; use POST /mcp";
        return Reply::problem(StatusCode::PAYLOAD_TOO_LARGE, detail);
    }
    match jsonrpc::parse(&incoming.body) {
        Err(error) => return refused(&error),
        Ok(jsonrpc::Body::Batch(_)) => {
            let error = RpcError::new(Code::InvalidRequest, "this transport takes no batches");
            return refused(&Refused { id: None, error });
        }
        Ok(jsonrpc::Body::Single(_)) => {}
    }
    let mailbox = MailboxId::session(session.key);
    let deduplication = edge.gateway.correlation();
    let mailboxes = &edge.gateway.ports().mailboxes;
    match mailboxes.send(&mailbox, &deduplication, incoming.body.clone()).await {
        Ok(()) => Reply::text(StatusCode::ACCEPTED, "Accepted").exchanging(1, 0),
        Err(MailboxError::Gone) => gone(),
        Err(MailboxError::Full) => {
            Reply::problem(StatusCode::TOO_MANY_REQUESTS, "too many messages wait in this session")
        }
        Err(MailboxError::Unavailable(cause)) => unavailable(&cause),
    }
}

fn gone() -> Reply {
    Reply::problem(StatusCode::NOT_FOUND, "there is no such session; open GET /sse again")
}
