//! Reads what a process prints.

use std::future::pending;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::process::Process;
use crate::limits;
use crate::log::{Journal, Lines};

/// The task that reads a process's output; ends with it.
pub(super) struct Output {
    task: JoinSet<()>,
    flush: mpsc::Sender<oneshot::Sender<()>>,
}

impl Output {
    /// Starts to read both outputs of a process into its journal.
    pub(super) fn capture(process: &mut Process, journal: Journal) -> Self {
        let (flush, flushes) = mpsc::channel(1);
        let (stdout, stderr) = process.take_output();
        let mut task = JoinSet::new();
        task.spawn(read(Pipe::new(stdout), Pipe::new(stderr), flushes, journal));
        Self { task, flush }
    }

    /// Waits until everything is read that was printed before the call.
    ///
    /// Bounded, because a process may print without end.
    pub(super) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.flush.send(done).await.is_ok() {
            let _ = timeout(limits::FLUSH_PATIENCE, wait).await;
        }
    }

    /// Reads to the end, which comes at once when all processes are gone.
    ///
    /// Bounded, because a process that has left the group may still hold the pipes open.
    pub(super) async fn finish(&mut self) {
        let _ = timeout(limits::FLUSH_PATIENCE, self.task.join_next()).await;
        self.task.shutdown().await;
    }
}

async fn read(
    mut stdout: Pipe<impl AsyncRead + Unpin>,
    mut stderr: Pipe<impl AsyncRead + Unpin>,
    mut flushes: mpsc::Receiver<oneshot::Sender<()>>,
    journal: Journal,
) {
    while stdout.source.is_some() || stderr.source.is_some() {
        // What can be read is read first: a request to flush is answered when nothing is left.
        // Data in a pipe is known to the reactor before a later message on a socket is, and every
        // flush follows such a message.
        tokio::select! {
            biased;
            () = stdout.read(&journal) => {}
            () = stderr.read(&journal) => {}
            Some(done) = flushes.recv() => {
                let _ = done.send(());
            }
        }
    }
}

struct Pipe<R> {
    source: Option<R>,
    buffer: Vec<u8>,
    lines: Lines,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(source: Option<R>) -> Self {
        Self { source, buffer: vec![0; BUFFER_BYTES], lines: Lines::default() }
    }

    /// Reads once; never returns after the end.
    async fn read(&mut self, journal: &Journal) {
        let Some(source) = &mut self.source else { return pending().await };
        match source.read(&mut self.buffer).await {
            Ok(size) if size > 0 => {
                self.lines.feed(&self.buffer[..size], |line| journal.write(line));
            }
            Ok(_) | Err(_) => {
                self.source = None;
                self.lines.finish(|line| journal.write(line));
            }
        }
    }
}

/// How much is read at once.
const BUFFER_BYTES: usize = 8 * 1024;
