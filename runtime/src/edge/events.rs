//! Event streams: the work and its messages, driven by whoever reads the body.
//!
//! Nothing is spawned: when the client goes away the body is dropped, and the work with it.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::time::{Interval, MissedTickBehavior, interval_at};

use crate::edge::access::Access;
use crate::edge::reply::Reply;
use crate::invoke::exchange::Messages;
use crate::protocol::limits;
use crate::protocol::rope::Rope;

/// What is done while the stream is open; its reply, if any, is the last event.
pub(crate) type Work = Pin<Box<dyn Future<Output = Option<Reply>> + Send>>;

/// An event stream.
pub struct Events {
    work: Option<Work>,
    messages: Messages,
    ready: VecDeque<Bytes>,
    keep_alive: Interval,
    access: Access,
}

impl Events {
    /// Goes on with work that has begun.
    pub(crate) fn new(work: Work, messages: Messages, access: Access) -> Self {
        let first = tokio::time::Instant::now() + limits::KEEP_ALIVE;
        let mut keep_alive = interval_at(first, limits::KEEP_ALIVE);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { work: Some(work), messages, ready: VecDeque::new(), keep_alive, access }
    }

    /// Puts something before everything else.
    pub(crate) fn push(&mut self, event: Bytes) {
        self.ready.push_back(event);
    }

    /// Puts in what was said so far, and the answer.
    pub(crate) fn finish(&mut self, reply: Option<Reply>) {
        while let Some(message) = self.messages.take() {
            self.access.record.messages_out += 1;
            self.ready.push_back(message_event(message.into()));
        }
        self.work = None;
        let Some(mut reply) = reply else { return };
        reply.describe(&mut self.access);
        if let Some(body) = reply.into_body() {
            self.ready.push_back(message_event(body));
        }
    }

    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let next = self.poll_event(context);
        if let Poll::Ready(Some(event)) = &next {
            self.access.sends(event.len());
        }
        next
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(event) = self.ready.pop_front() {
            return Poll::Ready(Some(event));
        }
        let Some(work) = &mut self.work else { return Poll::Ready(None) };
        if let Poll::Ready(reply) = work.as_mut().poll(context) {
            self.finish(reply);
            return Poll::Ready(self.ready.pop_front());
        }
        if let Poll::Ready(Some(message)) = self.messages.poll_next(context) {
            self.keep_alive.reset();
            self.access.record.messages_out += 1;
            return Poll::Ready(Some(message_event(message.into())));
        }
        self.keep_alive.poll_tick(context).map(|_| Some(keep_alive()))
    }
}

/// A comment, which clients ignore.
pub(crate) fn keep_alive() -> Bytes {
    Bytes::from_static(b": keepalive\n\n")
}

/// A JSON-RPC message as an event of one line.
///
/// JSON has line ends only between tokens, where a space says the same; some clients read an event
/// stream line by line and would not put the pieces together.
pub(crate) fn message_event(body: Rope) -> Bytes {
    let body = body.into_bytes();
    let mut event = Vec::with_capacity(body.len() + 24);
    event.extend_from_slice(b"event: message\ndata: ");
    let start = event.len();
    event.extend_from_slice(&body);
    for byte in &mut event[start..] {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    event.extend_from_slice(b"\n\n");
    event.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let event =
            |text: &str| String::from_utf8(message_event(text.into()).to_vec()).expect("UTF-8");
        assert_eq!(event("{}"), "event: message\ndata: {}\n\n");
        assert_eq!(event("{\r\n}"), "event: message\ndata: {  }\n\n");
    }
}
