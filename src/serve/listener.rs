//! The HTTP/1.1 listener: connections in, requests with bounded bodies on to whoever answers them.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use lambda_host::FunctionName;
use lambda_host::url::{InvokeMode, UrlOptions};
use mcp_lambda_runtime::edge::From;
use mcp_lambda_runtime::edge::body::Body;
use mcp_lambda_runtime::principal::Principal;
use mcp_lambda_runtime::protocol::limits;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Server;

/// Connections at the same time; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 1_024;
/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take to send a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a request may take in all, streams included: Lambda's longest.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(900);
/// How long requests may go on after the end was asked for.
const GRACE: Duration = Duration::from_secs(5);
/// The pause after a connection could not be accepted, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stopped`, then lets running requests end.
pub(super) async fn run(listener: TcpListener, server: Server, stopped: impl Future<Output = ()>) {
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
        let (server, stopping) = (server.clone(), stopping.clone());
        tasks.spawn(async move {
            connection(stream, server, stopping).await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = stop.send(true);
    let ended = async { while tasks.join_next().await.is_some() {} };
    // Streams that go on are cut off with their tasks.
    let _ = tokio::time::timeout(GRACE, ended).await;
}

async fn connection(
    stream: tokio::net::TcpStream,
    server: Server,
    mut stopping: watch::Receiver<bool>,
) {
    let service = service_fn(move |request| {
        let server = server.clone();
        async move { Ok::<_, Infallible>(answer(server, request).await) }
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

async fn answer(server: Server, request: Request<Incoming>) -> Response<Answer> {
    let path = request.uri().path();
    if path.starts_with("/2015-03-31/") || path.starts_with("/2021-11-15/") {
        return match server.origins.check(request.headers()) {
            Ok(_) => lambda_host::api::answer(&server.host, request).await.map(Answer::Host),
            Err(refused) => plain(StatusCode::FORBIDDEN, refused),
        };
    }
    if let Some(rest) = path.strip_prefix("/lambda-url/") {
        let name = rest.split('/').next().unwrap_or_default().to_owned();
        return function_url(&server, &name, request).await;
    }
    let (parts, body) = request.into_parts();
    let announced = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let announced = announced.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    if announced > limits::MAX_BODY_BYTES as u64 {
        return too_large();
    }
    let body = match tokio::time::timeout(BODY_TIMEOUT, read(body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(response)) => return response,
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"),
    };
    let from = From { principal: Principal::Anonymous, deadline: Instant::now() + REQUEST_TIMEOUT };
    server.edge.answer(Request::from_parts(parts, body), from).await.map(Answer::Edge)
}

async fn function_url(server: &Server, name: &str, request: Request<Incoming>) -> Response<Answer> {
    if let Err(refused) = server.origins.check(request.headers()) {
        return plain(StatusCode::FORBIDDEN, refused);
    }
    let known = FunctionName::parse(name).ok().filter(|name| server.host.config(name).is_some());
    let Some(function) = known else {
        return plain(StatusCode::NOT_FOUND, "there is no function of this name");
    };
    let options = UrlOptions {
        invoke_mode: InvokeMode::ResponseStream,
        strip_prefix: Some(format!("/lambda-url/{name}")),
        ..UrlOptions::default()
    };
    lambda_host::url::answer(&server.host, &function, options, request).await.map(Answer::Host)
}

async fn read(body: Incoming) -> Result<Bytes, Response<Answer>> {
    match Limited::new(body, limits::MAX_BODY_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(plain(StatusCode::BAD_REQUEST, "the body could not be read")),
    }
}

/// The rest of the body is not read, so the connection cannot go on.
fn too_large() -> Response<Answer> {
    let mut response =
        plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 4 MiB (4194304 bytes)");
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn plain(status: StatusCode, detail: &str) -> Response<Answer> {
    let title = status.canonical_reason().unwrap_or_default();
    let problem = serde_json::json!({
        "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail
    });
    let mut response = Response::new(Answer::Text(Some(problem.to_string().into())));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// The body of a response, whoever made it.
enum Answer {
    Edge(Body),
    Host(BoxBody<Bytes, Infallible>),
    Text(Option<Bytes>),
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Edge(body) => Pin::new(body).poll_frame(context),
            Self::Host(body) => Pin::new(body).poll_frame(context),
            Self::Text(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Edge(body) => body.is_end_stream(),
            Self::Host(body) => body.is_end_stream(),
            Self::Text(text) => text.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Edge(body) => body.size_hint(),
            Self::Host(body) => body.size_hint(),
            Self::Text(text) => {
                SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64))
            }
        }
    }
}
