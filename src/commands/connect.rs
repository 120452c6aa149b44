//! `connect`: MCP over standard input and output, passed on to a gateway.

mod lines;
mod print;
mod proxy;
mod request;
mod trouble;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::lines::{Line, Lines};
use self::proxy::{Next, Proxy};
use crate::cli::client::ConnectArguments;
use crate::client::place::{Gateway, Plane};
use crate::commands;
use crate::exit::Failure;
use crate::output::Output;

/// How long requests may go on after the client has closed its end.
const GRACE: Duration = Duration::from_secs(30);
/// Messages that wait to be written; whoever has more waits for the client to read.
const MAX_WAITING: usize = 64;

/// Prints a configuration, or connects until the client closes its end.
pub(crate) fn run(arguments: &ConnectArguments, output: &Output) -> Result<(), Failure> {
    match arguments.print {
        Some(host) => commands::run(print::print(host, arguments, output)),
        None => commands::run(connect(arguments)),
    }
}

async fn connect(arguments: &ConnectArguments) -> Result<(), Failure> {
    let gateway = Gateway::find(&arguments.gateway, Plane::Mcp).await?;
    let (sender, messages) = mpsc::channel(MAX_WAITING);
    let writing = tokio::spawn(lines::write(messages));
    let proxy = Arc::new(Proxy::new(gateway, sender));
    let mut lines = Lines::new(tokio::io::stdin());
    let mut requests = JoinSet::new();
    while let Some(line) = lines.next().await {
        while requests.try_join_next().is_some() {}
        let line = match line {
            Line::Text(line) => line,
            Line::TooLong => {
                proxy.refuse_long().await;
                continue;
            }
        };
        match proxy.take(&line).await {
            Next::Nothing => {}
            Next::Request(id) => {
                let (proxy, known) = (proxy.clone(), proxy.clone());
                let (named, done) = (id.clone(), id.clone());
                let task = requests.spawn(async move {
                    proxy.request(&named, &line).await;
                    proxy.forget(&done);
                });
                known.remember(id, task);
            }
        }
    }
    let ended = async { while requests.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, ended).await;
    requests.shutdown().await;
    proxy.end().await;
    drop(proxy);
    // Nobody is left to send, so that the writer ends with the last message.
    let _ = tokio::time::timeout(GRACE, writing).await;
    Ok(())
}
