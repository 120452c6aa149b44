//! `serve`: the whole system on one port of this machine.

#[cfg_attr(feature = "aws", path = "serve/aws/enabled.rs")]
#[cfg_attr(not(feature = "aws"), path = "serve/aws/disabled.rs")]
mod aws;
mod banner;
mod compose;
mod door;
mod functions;
mod listener;
mod log;
mod page;

use std::net::SocketAddr;
use std::sync::Arc;

use lambda_host::Host;
use mcp_lambda_runtime::door::Site;
use mcp_lambda_runtime::edge::Edge;
use mcp_lambda_runtime::edge::origin::OriginPolicy;
use tokio::net::TcpListener;

use crate::cli::ServeArguments;
use crate::exit::Failure;
use crate::output::Output;

/// Runs until Ctrl-C or SIGTERM.
pub(crate) fn run(arguments: &ServeArguments, output: &Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::System { doing: "starting", source })?;
    // The log is written from tasks that outlive this borrow.
    let output = Arc::new(Output::new(output.is_json()));
    let result = runtime.block_on(serve(arguments, output.clone()));
    // A check that never ends must not keep the program from ending.
    runtime.shutdown_background();
    output.flush();
    result
}

async fn serve(arguments: &ServeArguments, output: Arc<Output>) -> Result<(), Failure> {
    let functions = functions::load(arguments)?;
    let host = compose::host(functions, &output);
    compose::check(&host)?;
    let origins = origins(arguments);
    let door = door::open(&arguments.door).await?;
    let feed = page::Feed::default();
    let composed = compose::edge(arguments, host.clone(), origins.clone(), door, &output, &feed);
    let edge = composed.await?;
    let address = arguments.listen;
    let listener =
        TcpListener::bind(address).await.map_err(|source| Failure::Listen { address, source })?;
    let address =
        listener.local_addr().map_err(|source| Failure::System { doing: "listening", source })?;
    // Before anyone is told that the server is there, so that whoever waits for that may stop it.
    let stopped = mcp_lambda_runtime::listener::stop_signal()
        .map_err(|source| Failure::System { doing: "listening for signals", source })?;
    banner::print(&output, arguments, address, &host);
    let site = door::site(&arguments.door, address)?;
    let closed = arguments.door.is_closed();
    // Others than this machine's users are not shown what these do, and nobody is past a door.
    let feed = (is_loopback(address) && !closed).then_some(feed);
    let server = Server { edge, host: host.clone(), origins, site, closed, feed };
    mcp_lambda_runtime::listener::run(listener, server, stopped).await;
    host.shutdown().await;
    Ok(())
}

/// What answers requests.
#[derive(Clone)]
struct Server {
    edge: Arc<Edge>,
    host: Host,
    origins: OriginPolicy,
    site: Site,
    /// Whether one must come in by a door.
    closed: bool,
    feed: Option<page::Feed>,
}

/// Only a server on a loopback address can insist on loopback Host headers, unless a proxy stands
/// before it. Then there is a door, which another site's page cannot open.
fn origins(arguments: &ServeArguments) -> OriginPolicy {
    let loopback = is_loopback(arguments.listen) && arguments.door.public_url.is_none();
    OriginPolicy {
        loopback_hosts_only: loopback,
        origins: arguments.allow_origin.iter().cloned().collect(),
        ..OriginPolicy::local()
    }
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}
