//! An HTTP server on loopback that answers as a test says.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{iter, once};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A body that may break.
pub(crate) type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// Answers every request, once it is read, until the test's runtime ends.
///
/// A connection that is closed before that loses its answer.
pub(crate) async fn start<A, F>(answer: A) -> SocketAddr
where
    A: Fn(Request<Bytes>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = answer.clone();
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await?.to_bytes();
                    Ok::<_, hyper::Error>(answer(Request::from_parts(parts, body)).await)
                }
            });
            stream.set_nodelay(true).expect("a socket");
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Pieces, and then no proper end.
pub(crate) fn breaking(pieces: Vec<Vec<u8>>) -> Body {
    let pieces = iter(pieces).map(|piece| Ok(Frame::data(Bytes::from(piece))));
    let broken = once(async {
        // The server sends what it has whenever there is nothing more for now.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("broken"))
    });
    StreamBody::new(pieces.chain(broken)).boxed_unsync()
}
