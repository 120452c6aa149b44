//! What the listener's requests are for: the edge, or the local Lambda host.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::Full;
use http_body_util::combinators::BoxBody;
use lambda_host::FunctionName;
use lambda_host::url::{InvokeMode, UrlOptions};
use mcp_lambda_runtime::edge::body::Body;
use mcp_lambda_runtime::edge::{From, access};
use mcp_lambda_runtime::listener::{Service, problem};
use mcp_lambda_runtime::principal::Principal;
use mcp_lambda_runtime::protocol::limits;
use tokio::time::Instant;

use super::{Server, page};

/// Bytes of a body for the Lambda host: one more than a payload may have, so that the host refuses
/// it in AWS's own form.
const HOST_BODY_BYTES: usize = lambda_host::limits::MAX_PAYLOAD_BYTES + 1;
/// How long a request may take in all, streams included: Lambda's longest.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(900);

/// Whose business a path is.
enum Place<'a> {
    Edge,
    Invoke,
    /// The function of this name.
    Url(&'a str),
}

fn place(path: &str) -> Place<'_> {
    if path.starts_with("/2015-03-31/") || path.starts_with("/2021-11-15/") {
        return Place::Invoke;
    }
    match path.strip_prefix("/lambda-url/") {
        Some(rest) => Place::Url(rest.split('/').next().unwrap_or_default()),
        None => Place::Edge,
    }
}

impl Service for Server {
    type Body = Answer;

    fn body_limit(&self, head: &Parts) -> usize {
        match place(head.uri.path()) {
            Place::Edge => limits::MAX_BODY_BYTES,
            Place::Invoke | Place::Url(_) => HOST_BODY_BYTES,
        }
    }

    async fn answer(&self, request: Request<Bytes>, started: Instant) -> Response<Answer> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        if let Some(answer) = page_for(self, &request) {
            return answer;
        }
        let place = place(&path);
        let mut request = request;
        if let Place::Edge = place {
            request.extensions_mut().insert(self.site.clone());
            // The edge writes its own line for what reaches it.
            let deadline = started + REQUEST_TIMEOUT;
            let from = From { principal: Principal::Anonymous, deadline };
            return self.edge.answer(request, from).await.map(Answer::Edge);
        }
        let response = match self.origins.check(request.headers()) {
            // The Invoke API takes any signature, so it would be a way around the door.
            _ if self.closed => {
                let detail = "the Lambda host's own API is not served behind a door";
                problem(StatusCode::NOT_FOUND, detail)
            }
            Err(refused) => problem(StatusCode::FORBIDDEN, refused),
            Ok(_) => {
                let request = request.map(Full::new);
                match place {
                    Place::Url(name) => function_url(self, name, request).await,
                    Place::Edge | Place::Invoke => {
                        lambda_host::api::answer(&self.host, request).await.map(Answer::Host)
                    }
                }
            }
        };
        let status = response.status().as_u16();
        access::record(self.edge.access(), &method, &path, status, started);
        response
    }

    fn refused(&self, head: &Parts, status: StatusCode, started: Instant) {
        let path = head.uri.path();
        access::record(self.edge.access(), &head.method, path, status.as_u16(), started);
    }
}

/// What a browser gets; nothing for everybody else. The page's own requests are not among those
/// that it shows.
fn page_for(server: &Server, request: &Request<Bytes>) -> Option<Response<Answer>> {
    let (method, path) = (request.method(), request.uri().path());
    let wanted = page::is_wanted(method, path, request.headers());
    if !wanted && path != page::REQUESTS {
        return None;
    }
    Some(match server.origins.check(request.headers()) {
        Err(refused) => problem(StatusCode::FORBIDDEN, refused),
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
        return problem(StatusCode::NOT_FOUND, "there is no function of this name");
    };
    let options = UrlOptions {
        invoke_mode: InvokeMode::ResponseStream,
        strip_prefix: Some(format!("/lambda-url/{name}")),
        ..UrlOptions::default()
    };
    lambda_host::url::answer(&server.host, &function, options, request).await.map(Answer::Host)
}

/// The body of a response, whoever made it.
pub(super) enum Answer {
    Edge(Body),
    Host(BoxBody<Bytes, Infallible>),
    Text(Option<Bytes>),
    Live(page::Following),
}

impl std::convert::From<Bytes> for Answer {
    fn from(text: Bytes) -> Self {
        Self::Text(Some(text))
    }
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
