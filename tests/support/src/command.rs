//! A child process that must end in time.

use std::fmt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::lines::Lines;

/// How long output may keep coming after the process has ended.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What became of a process.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; nothing if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "exit code {code}")?,
            None => write!(f, "ended by a signal")?,
        }
        write!(f, "\n-- stdout\n{}\n-- stderr\n{}", self.stdout, self.stderr)
    }
}

/// Runs a command without input and waits for its end; an error says what it was doing.
pub fn run(command: &mut Command, limit: Duration) -> Result<Finished, String> {
    let what = format!("{command:?}");
    let spawned =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| format!("{what} cannot be started: {error}"))?;
    let stdout = Lines::read(child.stdout.take().expect("it is piped"));
    let stderr = Lines::read(child.stderr.take().expect("it is piped"));
    let pid = Pid::from_child(&child);
    let (ended, end) = mpsc::channel();
    std::thread::spawn(move || ended.send(child.wait()));
    let status = end.recv_timeout(limit);
    if status.is_err() {
        // It may have ended just now.
        let _ = kill_process(pid, Signal::KILL);
    }
    for lines in [&stdout, &stderr] {
        lines.ended(LAST_WORDS);
    }
    let (stdout, stderr) = (stdout.text(), stderr.text());
    match status {
        Ok(Ok(status)) => Ok(Finished { code: status.code(), stdout, stderr }),
        Ok(Err(error)) => Err(format!("{what} cannot be waited for: {error}")),
        Err(_) => Err(format!("{what} did not end within {limit:?}\n{stdout}\n{stderr}")),
    }
}

/// Runs a command that must exit with 0; an error has all its output.
pub fn succeed(command: &mut Command, limit: Duration) -> Result<Finished, String> {
    let finished = run(command, limit)?;
    match finished.code {
        Some(0) => Ok(finished),
        _ => Err(format!("{command:?} failed: {finished}")),
    }
}
