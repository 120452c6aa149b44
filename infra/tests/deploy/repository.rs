//! The stand-in for the Serverless Application Repository as a child process.

use std::process::{Child, Stdio};
use std::time::Duration;

use mcp_lambda_test_support::install::Environment;
use mcp_lambda_test_support::lines::Lines;
use mcp_lambda_test_support::repository;
use serde_json::Value as Json;

const PATIENCE: Duration = Duration::from_secs(60);

/// A repository without applications. It ends when this is dropped.
pub(crate) struct Repository {
    child: Child,
    lines: Lines,
    endpoint: String,
}

impl Repository {
    pub(crate) fn open(python: &Environment) -> Self {
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

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The requests so far that change something.
    pub(crate) fn changes(&self) -> Vec<Json> {
        let requests = self.lines.all();
        let requests = requests.iter().skip(1).map(|line| serde_json::from_str(line));
        let requests = requests.map(|request: Result<Json, _>| request.expect("JSON"));
        requests.filter(|request| request["method"] != "GET").collect()
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        // That it has ended already is no error.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
