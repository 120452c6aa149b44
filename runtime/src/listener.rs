//! The HTTP/1.1 listener: connections in, requests with bounded bodies on to whoever answers them.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Connections at the same time; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 1_024;
/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take to send a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long requests may go on after the end was asked for.
const GRACE: Duration = Duration::from_secs(5);
/// The pause after a connection could not be accepted, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Whoever answers the requests of a listener.
pub trait Service: Clone + Send + Sync + 'static {
    /// The body of an answer.
    type Body: http_body::Body<Data = Bytes, Error = Infallible> + From<Bytes> + Send + 'static;

    /// Bytes that the body of a request with this head may have.
    fn body_limit(&self, head: &Parts) -> usize;

    /// Answers a request; `started` is when its head had come.
    fn answer(
        &self,
        request: Request<Bytes>,
        started: Instant,
    ) -> impl Future<Output = Response<Self::Body>> + Send;

    /// Is told of a request that was refused, because its body could not be read.
    fn refused(&self, head: &Parts, status: StatusCode, started: Instant);
}

/// Listens for SIGINT and SIGTERM from now on; the future ends with the first of them.
#[cfg(unix)]
pub fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// Serves until `stopped`, then lets running requests end.
pub async fn run<S: Service>(listener: TcpListener, service: S, stopped: impl Future<Output = ()>) {
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tokio::pin!(stopped);
    loop {
        let next = async {
            let permit = connections.clone().acquire_owned().await.ok()?;
            Some((permit, listener.accept().await))
        };
        let (permit, accepted) = tokio::select! {
            () = &mut stopped => break,
            next = next => match next {
                Some(next) => next,
                None => break,
            },
        };
        while tasks.try_join_next().is_some() {}
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Small writes of an event stream must not wait for acknowledgements.
        let _ = stream.set_nodelay(true);
        let (service, stopping) = (service.clone(), stopping.clone());
        tasks.spawn(async move {
            connection(stream, service, stopping).await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = stop.send(true);
    let ended = async { while tasks.join_next().await.is_some() {} };
    // Streams that go on are cut off with their tasks.
    let _ = tokio::time::timeout(GRACE, ended).await;
}

async fn connection<S: Service>(
    stream: TcpStream,
    service: S,
    mut stopping: watch::Receiver<bool>,
) {
    let service = service_fn(move |request| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(answer(service, request).await) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    tokio::select! {
        _ = serving.as_mut() => return,
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    serving.as_mut().graceful_shutdown();
    let _ = serving.await;
}

async fn answer<S: Service>(service: S, request: Request<Incoming>) -> Response<S::Body> {
    let started = Instant::now();
    let (head, body) = request.into_parts();
    let limit = service.body_limit(&head);
    match read(&head, body, limit).await {
        Ok(body) => service.answer(Request::from_parts(head, body), started).await,
        Err(response) => {
            service.refused(&head, response.status(), started);
            response
        }
    }
}

/// Reads the body, within bounds of size and time.
async fn read<B: From<Bytes>>(
    head: &Parts,
    body: Incoming,
    limit: usize,
) -> Result<Bytes, Response<B>> {
    let announced = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let announced = announced.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    if announced > limit as u64 {
        return Err(too_large(limit));
    }
    match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Ok(Err(_)) => Err(problem(StatusCode::BAD_REQUEST, "the body could not be read")),
        Err(_) => Err(problem(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
    }
}

/// The rest of the body is not read, so the connection cannot go on.
fn too_large<B: From<Bytes>>(limit: usize) -> Response<B> {
    let detail = format!("the body is larger than {limit} bytes");
    let mut response = problem(StatusCode::PAYLOAD_TOO_LARGE, &detail);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A problem of RFC 9457.
pub fn problem<B: From<Bytes>>(status: StatusCode, detail: &str) -> Response<B> {
    let title = status.canonical_reason().unwrap_or_default();
    let problem = serde_json::json!({
        "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail
    });
    let mut response = Response::new(B::from(Bytes::from(problem.to_string())));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
