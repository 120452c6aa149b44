//! Standard output and error as a value that is passed down.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use crate::exit::Failure;

/// Lines that wait to be written; whoever has more to say waits for them.
const MAX_WAITING: usize = 1_024;
/// Lines are written together up to about so many bytes.
const BATCH_BYTES: usize = 64 * 1024;
/// How long a line waits for others to be written with it: whoever says much is not stopped by
/// waking the writer for each line, and nobody who reads along notices.
const GATHER: Duration = Duration::from_millis(2);
/// How long the last lines may take to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Where a command writes.
///
/// Lines go through a thread that writes together what came while it wrote, so that a server's
/// workers neither wait for each other nor for the disk. A reader that went away is no reason to
/// fail: what cannot be written is dropped.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    writer: OnceLock<SyncSender<Entry>>,
}

#[derive(Debug)]
enum Entry {
    Line(String),
    /// Answered when all lines before it are written.
    Mark(SyncSender<()>),
}

impl Output {
    /// Text for people, or JSON lines for programs.
    pub(crate) fn new(json: bool) -> Self {
        Self { json, writer: OnceLock::new() }
    }

    /// Whether programs read this.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Writes a line to standard output.
    pub(crate) fn line(&self, text: String) {
        let writer = self.writer.get_or_init(|| {
            let (sender, entries) = sync_channel(MAX_WAITING);
            std::thread::spawn(move || write_all(&entries));
            sender
        });
        let _ = writer.send(Entry::Line(text));
    }

    /// Waits until all lines are written.
    pub(crate) fn flush(&self) {
        let Some(writer) = self.writer.get() else { return };
        let (sender, written) = sync_channel(1);
        if writer.send(Entry::Mark(sender)).is_ok() {
            let _ = written.recv_timeout(LAST_WORDS);
        }
    }

    /// Writes a failure to standard error.
    pub(crate) fn error(&self, failure: &Failure) {
        let mut err = std::io::stderr().lock();
        let text = if self.json {
            serde_json::json!({"event": "error", "code": failure.code(), "message": failure.to_string()})
                .to_string()
        } else {
            format!("mcp-lambda: {failure}")
        };
        let _ = writeln!(err, "{text}");
    }
}

/// Writes entries until nobody can send any more.
fn write_all(entries: &Receiver<Entry>) {
    let mut out = std::io::stdout();
    let (mut batch, mut marks) = (String::new(), Vec::new());
    while let Ok(first) = entries.recv() {
        std::thread::sleep(GATHER);
        let mut next = Some(first);
        while let Some(entry) = next {
            match entry {
                Entry::Line(line) => {
                    batch.push_str(&line);
                    batch.push('\n');
                }
                Entry::Mark(mark) => marks.push(mark),
            }
            next = if batch.len() < BATCH_BYTES { entries.try_recv().ok() } else { None };
        }
        let _ = out.write_all(batch.as_bytes()).and_then(|()| out.flush());
        batch.clear();
        for mark in marks.drain(..) {
            let _ = mark.send(());
        }
    }
}
