//! `POST /mcp` and `DELETE /mcp`: every revision at one URL.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::HeaderName;
use http::{Response, StatusCode};
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::edge::accept::{self, Accepted};
use crate::edge::access::{Access, Details, Ending};
use crate::edge::body::Body;
use crate::edge::events::{self, Events, Work};
use crate::edge::reply::{self, Reply, SESSION_ID};
use crate::edge::{Edge, Incoming};
use crate::gateway::{Answered, Asked, Facts};
use crate::invoke::exchange::{Messages, Outgoing};
use crate::port::SessionRecord;
use crate::protocol::call::Method;
use crate::protocol::capability::ClientCapabilities;
use crate::protocol::classify::{Classified, classify};
use crate::protocol::error::{Code, RpcError};
use crate::protocol::header::{Field, RoutingHeaders};
use crate::protocol::jsonrpc::{self, Message, Refused, Request, RequestId};
use crate::protocol::limits;
use crate::protocol::meta::Meta;
use crate::protocol::render;
use crate::protocol::rope::Rope;
use crate::protocol::version::{LegacyVersion, Version};
use crate::session::{Session, Transport};

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const MCP_METHOD: HeaderName = HeaderName::from_static("mcp-method");
const MCP_NAME: HeaderName = HeaderName::from_static("mcp-name");

/// Answers a POST: with JSON, unless something is said before the answer is there.
///
/// The choice is put off because the status of an error must still be free.
pub(crate) async fn post(edge: Arc<Edge>, incoming: Incoming, access: Access) -> Response<Body> {
    if !accept::sends_json(&incoming.headers) {
        let detail = "the body must be sent as Content-Type: application/json";
        return Reply::problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).finish(access);
    }
    let accepted = accept::accepted(&incoming.headers);
    if !accepted.json && !accepted.events {
        let detail = "send Accept: application/json, text/event-stream";
        return Reply::problem(StatusCode::NOT_ACCEPTABLE, detail).finish(access);
    }
    if !accepted.events {
        return serve(edge, incoming, Outgoing::none()).await.finish(access);
    }
    let (outgoing, mut messages) =
        if edge.planes.streams { Outgoing::open() } else { Outgoing::afterwards() };
    let mut work: Work = Box::pin(async move { Some(serve(edge, incoming, outgoing).await) });
    tokio::select! {
        biased;
        reply = &mut work => settle(reply, messages, accepted, access),
        Some(first) = messages.next() => {
            let mut events = Events::new(work, messages, access);
            events.push(events::message_event(first.into()));
            reply::stream(events)
        }
        () = tokio::time::sleep(limits::KEEP_ALIVE) => {
            let mut events = Events::new(work, messages, access);
            events.push(events::keep_alive());
            reply::stream(events)
        }
    }
}

/// The work was done in one go: JSON, if nothing was said before and the client takes it.
fn settle(
    reply: Option<Reply>,
    mut messages: Messages,
    accepted: Accepted,
    access: Access,
) -> Response<Body> {
    let reply = reply.unwrap_or_default();
    if messages.is_empty() && (accepted.json || !reply.is_message()) {
        return reply.finish(access);
    }
    let mut events = Events::new(Box::pin(async { None }), messages, access);
    events.finish(Some(reply));
    reply::stream(events)
}

/// Ends a session.
pub(crate) async fn delete(edge: &Edge, incoming: &Incoming) -> Reply {
    let Some(id) = accept::field(&incoming.headers, &SESSION_ID).once() else {
        return Reply::not_allowed("POST");
    };
    let opened = edge.gateway.open_session(id, &incoming.from.principal, &incoming.endpoint).await;
    match opened {
        Ok(Some((session, _))) => match edge.gateway.end_session(&session).await {
            Ok(()) => Reply::empty(StatusCode::NO_CONTENT),
            Err(error) => unavailable(&error.to_string()),
        },
        Ok(None) => no_session(None),
        Err(error) => unavailable(&error.to_string()),
    }
}

pub(crate) fn unavailable(cause: &str) -> Reply {
    let reply = Reply::problem(StatusCode::SERVICE_UNAVAILABLE, "try again in a moment");
    reply.failing(Some("store unavailable".to_owned()), Some(cause.to_owned()))
}

/// 404 makes a client begin anew (2025-11-25, Transports, "Session Management").
fn no_session(id: Option<&RequestId>) -> Reply {
    let error = RpcError::new(Code::InvalidRequest, "session not found: send initialize again");
    Reply::json(StatusCode::NOT_FOUND, render::error(id, &error))
        .failing(Some("session not found".to_owned()), None)
}

pub(crate) fn refused(refused: &Refused) -> Reply {
    let status = match refused.error.code {
        Code::MethodNotFound => StatusCode::NOT_FOUND,
        Code::Parse
        | Code::InvalidRequest
        | Code::InvalidParams
        | Code::Internal
        | Code::HeaderMismatch
        | Code::MissingCapability
        | Code::UnsupportedVersion
        | Code::ResourceNotFound => StatusCode::BAD_REQUEST,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
    };
    Reply::json(status, render::error(refused.id.as_ref(), &refused.error))
        .failing(Some(described(&refused.error)), None)
        .exchanging(usize::from(refused.id.is_some()), 1)
}

fn described(error: &RpcError) -> String {
    format!("{} {}", error.code.number(), error.message)
}

async fn serve(edge: Arc<Edge>, incoming: Incoming, outgoing: Outgoing) -> Reply {
    let headers = &incoming.headers;
    let routing = RoutingHeaders {
        protocol_version: accept::field(headers, &PROTOCOL_VERSION),
        method: accept::field(headers, &MCP_METHOD),
        name: accept::field(headers, &MCP_NAME),
    };
    let exchange = Exchange { edge: &edge, incoming: &incoming, outgoing: &outgoing };
    match classify(&routing, &incoming.body) {
        Err(error) => refused(&error),
        Ok(Classified::Dropped) => Reply::empty(StatusCode::ACCEPTED).exchanging(1, 0),
        Ok(Classified::Modern { request, method, meta, envelope }) => {
            let call = Call {
                version: Version::Modern,
                session: None,
                capabilities: envelope.capabilities,
                method,
                meta,
            };
            exchange.answer(&request, call).await
        }
        Ok(Classified::Legacy { version, message }) => {
            match exchange.session(id_of(&message)).await {
                Err(reply) => reply,
                Ok(session) => exchange.legacy(version, session.as_ref(), message).await,
            }
        }
        Ok(Classified::Batch { version, elements }) => match exchange.session(None).await {
            Err(reply) => reply,
            // Boxed, because it is rare and large.
            Ok(session) => Box::pin(exchange.batch(version, session.as_ref(), &elements)).await,
        },
    }
}

fn id_of<'a>(message: &'a Message<'_>) -> Option<&'a RequestId> {
    match message {
        Message::Request(request) => Some(&request.id),
        Message::Notification { .. } | Message::Response(_) => None,
    }
}

type Opened = (Session, Option<SessionRecord>);

struct Exchange<'a> {
    edge: &'a Edge,
    incoming: &'a Incoming,
    outgoing: &'a Outgoing,
}

/// What was found out about a request before it is answered.
struct Call<'a> {
    version: Version,
    session: Option<&'a Opened>,
    capabilities: ClientCapabilities,
    method: Method,
    meta: Meta<'a>,
}

impl Exchange<'_> {
    /// The session that the client names, if it names one.
    async fn session(&self, of: Option<&RequestId>) -> Result<Option<Opened>, Reply> {
        let id = match accept::field(&self.incoming.headers, &SESSION_ID) {
            Field::Absent => return Ok(None),
            Field::Ambiguous => return Err(no_session(of)),
            Field::Once(id) => id,
        };
        let (from, endpoint) = (&self.incoming.from, &self.incoming.endpoint);
        match self.edge.gateway.open_session(id, &from.principal, endpoint).await {
            Ok(Some(opened)) if opened.0.transport == Transport::Streamable => Ok(Some(opened)),
            Ok(_) => Err(no_session(of)),
            Err(error) => Err(unavailable(&error.to_string())),
        }
    }

    async fn legacy(
        &self,
        header: Option<LegacyVersion>,
        session: Option<&Opened>,
        message: Message<'_>,
    ) -> Reply {
        match message {
            Message::Request(request) => match self.legacy_call(header, session, &request) {
                Ok(call) => self.answer(&request, call).await,
                Err(error) => {
                    answer_error(&request.id, &error, Version::Legacy(LegacyVersion::NEWEST))
                        .resulting(Facts::default(), Ending::of_error(&error))
                        .exchanging(1, 1)
                }
            },
            Message::Notification { method, params } => {
                self.edge.gateway.notified(session.map(|(session, _)| session), &method.0, params);
                let reply = Reply::empty(StatusCode::ACCEPTED).exchanging(1, 0);
                reply.calling(method.0.into_owned())
            }
            Message::Response(response) => {
                let Some((session, _)) = session else { return Reply::empty(StatusCode::ACCEPTED) };
                let body = self.incoming.body.clone();
                match self.edge.gateway.deliver(session, &response, body).await {
                    Ok(()) => Reply::empty(StatusCode::ACCEPTED)
                        .exchanging(1, 0)
                        .calling("response".to_owned()),
                    Err(error) => unavailable(&error.to_string()),
                }
            }
        }
    }

    fn legacy_call<'a>(
        &self,
        header: Option<LegacyVersion>,
        session: Option<&'a Opened>,
        request: &Request<'a>,
    ) -> Result<Call<'a>, RpcError> {
        let negotiated = session.map(|(session, _)| session.version);
        let version = Version::Legacy(negotiated.or(header).unwrap_or(LegacyVersion::ASSUMED));
        let method = Method::parse(&request.method.0, version)
            .ok_or_else(|| RpcError::method(&request.method.0))?;
        let capabilities = session.map(|(session, _)| session.capabilities).unwrap_or_default();
        Ok(Call { version, session, capabilities, method, meta: Meta::read(request.params)? })
    }

    /// Answers the requests of a batch one after the other.
    async fn batch(
        &self,
        header: Option<LegacyVersion>,
        session: Option<&Opened>,
        elements: &[&RawValue],
    ) -> Reply {
        let negotiated = session.map(|(session, _)| session.version).or(header);
        if negotiated.is_some_and(|version| !version.has_batches()) {
            let error =
                RpcError::new(Code::InvalidRequest, "batches exist in revision 2025-03-26 only");
            return refused(&Refused { id: None, error });
        }
        let mut answers: Vec<Rope> = Vec::new();
        for element in elements {
            let answer = match jsonrpc::parse_message(element.get()) {
                Err(bad) => Some(render::error(bad.id.as_ref(), &bad.error)),
                Ok(Message::Request(request)) if request.method.0 == "initialize" => {
                    let error = RpcError::new(Code::InvalidRequest, "initialize stands alone");
                    Some(render::error(Some(&request.id), &error))
                }
                Ok(Message::Response(response)) => {
                    self.deliver(session, &response, element).await;
                    None
                }
                Ok(message) => self.legacy(header, session, message).await.into_body(),
            };
            answers.extend(answer);
        }
        let (received, sent) = (elements.len(), answers.len());
        if answers.is_empty() {
            return Reply::empty(StatusCode::ACCEPTED).exchanging(received, sent);
        }
        let mut body = Rope::from("[");
        for (index, answer) in answers.into_iter().enumerate() {
            body.push_str(if index == 0 { "" } else { "," });
            body.append(answer);
        }
        body.push_str("]");
        Reply::json(StatusCode::OK, body)
            .calling(format!("batch of {received}"))
            .exchanging(received, sent)
    }

    async fn deliver(
        &self,
        session: Option<&Opened>,
        response: &jsonrpc::Response<'_>,
        element: &RawValue,
    ) {
        if let Some((session, _)) = session {
            let body = Bytes::copy_from_slice(element.get().as_bytes());
            // A batch has no status for one of its elements.
            let _ = self.edge.gateway.deliver(session, response, body).await;
        }
    }

    async fn answer<'a>(&'a self, request: &Request<'a>, call: Call<'a>) -> Reply {
        let correlation = self.edge.gateway.correlation();
        let header = |name: &str| accept::field(&self.incoming.headers, name);
        let version = call.version;
        let asked = Asked {
            principal: &self.incoming.from.principal,
            endpoint: &self.incoming.endpoint,
            session: call.session.map(|(session, record)| (session, record.as_ref())),
            version,
            capabilities: call.capabilities,
            meta: call.meta,
            method: call.method,
            correlation: &correlation,
            deadline: self.incoming.from.deadline,
            header: &header,
        };
        let answered =
            within(asked.deadline, self.edge.gateway.answer(request, &asked, self.outgoing)).await;
        let called = request.describe(&asked.meta);
        let details = self.edge.details.then(|| Details::of(&asked, request));
        render_answer(&request.id, answered, version)
            .calling(called)
            .correlated(&correlation)
            .of(asked.method, asked.session.map(|(session, _)| session.key))
            .detailed(details)
            .exchanging(1, 1)
    }
}

/// Time after the deadline in which a call may say by itself that it was late.
const OVERTIME: Duration = Duration::from_millis(100);

/// Waits for an answer to the deadline and not much longer.
pub(crate) fn within(
    deadline: Instant,
    answering: impl Future<Output = Answered>,
) -> impl Future<Output = Answered> {
    // No async function: it would hold the large future twice.
    tokio::time::timeout_at(deadline + OVERTIME, answering).map(|answered| {
        answered.unwrap_or_else(|_| {
            RpcError::new(Code::Internal, "there was no time left to answer; try again").into()
        })
    })
}

/// Puts an answer under its id, with the status that its revision wants.
pub(crate) fn render_answer(id: &RequestId, answered: Answered, version: Version) -> Reply {
    let ending = Ending::of(&answered);
    let reply = match answered.outcome {
        None => Reply::empty(StatusCode::ACCEPTED).failing(Some("cancelled".to_owned()), None),
        Some(Ok(result)) => Reply::json(StatusCode::OK, render::result(id, result))
            .failing(answered.cause.as_ref().map(|_| "failed".to_owned()), answered.cause),
        Some(Err(error)) => {
            let failure = Some(described(&error));
            answer_error(id, &error, version).failing(failure, answered.cause)
        }
    };
    let reply = reply.resulting(answered.facts, ending);
    match answered.session_id {
        Some(id) => reply.with_text(SESSION_ID, &id),
        None => reply,
    }
}

fn answer_error(id: &RequestId, error: &RpcError, version: Version) -> Reply {
    let status = StatusCode::from_u16(error.code.status(version)).unwrap_or(StatusCode::OK);
    Reply::json(status, render::error(Some(id), error)).failing(Some(described(error)), None)
}
