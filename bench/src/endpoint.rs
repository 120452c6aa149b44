//! What the deployed gateway talks to, on this machine: DynamoDB, Lambda's Invoke API, Systems
//! Manager and an issuer of access tokens behind TLS, in processes of their own.

pub mod database;
pub mod invoke;
pub mod tls;

use std::convert::Infallible;
use std::path::PathBuf;
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

/// A document that is answered as it stands in a file.
#[derive(Clone, Copy, Debug)]
pub struct Document {
    /// Where it is asked for: a path, or the operation of Systems Manager.
    pub path: &'static str,
    /// The file in the folder of documents.
    pub file: &'static str,
}

/// The issuer's metadata, its keys, and the parameter with the stack's tokens.
pub const DOCUMENTS: [Document; 3] = [
    Document { path: "/.well-known/openid-configuration", file: "metadata.json" },
    Document { path: "/keys", file: "keys.json" },
    Document { path: "AmazonSSM.GetParameter", file: "parameter.json" },
];

/// What an endpoint has.
pub struct Kept {
    /// Tables.
    pub database: Database,
    /// The folder of documents.
    pub documents: PathBuf,
}

impl Kept {
    fn document(&self, path: &str) -> Option<Vec<u8>> {
        let document = DOCUMENTS.iter().find(|document| document.path == path)?;
        std::fs::read(self.documents.join(document.file)).ok()
    }
}

/// Answers until the process is ended.
pub async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    kept: Arc<Kept>,
) -> Result<(), Failure> {
    loop {
        let (stream, _) = listener.accept().await.map_err(Failure::system("accepting"))?;
        stream.set_nodelay(true).map_err(Failure::system("accepting"))?;
        let (acceptor, kept) = (acceptor.clone(), kept.clone());
        tokio::spawn(async move {
            // A process that is ended in the middle of something is no failure.
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request| answer(request, kept.clone()));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    kept: Arc<Kept>,
) -> Result<Response<Body>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    if let Some(document) = kept.document(target.unwrap_or(parts.uri.path())) {
        return Ok(whole(StatusCode::OK, "application/json", document));
    }
    Ok(match target {
        Some(target) => kept.database.answer(target, &body),
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
