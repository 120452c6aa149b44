//! A stand-in for the Serverless Application Repository as a child process: `stand_in.py` of
//! `tests/foreign/sar`, whose head says what it is faithful in.

use std::process::{Child, Stdio};
use std::time::Duration;

use crate::install::Environment;
use crate::lines::Lines;
use crate::repository;

const PATIENCE: Duration = Duration::from_secs(60);

/// A repository without applications. It ends when this is dropped.
pub struct ApplicationRepository {
    child: Child,
    lines: Lines,
    endpoint: String,
}

impl ApplicationRepository {
    /// Starts one with the Python of this installation.
    pub fn open(python: &Environment) -> Self {
        let mut command = python.python();
        let script = repository("tests/foreign/sar/stand_in.py");
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the installed Python starts");
        let lines = Lines::read(child.stdout.take().expect("it is piped"));
        let line = lines.find(PATIENCE, |line| line.starts_with("listening ")).expect("it listens");
        let port = line.split(' ').nth(1).expect("a port");
        let endpoint = format!("http://127.0.0.1:{port}");
        Self { child, lines, endpoint }
    }

    /// Where it answers: a URL without a slash at the end.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The requests so far, each as a text of JSON.
    pub fn requests(&self) -> Vec<String> {
        self.lines.all().into_iter().skip(1).collect()
    }
}

impl Drop for ApplicationRepository {
    fn drop(&mut self) {
        // That it has ended already is no error.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
