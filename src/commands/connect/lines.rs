//! Messages as lines (MCP, basic/transports, "stdio").

use mcp_lambda_runtime::protocol::limits::MAX_BODY_BYTES;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::sync::mpsc::Receiver;

/// Bytes of a line: what a gateway takes as a body.
const MAX_LINE_BYTES: usize = MAX_BODY_BYTES;

/// A line without its end.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Line {
    Text(String),
    /// It was longer than a gateway takes, and is gone.
    TooLong,
}

/// Lines of a source; empty ones are left out.
pub(super) struct Lines<R> {
    source: BufReader<R>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source: BufReader::new(source) }
    }

    /// The next line; `None` at the end, or where nothing can be read any more.
    pub(super) async fn next(&mut self) -> Option<Line> {
        let (mut line, mut long) = (Vec::new(), false);
        loop {
            let piece = self.source.fill_buf().await.ok()?;
            if piece.is_empty() {
                let rest = finish(&line, long);
                return rest;
            }
            let end = piece.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(piece.len());
            if line.len() + taken > MAX_LINE_BYTES {
                long = true;
                line.clear();
            }
            if !long {
                line.extend_from_slice(&piece[..taken]);
            }
            self.source.consume(end.map_or(taken, |end| end + 1));
            if end.is_some() {
                if let Some(line) = finish(&line, long) {
                    return Some(line);
                }
                line.clear();
                long = false;
            }
        }
    }
}

fn finish(line: &[u8], long: bool) -> Option<Line> {
    if long {
        return Some(Line::TooLong);
    }
    let text = String::from_utf8_lossy(line);
    let text = text.trim();
    (!text.is_empty()).then(|| Line::Text(text.to_owned()))
}

/// Writes messages to standard output until nobody sends any more or reads any more.
pub(super) async fn write(mut messages: Receiver<String>) {
    let mut out = tokio::io::stdout();
    while let Some(mut message) = messages.recv().await {
        message.push('\n');
        let written = out.write_all(message.as_bytes()).await;
        if written.is_err() || out.flush().await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(source: &[u8]) -> Vec<Line> {
        let (mut lines, mut found) = (Lines::new(source), Vec::new());
        while let Some(line) = lines.next().await {
            found.push(line);
        }
        found
    }

    #[tokio::test]
    async fn lines_and_their_ends() {
        let text = |text: &str| Line::Text(text.to_owned());
        assert_eq!(all(b"a\n\r\n\nb\r\nc").await, [text("a"), text("b"), text("c")]);
        assert_eq!(all(b"").await, []);
    }

    #[tokio::test]
    async fn lines_at_and_above_their_bound() {
        let most = "x".repeat(MAX_LINE_BYTES);
        assert_eq!(all(format!("{most}\nb\n").as_bytes()).await.len(), 2);
        let found = all(format!("{most}x\nb\n").as_bytes()).await;
        assert_eq!(found, [Line::TooLong, Line::Text("b".to_owned())]);
    }
}
