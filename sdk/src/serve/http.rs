//! The mode for many clients: an HTTP server.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode, Uri};
use mcp_lambda_runtime::edge::body::Body;
use mcp_lambda_runtime::edge::{Edge, From, Mount, access};
use mcp_lambda_runtime::listener::{self, Service, problem};
use mcp_lambda_runtime::principal::Principal;
use mcp_lambda_runtime::protocol::limits;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::arguments::Arguments;
use super::{complain, local};
use crate::server::Server;

/// How long a request may take in all, streams included: Lambda's longest.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(900);
/// Answers whoever asks whether the server is there, whatever it is mounted at.
const HEALTH: &str = "/health";

/// Serves until Ctrl-C or SIGTERM.
pub(super) fn run(server: Server, arguments: &Arguments) -> Result<(), String> {
    let runtime = local::runtime()?;
    let served = runtime.block_on(serve(server, arguments));
    // A tool that never ends must not keep the program from ending.
    runtime.shutdown_background();
    served
}

async fn serve(server: Server, arguments: &Arguments) -> Result<(), String> {
    let name = format!("{} {}", server.name(), server.version());
    let edge = local::edge(server, arguments)?;
    let address = arguments.listen;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| {
        format!("cannot listen at {address}: {error}; choose another address with --listen")
    })?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    // Before anyone is told that the server is there, so that whoever waits for that may stop it.
    let stopped =
        listener::stop_signal().map_err(|error| format!("cannot listen for signals: {error}"))?;
    complain(&format!("{name} listens at http://{address}{}/mcp", arguments.mount));
    let service = Mounted { edge, mount: arguments.mount.as_str().into() };
    listener::run(listener, service, stopped).await;
    Ok(())
}

/// The edge below a path.
#[derive(Clone)]
struct Mounted {
    edge: Arc<Edge>,
    mount: Arc<str>,
}

impl Mounted {
    /// The path as the edge knows it; `None` outside of the mount.
    fn inner<'a>(&self, path: &'a str) -> Option<&'a str> {
        if path == HEALTH {
            return Some(path);
        }
        match path.strip_prefix(&*self.mount)? {
            "" => Some("/"),
            rest => rest.starts_with('/').then_some(rest),
        }
    }
}

impl Service for Mounted {
    type Body = Body;

    fn body_limit(&self, _: &Parts) -> usize {
        limits::MAX_BODY_BYTES
    }

    async fn answer(&self, mut request: Request<Bytes>, started: Instant) -> Response<Body> {
        let Some(path) = self.inner(request.uri().path()) else {
            let status = StatusCode::NOT_FOUND;
            let (method, path) = (request.method(), request.uri().path());
            access::record(self.edge.access(), method, path, status.as_u16(), started);
            return problem(status, &format!("this server is mounted at {}", self.mount));
        };
        let inner = match request.uri().query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        // A part of a path that was valid is valid.
        *request.uri_mut() = inner.parse().unwrap_or_else(|_| Uri::from_static("/"));
        request.extensions_mut().insert(Mount(self.mount.to_string()));
        let from = From { principal: Principal::Anonymous, deadline: started + REQUEST_TIMEOUT };
        self.edge.answer(request, from).await
    }

    fn refused(&self, head: &Parts, status: StatusCode, started: Instant) {
        let path = head.uri.path();
        access::record(self.edge.access(), &head.method, path, status.as_u16(), started);
    }
}
