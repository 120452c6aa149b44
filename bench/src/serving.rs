//! What the peer processes share: rmcp's listener, and how a process says where it listens.

use std::convert::Infallible;
use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::failure::Failure;

/// A listener on a free port of the loopback address.
pub async fn listen() -> Result<TcpListener, Failure> {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    TcpListener::bind(address).await.map_err(Failure::system("listening"))
}

/// Prints where the process listens, in the words of `mcp-lambda serve --json`.
pub fn announce(listener: &TcpListener) -> Result<(), Failure> {
    let address = listener.local_addr().map_err(Failure::system("listening"))?;
    let line = serde_json::json!({"event": "listening", "url": format!("http://{address}")});
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(Failure::system("printing"))
}

/// Serves HTTP/1.1 until the process is ended, with the settings of `mcp-lambda serve`.
pub async fn serve<F, B>(
    listener: TcpListener,
    answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
) -> Result<(), Failure>
where
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    loop {
        let (stream, _) = listener.accept().await.map_err(Failure::system("accepting"))?;
        stream.set_nodelay(true).map_err(Failure::system("accepting"))?;
        let answer = answer.clone();
        let service = service_fn(move |request| {
            let answered = answer(request);
            async move { Ok::<_, Infallible>(answered.await) }
        });
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // A client that goes away is no failure.
            let _ = connection.await;
        });
    }
}
