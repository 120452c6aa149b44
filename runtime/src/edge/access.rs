//! One record for each request, when it has been answered.

pub(crate) mod shape;

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use tokio::time::Instant;

use crate::gateway::{Answered, Asked, Facts};
use crate::invoke::trace::Trace;
use crate::port::SessionKey;
use crate::principal::Principal;
use crate::protocol::call;
use crate::protocol::error::{Code, RpcError};
use crate::protocol::jsonrpc::Request;

/// Takes the records.
pub type AccessLog = Arc<dyn Fn(&Record) + Send + Sync>;

/// What is told of a request. No arguments, no results, no tokens, no session ids.
#[derive(Clone, Debug)]
pub struct Record {
    /// The HTTP method.
    pub method: String,
    /// The path, without the query, which may hold a session id.
    pub path: String,
    /// The HTTP status.
    pub status: u16,
    /// The JSON-RPC method, and what it names.
    pub call: Option<String>,
    /// The JSON-RPC method, if it is one that this server knows.
    pub operation: Option<call::Method>,
    /// Whether the answer was a JSON-RPC error or a failed tool result: which.
    pub failure: Option<String>,
    /// Why, for the administrator.
    pub cause: Option<String>,
    /// Names the request in errors.
    pub correlation: Option<String>,
    /// From the last byte in to the first byte out.
    pub latency: Duration,
    /// From the last byte in to the last byte out.
    pub duration: Duration,
    /// How the answer came about.
    pub facts: Facts,
    /// What kind of end it was.
    pub ending: Ending,
    /// The key of the session that the request belonged to; not for the log.
    pub session: Option<SessionKey>,
    /// Bytes of the request's body.
    pub bytes_in: usize,
    /// Bytes of the answer's body.
    pub bytes_out: usize,
    /// JSON-RPC messages of the client.
    pub messages_in: usize,
    /// JSON-RPC messages to the client.
    pub messages_out: usize,
    /// What only an audit wants to know; where nobody asks for it, it is not found out.
    pub details: Option<Box<Details>>,
}

/// What an audit wants to know of a request.
#[derive(Clone, Debug)]
pub struct Details {
    /// Who called.
    pub principal: Principal,
    /// The names and JSON types of the arguments, as a JSON object.
    pub shape: Option<String>,
    /// The id of the trace, in X-Ray's form.
    pub trace: Option<String>,
}

impl Details {
    /// What an audit wants to know of a call.
    pub(crate) fn of(asked: &Asked<'_>, request: &Request<'_>) -> Box<Self> {
        let trace = Trace::of(&asked.meta, |name| (asked.header)(name));
        Box::new(Self {
            principal: asked.principal.clone(),
            shape: shape::of(request.params),
            trace: trace.id().map(str::to_owned),
        })
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Ending {
    /// With what was asked for.
    #[default]
    Success,
    /// With a limit.
    Throttled,
    /// With something that the caller can change.
    UserError,
    /// With something that the caller cannot change.
    SystemError,
    /// The client did not wait for it.
    Cancelled,
}

impl Ending {
    /// Of an answer. A status tells little, because most errors come with 200.
    pub(crate) fn of(answered: &Answered) -> Self {
        match &answered.outcome {
            None => Self::Cancelled,
            Some(Ok(_)) if answered.facts.bad_arguments => Self::UserError,
            // A failed function's result is an answer like any other, but for its cause.
            Some(Ok(_)) if answered.cause.is_some() => Self::SystemError,
            Some(Ok(_)) => Self::Success,
            Some(Err(error)) => Self::of_error(error),
        }
    }

    /// Of a JSON-RPC error.
    pub(crate) fn of_error(error: &RpcError) -> Self {
        match error.code {
            Code::RateLimited => Self::Throttled,
            Code::Internal => Self::SystemError,
            Code::Parse
            | Code::InvalidRequest
            | Code::MethodNotFound
            | Code::InvalidParams
            | Code::HeaderMismatch
            | Code::MissingCapability
            | Code::UnsupportedVersion
            | Code::ResourceNotFound => Self::UserError,
        }
    }

    /// The word for logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Throttled => "throttled",
            Self::UserError => "user-error",
            Self::SystemError => "system-error",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Record {
    /// What the call names, without the method.
    pub fn name(&self) -> Option<&str> {
        let rest = self.call.as_deref()?.strip_prefix(self.operation?.as_str())?;
        rest.strip_prefix(' ')
    }
}

/// What web servers write where there was nobody left to answer.
const CLIENT_WENT_AWAY: u16 = 499;

/// A record in the making; it is handed in when this is dropped, which for a stream is its end.
pub(crate) struct Access {
    log: AccessLog,
    started: Instant,
    first_byte: Option<Duration>,
    pub(crate) record: Record,
}

impl Access {
    pub(crate) fn start(log: &AccessLog, method: &Method, path: &str) -> Self {
        let record = Record {
            method: method.to_string(),
            path: path.to_owned(),
            status: 0,
            call: None,
            operation: None,
            failure: None,
            cause: None,
            correlation: None,
            latency: Duration::ZERO,
            duration: Duration::ZERO,
            facts: Facts::default(),
            ending: Ending::Success,
            session: None,
            bytes_in: 0,
            bytes_out: 0,
            messages_in: 0,
            messages_out: 0,
            details: None,
        };
        Self { log: log.clone(), started: Instant::now(), first_byte: None, record }
    }

    /// Notes that bytes are about to go out.
    pub(crate) fn sends(&mut self, bytes: usize) {
        if self.first_byte.is_none() {
            self.first_byte = Some(self.started.elapsed());
        }
        self.record.bytes_out += bytes;
    }
}

/// Records a request that was answered before it reached the edge.
pub fn record(log: &AccessLog, method: &Method, path: &str, status: u16, started: Instant) {
    let mut access = Access::start(log, method, path);
    access.started = started;
    access.record.status = status;
}

impl Drop for Access {
    fn drop(&mut self) {
        let record = &mut self.record;
        record.duration = self.started.elapsed();
        record.latency = self.first_byte.unwrap_or(record.duration);
        if record.status == 0 {
            // What was never answered was dropped by its client.
            record.status = CLIENT_WENT_AWAY;
            record.failure = Some("the client went away".to_owned());
            record.ending = Ending::Cancelled;
        }
        if record.ending == Ending::Success {
            record.ending = of_status(record.status);
        }
        (self.log)(record);
    }
}

fn of_status(status: u16) -> Ending {
    match status {
        429 => Ending::Throttled,
        400..=499 => Ending::UserError,
        500.. => Ending::SystemError,
        _ => Ending::Success,
    }
}
