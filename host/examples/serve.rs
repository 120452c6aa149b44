//! Serves the functions of a TOML file: `cargo run --example serve -- functions.toml 9000`.
//!
//! The Invoke API is at the root, each function's URL at `/url/NAME/` (buffered) and
//! `/stream/NAME/` (streamed). The port is 9000 if none is given; it is a loopback port.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use lambda_host::url::{InvokeMode, UrlOptions};
use lambda_host::{FunctionConfig, FunctionName, Host, HostOptions, RawFunction, api, url};
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    functions: BTreeMap<String, RawFunction>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let file = words.next().ok_or("usage: serve FUNCTIONS.toml [PORT]")?;
    let port: u16 = words.next().unwrap_or("9000".to_owned()).parse()?;
    let options = HostOptions {
        log: Arc::new(|line| {
            let _ = writeln!(std::io::stderr(), "{line}");
        }),
        ..HostOptions::default()
    };
    let host = Host::new(load(Path::new(&file))?, options);
    for problem in host.check() {
        writeln!(std::io::stderr(), "warning: {problem}")?;
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, peer) = accepted?;
                tokio::spawn(serve(host.clone(), stream, peer));
            }
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                break;
            }
        }
    }
    host.shutdown().await;
    Ok(())
}

fn load(file: &Path) -> Result<BTreeMap<FunctionName, FunctionConfig>, Box<dyn Error>> {
    let text = std::fs::read_to_string(file)?;
    let File { functions } = toml::from_str(&text)?;
    let base = file.parent().unwrap_or(Path::new("."));
    let mut parsed = BTreeMap::new();
    for (name, raw) in functions {
        let name = FunctionName::parse(&name).map_err(|error| format!("{name:?}: {error}"))?;
        let config = FunctionConfig::from_raw(&name, raw, base)?;
        parsed.insert(name, config);
    }
    Ok(parsed)
}

async fn serve(host: Host, stream: TcpStream, peer: SocketAddr) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let host = host.clone();
        async move { Ok::<_, Infallible>(answer(&host, peer, request).await) }
    });
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    host: &Host,
    peer: SocketAddr,
    request: http::Request<Incoming>,
) -> http::Response<BoxBody<Bytes, Infallible>> {
    let path = request.uri().path().to_owned();
    let mut segments = path.split('/').skip(1);
    let invoke_mode = match segments.next() {
        Some("url") => InvokeMode::Buffered,
        Some("stream") => InvokeMode::ResponseStream,
        _ => return api::answer(host, request).await,
    };
    let name = segments.next().unwrap_or_default();
    let Ok(function) = FunctionName::parse(name) else { return api::answer(host, request).await };
    let prefix = path.split('/').take(3).collect::<Vec<_>>().join("/");
    let options = UrlOptions {
        invoke_mode,
        strip_prefix: Some(prefix),
        source_ip: peer.ip(),
        ..UrlOptions::default()
    };
    url::answer(host, &function, options, request).await
}
