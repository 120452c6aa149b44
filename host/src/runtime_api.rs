//! The Lambda Runtime API as one instance sees it: HTTP in, `Call`s out.
//!
//! Only the wire is decided here; whether a call is allowed at the time is the instance's business.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use crate::body::{self, Unreadable};
use crate::fault::FunctionError;
use crate::limits;

mod answer;

/// What a function's runtime asks of its instance.
pub(crate) enum Call {
    /// It waits for the next invocation; dropping `reply` refuses.
    Next { reply: oneshot::Sender<Event> },
    /// It begins to answer an invocation.
    Open { request_id: String, mode: Mode, reply: oneshot::Sender<Result<Opened, Refusal>> },
    /// It has ended the answer that it began.
    Close { outcome: Outcome },
    /// It cannot initialise; dropping `reply` refuses.
    InitError { error: FunctionError, reply: oneshot::Sender<()> },
}

/// An invocation as it is handed to the function.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) request_id: String,
    pub(crate) deadline_ms: u128,
    pub(crate) arn: HeaderValue,
    pub(crate) trace_id: HeaderValue,
    pub(crate) client_context: Option<HeaderValue>,
    pub(crate) payload: Bytes,
}

/// How an answer will come.
pub(crate) enum Mode {
    Buffered,
    Streaming { content_type: String },
}

/// The permission to answer: for a stream with the place to send its bytes to.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) chunks: Option<mpsc::Sender<Bytes>>,
}

/// How an answer ended.
pub(crate) enum Outcome {
    Buffered { content_type: String, body: Bytes },
    Streamed { error: Option<FunctionError> },
    Failed { error: FunctionError },
    Truncated,
}

/// Why an answer is not accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    UnknownRequest,
    WrongState,
}

/// Serves one connection until the peer closes it.
pub(crate) async fn serve(stream: TcpStream, calls: mpsc::Sender<Call>) {
    // Streamed chunks are small; waiting to fill packets would stall them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let calls = calls.clone();
        async move { Ok::<_, Infallible>(respond(&calls, request).await) }
    });
    // A process may answer and end without waiting to hear that it was heard: its answer counts.
    let mut server = http1::Builder::new();
    server.half_close(true);
    // A connection that breaks shows as a broken body or a missing poll; nothing is lost here.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(calls: &mpsc::Sender<Call>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let Some(path) = path.strip_prefix("/2018-06-01/runtime/") else {
        return refuse(StatusCode::NOT_FOUND, "NotFound", "this is the Lambda Runtime API");
    };
    let segments: Vec<&str> = path.split('/').collect();
    match (request.method(), segments.as_slice()) {
        (&Method::GET, ["invocation", "next"]) => next(calls).await,
        (&Method::POST, ["init", "error"]) => init_error(calls, request).await,
        (&Method::POST, ["invocation", id, "response"]) => {
            answer::response(calls, id, request).await
        }
        (&Method::POST, ["invocation", id, "error"]) => answer::error(calls, id, request).await,
        _ => refuse(StatusCode::NOT_FOUND, "NotFound", "there is no such call"),
    }
}

async fn next(calls: &mpsc::Sender<Call>) -> Response<Full<Bytes>> {
    let (reply, event) = oneshot::channel();
    if calls.send(Call::Next { reply }).await.is_err() {
        return stopped();
    }
    let Ok(event) = event.await else { return refused(Refusal::WrongState) };
    let mut response = Response::new(Full::new(event.payload));
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("lambda-runtime-aws-request-id", text_header(&event.request_id));
    headers.insert("lambda-runtime-deadline-ms", text_header(&event.deadline_ms.to_string()));
    headers.insert("lambda-runtime-invoked-function-arn", event.arn);
    headers.insert("lambda-runtime-trace-id", event.trace_id);
    if let Some(client_context) = event.client_context {
        headers.insert("lambda-runtime-client-context", client_context);
    }
    response
}

/// Ids and numbers of our own making.
fn text_header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

async fn init_error(
    calls: &mpsc::Sender<Call>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let error = match reported_error(request).await {
        Ok(error) => error,
        Err(Unreadable::TooLarge { .. }) => return too_large(),
        Err(Unreadable::Broken) => return refused(Refusal::WrongState),
    };
    let (reply, accepted) = oneshot::channel();
    if calls.send(Call::InitError { error, reply }).await.is_err() {
        return stopped();
    }
    if accepted.await.is_ok() { accept() } else { refused(Refusal::WrongState) }
}

/// Reads what a runtime reports as an error.
async fn reported_error(request: Request<Incoming>) -> Result<FunctionError, Unreadable> {
    let (parts, body) = request.into_parts();
    let error_type = header(&parts.headers, "lambda-runtime-function-error-type");
    let payload = body::read(body, limits::MAX_RESPONSE_BYTES).await?;
    Ok(FunctionError::reported(error_type, payload))
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn accept() -> Response<Full<Bytes>> {
    json(StatusCode::ACCEPTED, serde_json::json!({ "status": "OK" }))
}

fn refused(refusal: Refusal) -> Response<Full<Bytes>> {
    match refusal {
        Refusal::UnknownRequest => {
            refuse(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
        }
        Refusal::WrongState => refuse(
            StatusCode::FORBIDDEN,
            "InvalidStateTransition",
            "the call is not allowed in this state of the invocation",
        ),
    }
}

fn too_large() -> Response<Full<Bytes>> {
    let message =
        format!("Exceeded maximum allowed payload size ({} bytes).", limits::MAX_RESPONSE_BYTES);
    refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message)
}

fn stopped() -> Response<Full<Bytes>> {
    refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "the instance is stopping")
}

fn refuse(status: StatusCode, error_type: &str, message: &str) -> Response<Full<Bytes>> {
    json(status, serde_json::json!({ "errorType": error_type, "errorMessage": message }))
}

fn json(status: StatusCode, value: serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(value.to_string().into()));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert("content-type", content_type);
    response
}
