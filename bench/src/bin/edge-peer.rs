//! Our edge behind the listener of `mcp-lambda serve`, with functions that answer at once.
//!
//! The listener's file is the program's own, so that what is measured is what is shipped. Like
//! rmcp's peer, this one writes no log.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use lambda_host::{Host, HostOptions};
use mcp_lambda_bench::failure::Failure;
use mcp_lambda_bench::{gateway, serving};
use mcp_lambda_runtime::edge::Edge;
use mcp_lambda_runtime::edge::origin::OriginPolicy;

#[path = "../../../src/serve/listener.rs"]
mod listener;

/// mcp-lambda with functions that answer at once.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many tools to offer.
    #[arg(long, default_value_t = 20)]
    tools: usize,
}

/// What the listener takes from its parent module.
#[derive(Clone)]
struct Server {
    edge: Arc<Edge>,
    host: Host,
    origins: OriginPolicy,
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
    let server = Server {
        edge: gateway::edge(arguments.tools).await,
        host: Host::new(BTreeMap::new(), HostOptions::default()),
        origins: OriginPolicy::local(),
    };
    let listener = serving::listen().await?;
    serving::announce(&listener)?;
    listener::run(listener, server, std::future::pending()).await;
    Ok(())
}
