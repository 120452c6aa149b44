//! What the deployed gateway talks to, on this machine: DynamoDB and Lambda's Invoke API behind
//! TLS, in a process of its own.

pub mod database;
pub mod invoke;
pub mod tls;

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::endpoint::database::Database;
use crate::failure::Failure;

/// A body that never fails.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Answers until the process is ended.
pub async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    database: Arc<Database>,
) -> Result<(), Failure> {
    loop {
        let (stream, _) = listener.accept().await.map_err(Failure::system("accepting"))?;
        stream.set_nodelay(true).map_err(Failure::system("accepting"))?;
        let (acceptor, database) = (acceptor.clone(), database.clone());
        tokio::spawn(async move {
            // A process that is ended in the middle of something is no failure.
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request| answer(request, database.clone()));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    database: Arc<Database>,
) -> Result<Response<Body>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    Ok(match target {
        Some(target) => database.answer(target, &body),
        None => invoke::answer(parts.uri.path()),
    })
}

/// A response with a body of its own type.
fn whole(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()).boxed_unsync());
    *response.status_mut() = status;
    let value = http::HeaderValue::from_static(content_type);
    response.headers_mut().insert(http::header::CONTENT_TYPE, value);
    response
}
