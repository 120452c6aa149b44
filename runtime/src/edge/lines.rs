//! Messages one after the other over a connection of their own: standard input and output.
//!
//! The connection is the session of a legacy client. A modern client's requests say everything
//! themselves; what repeats the body in headers over HTTP is left out (basic/transports/stdio).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::edge::access::{Access, Details};
use crate::edge::mcp::{render_answer, within};
use crate::edge::sse::{self, CONCURRENT, Serving, WAITING};
use crate::edge::{Edge, From};
use crate::gateway::Asked;
use crate::invoke::exchange::Outgoing;
use crate::port::StoreError;
use crate::principal::Principal;
use crate::protocol::call::Method;
use crate::protocol::error::{Code, RpcError};
use crate::protocol::header::Field;
use crate::protocol::jsonrpc::{self, Body, Message, Request, RequestId};
use crate::protocol::meta::{Envelope, Meta};
use crate::protocol::version::{self, Version};
use crate::protocol::{json, render};
use crate::session::Session;

/// Who sends messages, and how long each of them may take.
#[derive(Clone, Debug)]
pub struct Client {
    /// The verified caller.
    pub principal: Principal,
    /// How long a request may take.
    pub patience: Duration,
    /// How long what runs may go on after the last message.
    pub grace: Duration,
}

/// Answers one client's messages until they end. What is said goes out by `outgoing`, in order.
///
/// Requests run at the same time, [`CONCURRENT`] at most; [`WAITING`] further ones wait.
pub async fn serve(
    edge: &Arc<Edge>,
    client: &Client,
    mut messages: mpsc::Receiver<Bytes>,
    outgoing: &Outgoing,
) -> Result<(), StoreError> {
    let (session, _) = edge.gateway.begin_sse(&client.principal, edge.gateway.whole()).await?;
    let mut connection =
        Connection { edge, client, session, outgoing, running: Running::default() };
    let mut working = FuturesUnordered::new();
    let mut waiting = VecDeque::new();
    let end = loop {
        let body = tokio::select! {
            biased;
            Some(()) = working.next() => {
                working.extend(waiting.pop_front());
                continue;
            }
            body = messages.recv() => body,
        };
        let Some(body) = body else { break Instant::now() + client.grace };
        sse::negotiate(&mut connection.session, &body);
        let request = sse::request_id(&body);
        let work = connection.clone().take(body);
        // Answers and cancellations never wait: running requests may wait for them.
        match request {
            Some(_) if working.len() < CONCURRENT => working.push(work),
            None => working.push(work),
            Some(_) if waiting.len() < WAITING => waiting.push_back(work),
            Some(id) => connection.fail(Some(&id), &sse::busy()).await,
        }
    };
    let rest = async {
        while working.next().await.is_some() {
            working.extend(waiting.pop_front());
        }
    };
    // What does not end in time has nobody left to answer.
    let _ = tokio::time::timeout_at(end, rest).await;
    Ok(())
}

/// Requests of modern clients that run, so that they can be cancelled.
type Running = Arc<Mutex<HashMap<RequestId, Arc<Notify>>>>;

/// Leaves the register when the request ends.
struct Entered<'a>(&'a Running, &'a RequestId);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(self.1);
    }
}

#[derive(Clone)]
struct Connection<'a> {
    edge: &'a Arc<Edge>,
    client: &'a Client,
    session: Session,
    outgoing: &'a Outgoing,
    running: Running,
}

impl Connection<'_> {
    /// Takes what one line holds, and sends what answers it.
    async fn take(self, body: Bytes) {
        let answer = match jsonrpc::parse(&body) {
            Err(refused) => Some(text_of(render::error(refused.id.as_ref(), &refused.error))),
            Ok(Body::Single(message)) => self.message(message, &body).await,
            Ok(Body::Batch(elements)) => self.batch(&elements).await,
        };
        if let Some(answer) = answer {
            self.outgoing.send(answer).await;
        }
    }

    async fn fail(&self, id: Option<&RequestId>, error: &RpcError) {
        self.outgoing.send(text_of(render::error(id, error))).await;
    }

    async fn message(&self, message: Message<'_>, body: &Bytes) -> Option<String> {
        match message {
            Message::Request(request) => self.request(&request).await,
            Message::Notification { method, params } => {
                self.cancel(&method.0, params);
                self.edge.gateway.notified(Some(&self.session), &method.0, params);
                None
            }
            Message::Response(response) => {
                // The exchange that waits for it runs on this very connection.
                let _ = self.edge.gateway.deliver(&self.session, &response, body.clone()).await;
                None
            }
        }
    }

    /// Answers the requests of a batch one after the other, where the revision has batches.
    async fn batch(&self, elements: &[&RawValue]) -> Option<String> {
        if !self.session.version.has_batches() {
            let why = "batches exist in revision 2025-03-26 only";
            let error = RpcError::new(Code::InvalidRequest, why);
            return Some(text_of(render::error(None, &error)));
        }
        let mut answers = Vec::new();
        for element in elements {
            let body = Bytes::copy_from_slice(element.get().as_bytes());
            answers.extend(match jsonrpc::parse_message(element.get()) {
                Err(bad) => Some(text_of(render::error(bad.id.as_ref(), &bad.error))),
                Ok(message) => self.message(message, &body).await,
            });
        }
        (!answers.is_empty()).then(|| format!("[{}]", answers.join(",")))
    }

    async fn request(&self, request: &Request<'_>) -> Option<String> {
        let failed = |error: &RpcError| Some(text_of(render::error(Some(&request.id), error)));
        let meta = match Meta::read(request.params) {
            Ok(meta) => meta,
            Err(error) => return failed(&error),
        };
        if meta.protocol_version.is_none() {
            let from = self.from();
            let serving = Serving { edge: self.edge, endpoint: self.edge.gateway.whole() };
            return sse::answer(&serving, &self.session, &from, request, self.outgoing).await;
        }
        match modern(request, &meta) {
            Ok((method, envelope)) => self.modern(request, method, meta, envelope).await,
            Err(error) => failed(&error),
        }
    }

    fn from(&self) -> From {
        let principal = self.client.principal.clone();
        From { principal, deadline: Instant::now() + self.client.patience }
    }

    async fn modern(
        &self,
        request: &Request<'_>,
        method: Method,
        meta: Meta<'_>,
        envelope: Envelope,
    ) -> Option<String> {
        let cancelled = Arc::new(Notify::new());
        let running = || self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running().insert(request.id.clone(), cancelled.clone());
        let _entered = Entered(&self.running, &request.id);
        let correlation = self.edge.gateway.correlation();
        let from = self.from();
        let asked = Asked {
            principal: &from.principal,
            endpoint: self.edge.gateway.whole(),
            session: None,
            version: Version::Modern,
            capabilities: envelope.capabilities,
            meta,
            method,
            correlation: &correlation,
            deadline: from.deadline,
            header: &|_: &str| Field::Absent,
        };
        let log = &self.edge.settings.access;
        let mut access = Access::start(log, &http::Method::POST, "(standard input)");
        let answering = self.edge.gateway.answer(request, &asked, self.outgoing);
        let answered = tokio::select! {
            answered = within(from.deadline, answering) => answered,
            // A cancelled request is not answered (basic/utilities/cancellation).
            () = cancelled.notified() => return None,
        };
        let called = request.describe(&asked.meta);
        let mut reply = render_answer(&request.id, answered, Version::Modern)
            .calling(called)
            .correlated(&correlation)
            .of(method, None)
            .detailed(self.edge.details.then(|| Details::of(&asked, request)));
        reply.describe(&mut access);
        let body = reply.into_body().map(text_of);
        access.sends(body.as_ref().map_or(0, String::len));
        body
    }

    fn cancel(&self, method: &str, params: Option<&RawValue>) {
        #[derive(Deserialize)]
        struct Cancelled<'a> {
            #[serde(borrow, rename = "requestId")]
            request_id: &'a RawValue,
        }
        let ("notifications/cancelled", Some(params)) = (method, params) else { return };
        let found: Option<Cancelled<'_>> = json::object(params.get()).ok();
        let Some(id) = found.and_then(|found| RequestId::parse(found.request_id)) else { return };
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cancelled) = running.get(&id) {
            cancelled.notify_one();
        }
    }
}

/// What a modern request says of itself, without the headers that are nowhere.
fn modern(request: &Request<'_>, meta: &Meta<'_>) -> Result<(Method, Envelope), RpcError> {
    let (version, envelope) = Envelope::read(meta)?;
    if !version::is_modern(&version) {
        return Err(RpcError::version(&version));
    }
    let method = Method::parse(&request.method.0, Version::Modern)
        .ok_or_else(|| RpcError::method(&request.method.0))?;
    Ok((method, envelope))
}

/// One line: JSON has line ends only between tokens, where a space says the same.
fn text_of(rope: crate::protocol::rope::Rope) -> String {
    sse::text_of(rope).replace(['\n', '\r'], " ")
}
