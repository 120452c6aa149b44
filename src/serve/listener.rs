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
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use lambda_host::FunctionName;
use lambda_host::url::{InvokeMode, UrlOptions};
use mcp_lambda_runtime::edge::body::Body;
use mcp_lambda_runtime::edge::{From, access};
use mcp_lambda_runtime::principal::Principal;
use mcp_lambda_runtime::protocol::limits;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Server, page};

/// Connections at the same time; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 1_024;
/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take to send a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of a body for the Lambda host: one more than a payload may have, so that the host refuses
/// it in AWS's own form.
const HOST_BODY_BYTES: usize = lambda_host::limits::MAX_PAYLOAD_BYTES + 1;
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
    let started = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let invoke = path.starts_with("/2015-03-31/") || path.starts_with("/2021-11-15/");
    let url =
        path.strip_prefix("/lambda-url/").map(|rest| rest.split('/').next().unwrap_or_default());
    // The edge writes its own line for what reaches it.
    let unlogged = |response: Response<Answer>| {
        let status = response.status().as_u16();
        access::record(server.edge.access(), &method, &path, status, started);
        response
    };
    if let Some(answer) = page_for(&server, &request) {
        return answer;
    }
    let limit = if invoke || url.is_some() { HOST_BODY_BYTES } else { limits::MAX_BODY_BYTES };
    let request = match read(request, limit).await {
        Ok(request) => request,
        Err(refused) => return unlogged(refused),
    };
    if invoke || url.is_some() {
        if let Err(refused) = server.origins.check(request.headers()) {
            return unlogged(plain(StatusCode::FORBIDDEN, refused));
        }
        let request = request.map(Full::new);
        return unlogged(match url {
            Some(name) => function_url(&server, name, request).await,
            None => lambda_host::api::answer(&server.host, request).await.map(Answer::Host),
        });
    }
    let from = From { principal: Principal::Anonymous, deadline: started + REQUEST_TIMEOUT };
    server.edge.answer(request, from).await.map(Answer::Edge)
}

/// What a browser gets; nothing for everybody else. The page's own requests are not among those
/// that it shows.
fn page_for(server: &Server, request: &Request<Incoming>) -> Option<Response<Answer>> {
    let (method, path) = (request.method(), request.uri().path());
    let wanted = page::is_wanted(method, path, request.headers());
    if !wanted && path != page::REQUESTS {
        return None;
    }
    Some(match server.origins.check(request.headers()) {
        Err(refused) => plain(StatusCode::FORBIDDEN, refused),
        Ok(_) if wanted => page::page(server.feed.as_ref()).map(|text| Answer::Text(Some(text))),
        Ok(_) => page::requests(method, server.feed.as_ref())
            .map(|following| following.map_or(Answer::Text(None), Answer::Live)),
    })
}

async fn function_url(
    server: &Server,
    name: &str,
    request: Request<Full<Bytes>>,
) -> Response<Answer> {
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

/// Reads the body, within bounds of size and time.
async fn read(
    request: Request<Incoming>,
    limit: usize,
) -> Result<Request<Bytes>, Response<Answer>> {
    let (parts, body) = request.into_parts();
    let announced = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let announced = announced.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    if announced > limit as u64 {
        return Err(too_large(limit));
    }
    match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(Request::from_parts(parts, collected.to_bytes())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Ok(Err(_)) => Err(plain(StatusCode::BAD_REQUEST, "the body could not be read")),
        Err(_) => Err(plain(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
    }
}

/// The rest of the body is not read, so the connection cannot go on.
fn too_large(limit: usize) -> Response<Answer> {
    let detail = format!("the body is larger than {limit} bytes");
    let mut response = plain(StatusCode::PAYLOAD_TOO_LARGE, &detail);
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
    Live(page::Following),
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
            Self::Live(following) => {
                following.poll(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Edge(body) => body.is_end_stream(),
            Self::Host(body) => body.is_end_stream(),
            Self::Text(text) => text.is_none(),
            Self::Live(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Edge(body) => body.size_hint(),
            Self::Host(body) => body.size_hint(),
            Self::Text(text) => {
                SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64))
            }
            Self::Live(_) => SizeHint::default(),
        }
    }
}
