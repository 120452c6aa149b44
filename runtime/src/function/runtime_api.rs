//! The Runtime API, through which Lambda hands over invocations and takes answers.
//!
//! A client of our own, because of one socket option: an answer that streams is written in several
//! small pieces, and on a socket without `TCP_NODELAY` each of them can wait 40 ms for an
//! acknowledgement. The usual client has no way to set it. One process has one invocation at a
//! time, and one connection.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderMap};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::function::answer::{Answer, Failure, Streamed};
use crate::port::Timestamp;
use crate::protocol::json;

/// How long a connection to this machine's Runtime API may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the Runtime API may take to acknowledge an answer that it has.
const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(10);
/// The content type of an answer that begins with status and headers.
const WITH_PRELUDE: &str = "application/vnd.awslambda.http-integration-response";

/// One invocation.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Its id, which Lambda chose.
    pub id: String,
    /// When Lambda ends the process if it has not answered.
    pub deadline: Timestamp,
    /// The event.
    pub payload: Bytes,
    /// The trace that it belongs to, in the form of `X-Amzn-Trace-Id`.
    pub trace: Option<String>,
}

/// Why the Runtime API cannot be used any more.
#[derive(Debug, thiserror::Error)]
#[error("the Runtime API failed while {doing}: {cause}")]
pub struct RuntimeApiError {
    doing: &'static str,
    cause: String,
}

/// A client of the Runtime API.
pub struct RuntimeApi {
    /// `host:port`.
    address: String,
    host: HeaderValue,
    connection: Option<SendRequest<Outbound>>,
}

impl RuntimeApi {
    /// A client of the Runtime API at `host:port`, connected.
    pub async fn connect(address: &str) -> Result<Self, RuntimeApiError> {
        let host = HeaderValue::from_str(address).map_err(failed("reading its address"))?;
        let connection = Some(connect(address).await?);
        Ok(Self { address: address.to_owned(), host, connection })
    }

    /// Waits for the next invocation, however long: Lambda freezes the process meanwhile.
    pub async fn next(&mut self) -> Result<Invocation, RuntimeApiError> {
        const DOING: &str = "waiting for an invocation";
        let request = || self.request(Method::GET, "/invocation/next", Outbound::Whole(None));
        let (first, again) = (request(), request());
        let response = match self.send(first).await {
            Ok(response) => response,
            // The connection may have been closed at this very moment.
            Err(_) => {
                self.connection = None;
                self.send(again).await.map_err(failed(DOING))?
            }
        };
        let (parts, body) = response.into_parts();
        let payload = body.collect().await.map_err(failed(DOING))?.to_bytes();
        let missing = || failed(DOING)(format!("it answered {}", parts.status));
        if parts.status != StatusCode::OK {
            return Err(missing());
        }
        let id = header(&parts.headers, "lambda-runtime-aws-request-id").ok_or_else(missing)?;
        let deadline = header(&parts.headers, "lambda-runtime-deadline-ms")
            .and_then(|text| text.parse().ok())
            .map(Timestamp)
            .ok_or_else(missing)?;
        let trace = header(&parts.headers, "lambda-runtime-trace-id").map(str::to_owned);
        Ok(Invocation { id: id.to_owned(), deadline, payload, trace })
    }

    /// Hands over an answer; for one that streams this takes until its end.
    ///
    /// An error means that the answer is lost, which Lambda tells the caller.
    pub async fn answer(&mut self, id: &str, answer: Answer) -> Result<(), RuntimeApiError> {
        const DOING: &str = "answering";
        match answer {
            Answer::Whole(body) => {
                let path = format!("/invocation/{id}/response");
                let mut request = self.request(Method::POST, &path, Outbound::Whole(Some(body)));
                let json = HeaderValue::from_static("application/json");
                request.headers_mut().insert(CONTENT_TYPE, json);
                self.post(request, Some(ACKNOWLEDGE_TIMEOUT), DOING).await
            }
            Answer::Streamed(body) => {
                let path = format!("/invocation/{id}/response");
                let mut request = self.request(Method::POST, &path, Outbound::Streamed(body));
                let headers = request.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(WITH_PRELUDE));
                let streaming = HeaderValue::from_static("streaming");
                headers.insert("lambda-runtime-function-response-mode", streaming);
                // The body ends by itself before the invocation's deadline.
                self.post(request, None, DOING).await
            }
            Answer::Failed(failure) => {
                self.report(&format!("/invocation/{id}/error"), &failure).await
            }
        }
    }

    /// Tells why the function cannot start.
    pub async fn cannot_start(&mut self, message: &str) -> Result<(), RuntimeApiError> {
        let failure = Failure { kind: "Configuration.Invalid", message: message.to_owned() };
        self.report("/init/error", &failure).await
    }

    async fn report(&mut self, path: &str, failure: &Failure) -> Result<(), RuntimeApiError> {
        let body = format!(
            r#"{{"errorType":{},"errorMessage":{}}}"#,
            json::string(failure.kind),
            json::string(&failure.message)
        );
        let mut request = self.request(Method::POST, path, Outbound::Whole(Some(body.into())));
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let kind = HeaderValue::from_static(failure.kind);
        headers.insert("lambda-runtime-function-error-type", kind);
        self.post(request, Some(ACKNOWLEDGE_TIMEOUT), "reporting an error").await
    }

    fn request(&self, method: Method, path: &str, body: Outbound) -> Request<Outbound> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        // Lambda's ids are UUIDs; one that fits no path is answered nowhere.
        *request.uri_mut() = format!("/2018-06-01/runtime{path}").parse().unwrap_or_default();
        request.headers_mut().insert(HOST, self.host.clone());
        request
    }

    async fn post(
        &mut self,
        request: Request<Outbound>,
        within: Option<Duration>,
        doing: &'static str,
    ) -> Result<(), RuntimeApiError> {
        let sent = async {
            let response = self.send(request).await?;
            let status = response.status();
            response.into_body().collect().await.map_err(failed(doing))?;
            match status.is_success() {
                true => Ok(()),
                false => Err(failed(doing)(format!("it answered {status}"))),
            }
        };
        let result = match within {
            None => sent.await,
            Some(within) => timeout(within, sent).await.unwrap_or_else(|e| Err(failed(doing)(e))),
        };
        if result.is_err() {
            // Whatever the connection is in the middle of.
            self.connection = None;
        }
        result
    }

    async fn send(
        &mut self,
        request: Request<Outbound>,
    ) -> Result<Response<Incoming>, RuntimeApiError> {
        if let Some(connection) = &mut self.connection
            && connection.ready().await.is_err()
        {
            // It was closed in the meantime.
            self.connection = None;
        }
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connect(&self.address).await?),
        };
        connection.send_request(request).await.map_err(failed("sending"))
    }
}

fn failed<E: fmt::Display>(doing: &'static str) -> impl Fn(E) -> RuntimeApiError {
    move |cause| RuntimeApiError { doing, cause: cause.to_string() }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

async fn connect(address: &str) -> Result<SendRequest<Outbound>, RuntimeApiError> {
    const DOING: &str = "connecting";
    let connected = timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await;
    let stream = connected.map_err(failed(DOING))?.map_err(failed(DOING))?;
    stream.set_nodelay(true).map_err(failed(DOING))?;
    let (connection, driver) = handshake(TokioIo::new(stream)).await.map_err(failed(DOING))?;
    // It ends with the connection; what goes wrong with it shows at whoever sends.
    tokio::spawn(driver);
    Ok(connection)
}

/// What is sent to the Runtime API.
enum Outbound {
    Whole(Option<Bytes>),
    Streamed(Box<Streamed>),
}

impl Body for Outbound {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(body) => Poll::Ready(body.take().map(|body| Ok(Frame::data(body)))),
            Self::Streamed(body) => body.poll_piece(context).map(|p| p.map(|p| Ok(Frame::data(p)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, Bytes::len) as u64),
            // Of unknown length, so that it is sent in chunks, as the Runtime API demands.
            Self::Streamed(_) => SizeHint::default(),
        }
    }
}
