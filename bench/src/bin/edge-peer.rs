//! Our edge behind the listener of `mcp-lambda serve`, with functions that answer at once.
//!
//! The listener is the program's own, so that what is measured is what is shipped. Like rmcp's peer,
//! this one writes no log.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::Parser;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use mcp_lambda_bench::failure::Failure;
use mcp_lambda_bench::{gateway, serving};
use mcp_lambda_runtime::edge::body::Body;
use mcp_lambda_runtime::edge::{Edge, From};
use mcp_lambda_runtime::listener::{self, Service};
use mcp_lambda_runtime::principal::Principal;
use mcp_lambda_runtime::protocol::limits;
use tokio::time::Instant;

/// How long a request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(900);

/// mcp-lambda with functions that answer at once.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many tools to offer.
    #[arg(long, default_value_t = 20)]
    tools: usize,
}

/// What answers requests.
#[derive(Clone)]
struct Server(Arc<Edge>);

impl Service for Server {
    type Body = Body;

    fn body_limit(&self, _: &Parts) -> usize {
        limits::MAX_BODY_BYTES
    }

    async fn answer(&self, request: Request<Bytes>, started: Instant) -> Response<Body> {
        let from = From { principal: Principal::Anonymous, deadline: started + REQUEST_TIMEOUT };
        self.0.answer(request, from).await
    }

    fn refused(&self, _: &Parts, _: StatusCode, _: Instant) {}
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "edge-peer: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let server = Server(gateway::edge(arguments.tools).await);
    let listener = serving::listen().await?;
    serving::announce(&listener)?;
    listener::run(listener, server, std::future::pending()).await;
    Ok(())
}
