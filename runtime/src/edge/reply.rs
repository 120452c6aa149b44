//! Replies before they are HTTP: a status, a body, and what the log is to know.

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use http::{Response, StatusCode};

use crate::edge::access::{Access, Details, Ending};
use crate::edge::body::Body;
use crate::edge::events::Events;
use crate::gateway::Facts;
use crate::port::SessionKey;
use crate::protocol::call::Method;
use crate::protocol::json;
use crate::protocol::rope::Rope;

/// The header that names a session.
pub(crate) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const NO_SNIFF: HeaderName = HeaderName::from_static("x-content-type-options");

/// A reply.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    status: StatusCode,
    content_type: Option<&'static str>,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Rope>,
    call: Option<String>,
    failure: Option<String>,
    cause: Option<String>,
    correlation: Option<String>,
    operation: Option<Method>,
    facts: Facts,
    ending: Ending,
    session: Option<SessionKey>,
    messages_in: usize,
    messages_out: usize,
    details: Option<Box<Details>>,
}

impl Reply {
    /// No body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, ..Self::default() }
    }

    /// A JSON body.
    pub(crate) fn json(status: StatusCode, body: impl Into<Rope>) -> Self {
        let content_type = Some("application/json");
        Self { status, content_type, body: Some(body.into()), ..Self::default() }
    }

    /// A text body.
    pub(crate) fn text(status: StatusCode, body: &str) -> Self {
        let content_type = Some("text/plain; charset=utf-8");
        Self { status, content_type, body: Some(body.into()), ..Self::default() }
    }

    /// A problem of RFC 9457.
    pub(crate) fn problem(status: StatusCode, detail: &str) -> Self {
        Self::problem_with(status, detail, "")
    }

    /// A problem with further members, each beginning with a comma.
    pub(crate) fn problem_with(status: StatusCode, detail: &str, members: &str) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        let body = format!(
            // `error` is where clients of mcp-lambda-sam look.
            r#"{{"type":"about:blank","title":{},"status":{},"detail":{},"error":{}{members}}}"#,
            json::string(title),
            status.as_u16(),
            json::string(detail),
            json::string(detail)
        );
        let content_type = Some("application/problem+json");
        Self { failure: Some(detail.to_owned()), content_type, ..Self::json(status, body) }
    }

    /// 405 with the methods that would do.
    pub(crate) fn not_allowed(allow: &'static str) -> Self {
        let detail = format!("this path takes {allow} only");
        Self::problem(StatusCode::METHOD_NOT_ALLOWED, &detail)
            .with(ALLOW, HeaderValue::from_static(allow))
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds a header whose value is made of bytes that may not fit into one; then it is left out.
    pub(crate) fn with_text(self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => self.with(name, value),
            Err(_) => self,
        }
    }

    /// Adds the revision of what is shown.
    pub(crate) fn with_etag(self, revision: u64) -> Self {
        self.with_text(ETAG, &format!("\"{revision}\""))
    }

    /// Adds the place of what was created.
    pub(crate) fn with_location(self, path: &str) -> Self {
        self.with_text(LOCATION, path)
    }

    /// Notes for the log what was called.
    pub(crate) fn calling(mut self, call: String) -> Self {
        self.call = Some(call);
        self
    }

    /// Notes for the log how it failed.
    pub(crate) fn failing(mut self, failure: Option<String>, cause: Option<String>) -> Self {
        self.failure = failure;
        self.cause = cause;
        self
    }

    /// Notes for the log how the request is named.
    pub(crate) fn correlated(mut self, correlation: &str) -> Self {
        self.correlation = Some(correlation.to_owned());
        self
    }

    /// Notes for the log the method, and the session that it belongs to.
    pub(crate) fn of(mut self, operation: Method, session: Option<SessionKey>) -> Self {
        (self.operation, self.session) = (Some(operation), session);
        self
    }

    /// Notes for the log how the answer came about, and for the client how long to wait.
    pub(crate) fn resulting(mut self, facts: Facts, ending: Ending) -> Self {
        let wait = facts.retry_after_seconds;
        (self.facts, self.ending) = (facts, ending);
        match wait {
            None => self,
            Some(seconds) => self.with(RETRY_AFTER, HeaderValue::from(seconds)),
        }
    }

    /// Notes for the log what only an audit wants to know.
    pub(crate) fn detailed(mut self, details: Option<Box<Details>>) -> Self {
        self.details = details;
        self
    }

    /// Notes for the log how many messages came in, and how many go out.
    pub(crate) fn exchanging(mut self, received: usize, sent: usize) -> Self {
        (self.messages_in, self.messages_out) = (received, sent);
        self
    }

    /// Tells the log.
    pub(crate) fn describe(&mut self, access: &mut Access) {
        let record = &mut access.record;
        record.status = self.status.as_u16();
        record.call = self.call.take();
        record.operation = self.operation;
        record.failure = self.failure.take();
        record.cause = self.cause.take();
        record.correlation = self.correlation.take();
        record.facts = std::mem::take(&mut self.facts);
        record.ending = self.ending;
        record.session = self.session;
        record.messages_in += self.messages_in;
        record.messages_out += self.messages_out;
        if self.details.is_some() {
            record.details = self.details.take();
        }
    }

    /// Whether there is a successful message, which could as well be an event.
    pub(crate) fn is_message(&self) -> bool {
        self.status == StatusCode::OK && self.body.is_some()
    }

    /// The body alone, for an event.
    pub(crate) fn into_body(self) -> Option<Rope> {
        self.body
    }

    /// The HTTP response.
    pub(crate) fn finish(mut self, mut access: Access) -> Response<Body> {
        self.describe(&mut access);
        access.sends(self.body.as_ref().map_or(0, Rope::len));
        let mut response = Response::new(self.body.map_or_else(Body::empty, Body::from));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(content_type) = self.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            headers.insert(NO_SNIFF, HeaderValue::from_static("nosniff"));
        }
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

/// A response that is an event stream.
pub(crate) fn stream(events: Events) -> Response<Body> {
    let mut response = Response::new(Body::Events(Box::new(events)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert(BUFFERING, HeaderValue::from_static("no"));
    response
}
