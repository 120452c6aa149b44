//! A child process together with everything it starts.

use std::io;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::timeout;

use crate::limits;

/// A child process that leads a process group of its own.
///
/// Invariant: when this is dropped, no process of the group is left, save one that has left the
/// group on purpose.
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
}

impl Process {
    /// Starts a command without input and with its output captured.
    pub(super) fn spawn(mut command: Command) -> io::Result<Self> {
        let child = command
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Self { child, group })
    }

    pub(super) fn take_output(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Waits until the process has ended by itself, and ends what it has left behind.
    ///
    /// Nothing is lost if the wait is given up.
    pub(super) async fn wait(&mut self) -> Option<ExitStatus> {
        let status = self.child.wait().await.ok();
        self.kill_group();
        status
    }

    /// Ends the process now and waits until it is gone; nothing if it does not go.
    pub(super) async fn end(&mut self) -> Option<ExitStatus> {
        self.kill_group();
        timeout(limits::KILL_PATIENCE, self.child.wait()).await.ok()?.ok()
    }

    fn kill_group(&mut self) {
        // Once only: when the last process of the group is gone, its number can be given to others.
        if let Some(group) = self.group.take() {
            // The only failure is that nobody is left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
    }
}
