//! A server made with rmcp that does what `mcp-lambda serve` does for the benchmark's requests.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use bytes::Bytes;
use clap::Parser;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use lambda_host::{FunctionConfig, FunctionName, Host, HostOptions, RawFunction};
use mcp_lambda_bench::failure::Failure;
use mcp_lambda_bench::peer::{Peer, Service};
use mcp_lambda_bench::{catalog, loopback, serving};

/// A server made with rmcp: `/json` answers JSON without sessions, `/floor` answers without rmcp,
/// everything else is served as rmcp is configured by default.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many tools to offer.
    #[arg(long, default_value_t = 20)]
    tools: usize,
    /// The mcp-lambda program, whose example function the tools call; without it they answer at
    /// once.
    #[arg(long, value_name = "PROGRAM")]
    function: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "rmcp-peer: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let host = arguments.function.map(|program| host(&program.to_string_lossy())).transpose()?;
    let peer = Peer::new(arguments.tools, host);
    let (json, default) = (Service::json(peer.clone()), Service::with_sessions(peer));
    let listener = serving::listen().await?;
    serving::announce(&listener)?;
    serving::serve(listener, move |request| {
        let service = match request.uri().path() {
            loopback::FLOOR_PATH => None,
            loopback::RMCP_JSON_PATH => Some(json.clone()),
            _ => Some(default.clone()),
        };
        async move {
            match service {
                Some(service) => service.answer(request).await,
                None => floor(request).await,
            }
        }
    })
    .await
}

/// Reads the request and answers `ping`.
async fn floor(request: Request<Incoming>) -> Response<BoxBody<Bytes, Infallible>> {
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::from(PONG).boxed());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

const PONG: &str = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;

fn host(program: &str) -> Result<Host, Failure> {
    let wrong = |error: String| Failure::Start(format!("the function: {error}"));
    let name = FunctionName::parse(catalog::ECHO).map_err(|error| wrong(error.to_string()))?;
    let raw = RawFunction {
        command: loopback::function_command(program),
        concurrency: Some(loopback::FUNCTION_PROCESSES),
        ..RawFunction::default()
    };
    let base = std::env::current_dir().map_err(Failure::system("finding the folder"))?;
    let config =
        FunctionConfig::from_raw(&name, raw, &base).map_err(|error| wrong(error.to_string()))?;
    let options = HostOptions { log: Arc::new(|_| {}), ..HostOptions::default() };
    Ok(Host::new(BTreeMap::from([(name, config)]), options))
}
