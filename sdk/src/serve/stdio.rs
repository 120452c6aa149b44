//! The mode for one client: a JSON-RPC message a line, over standard input and output.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use mcp_lambda_runtime::edge::lines::{self, Client};
use mcp_lambda_runtime::invoke::exchange::{Messages, Outgoing};
use mcp_lambda_runtime::principal::Principal;
use mcp_lambda_runtime::protocol::limits;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

use super::arguments::Arguments;
use super::{complain, local};
use crate::server::Server;

/// How long a request may take: Lambda's longest.
const PATIENCE: Duration = Duration::from_secs(900);
/// How long what runs may go on when the input has ended.
const GRACE: Duration = Duration::from_secs(5);
/// Lines that wait to be taken.
const QUEUE: usize = 16;
/// The answer to a line that is too long to have an id that could be read.
const TOO_LONG: &str = concat!(
    r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"#,
    r#""message":"the message is larger than 4 MiB"}}"#
);

/// Serves until the input ends.
pub(super) fn run(server: Server, arguments: &Arguments) -> Result<(), String> {
    let runtime = local::runtime()?;
    let served = runtime.block_on(serve(server, arguments));
    // The thread that waits for input cannot be told to end.
    runtime.shutdown_background();
    served
}

async fn serve(server: Server, arguments: &Arguments) -> Result<(), String> {
    let edge = local::edge(server, arguments)?;
    let (sender, receiver) = mpsc::channel(QUEUE);
    let (outgoing, messages) = Outgoing::open();
    let complaints = outgoing.clone();
    let was_silent = Arc::new(AtomicBool::new(false));
    let input = BufReader::new(tokio::io::stdin());
    tokio::spawn(read(input, sender, complaints, was_silent.clone()));
    let client = Client { principal: Principal::Anonymous, patience: PATIENCE, grace: GRACE };
    let serving = lines::serve(&edge, &client, receiver, &outgoing);
    let written = write(tokio::io::stdout(), messages, serving).await;
    if was_silent.load(Ordering::Acquire) {
        complain("standard input ended before any message; --mode http starts an HTTP server");
    }
    match written {
        Ok(ended) => ended.map_err(|error| error.to_string()),
        // The client has gone.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(format!("cannot write to standard output: {error}")),
    }
}

/// Hands on line by line, none of them longer than a message may be. If there was none, it says so
/// before whoever takes the lines learns that the input has ended.
async fn read(
    mut input: impl AsyncBufRead + Unpin,
    lines: mpsc::Sender<Bytes>,
    outgoing: Outgoing,
    was_silent: Arc<AtomicBool>,
) {
    let mut line = Vec::new();
    let (mut too_long, mut received) = (false, 0_usize);
    loop {
        let Ok(chunk) = input.fill_buf().await else { return };
        let ended = chunk.is_empty();
        let (taken, whole) = match chunk.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (chunk.len(), ended),
        };
        too_long |= line.len() + taken > limits::MAX_BODY_BYTES + 1;
        if !too_long {
            line.extend_from_slice(&chunk[..taken]);
        }
        input.consume(taken);
        if whole {
            let text = std::mem::take(&mut line);
            if std::mem::take(&mut too_long) {
                received += 1;
                outgoing.send(TOO_LONG.to_owned()).await;
            } else if !text.trim_ascii().is_empty() {
                received += 1;
                if lines.send(text.trim_ascii().to_vec().into()).await.is_err() {
                    return;
                }
            }
        }
        if ended {
            was_silent.store(received == 0, Ordering::Release);
            return;
        }
    }
}

/// Writes what is said while the work goes on, and what was said until its end.
async fn write<T>(
    mut output: impl AsyncWrite + Unpin,
    mut messages: Messages,
    work: impl Future<Output = T>,
) -> std::io::Result<T> {
    let mut work = std::pin::pin!(work);
    loop {
        let message = tokio::select! {
            biased;
            result = &mut work => {
                while let Some(message) = messages.take() {
                    write_line(&mut output, message).await?;
                }
                output.flush().await?;
                return Ok(result);
            }
            Some(message) = messages.next() => message,
        };
        write_line(&mut output, message).await?;
        output.flush().await?;
    }
}

async fn write_line(
    output: &mut (impl AsyncWrite + Unpin),
    mut message: String,
) -> std::io::Result<()> {
    // One write, so that a client never sees half a line for long.
    message.push('\n');
    output.write_all(message.as_bytes()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines_of(input: &[u8]) -> (Vec<usize>, Vec<String>) {
        let (sender, mut receiver) = mpsc::channel(QUEUE);
        let (outgoing, mut messages) = Outgoing::open();
        let was_silent = Arc::new(AtomicBool::new(false));
        read(input, sender, outgoing, was_silent.clone()).await;
        let mut lengths = Vec::new();
        while let Some(line) = receiver.recv().await {
            lengths.push(line.len());
        }
        let said: Vec<String> = std::iter::from_fn(|| messages.take()).collect();
        let expected = lengths.is_empty() && said.is_empty();
        assert_eq!(was_silent.load(Ordering::Acquire), expected);
        (lengths, said)
    }

    #[tokio::test]
    async fn lines() {
        assert_eq!(lines_of(b"").await, (vec![], vec![]));
        assert_eq!(lines_of(b"\n \r\n").await, (vec![], vec![]));
        assert_eq!(lines_of(b"{}\r\n[1]\nlast").await, (vec![2, 3, 4], vec![]));
    }

    #[tokio::test]
    async fn lines_have_a_bound() {
        for (length, fits) in [(0, true), (1, false)] {
            let mut input = vec![b'x'; limits::MAX_BODY_BYTES + length];
            input.extend_from_slice(b"\n{}\n");
            let (lengths, said) = lines_of(&input).await;
            if fits {
                assert_eq!((lengths, said.len()), (vec![limits::MAX_BODY_BYTES, 2], 0));
            } else {
                assert_eq!((lengths, said), (vec![2], vec![TOO_LONG.to_owned()]));
            }
        }
    }
}
