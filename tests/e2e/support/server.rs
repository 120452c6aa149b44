//! A gateway as a child process.

use std::ffi::{OsStr, OsString};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::http::Client;
use super::leftover;
use super::lines::Lines;

/// How long a start may take on a machine that is busy.
const START: Duration = Duration::from_secs(30);
/// How long an end may take: what is under way gets five seconds.
pub(crate) const END: Duration = Duration::from_secs(12);

/// A running server. It is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    url: String,
    lines: Lines,
    errors: Lines,
    mark: String,
    _folder: TempDir,
}

/// The program, without input and without colours.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-lambda"));
    command.stdin(Stdio::null()).env("NO_COLOR", "1").env_remove("CLICOLOR_FORCE");
    command
}

impl Server {
    /// Starts `serve` with more arguments, in a folder of its own, on a free port.
    pub(crate) fn start<S: AsRef<OsStr>>(arguments: &[S]) -> Self {
        Self::start_with(arguments, &std::env::var_os("PATH").unwrap_or_default())
    }

    /// Starts `serve` at an address that was free a moment ago.
    pub(crate) fn start_at(address: &str) -> Self {
        Self::start_on(address, &[] as &[&str], &std::env::var_os("PATH").unwrap_or_default())
    }

    /// The same with another `PATH`, where functions find their programs.
    pub(crate) fn start_with<S: AsRef<OsStr>>(arguments: &[S], path: &OsString) -> Self {
        Self::start_on("127.0.0.1:0", arguments, path)
    }

    fn start_on<S: AsRef<OsStr>>(address: &str, arguments: &[S], path: &OsString) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mark = leftover::mark();
        let mut command = program();
        command
            .args(["serve", "--json", "--listen", address])
            .args(arguments)
            .current_dir(folder.path())
            .env("PATH", path)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env(leftover::VARIABLE, &mark)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let lines = Lines::read(child.stdout.take().expect("it is piped"));
        let errors = Lines::read(child.stderr.take().expect("it is piped"));
        let mut server = Self { child, url: String::new(), lines, errors, mark, _folder: folder };
        server.url = server.event("listening", START)["url"].as_str().expect("a URL").to_owned();
        server
    }

    /// The base URL, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// An HTTP client of this server.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.url)
    }

    /// The first event of a kind.
    pub(crate) fn event(&self, kind: &str, limit: Duration) -> Value {
        let parse = |line: &str| serde_json::from_str::<Value>(line).ok();
        let wanted = |line: &str| parse(line).is_some_and(|event| event["event"] == *kind);
        let line = self.lines.find(limit, wanted);
        line.as_deref()
            .and_then(parse)
            .unwrap_or_else(|| panic!("no {kind} event; {}", self.said()))
    }

    /// Everything it has written, for messages.
    pub(crate) fn said(&self) -> String {
        format!("the server wrote\n{}\n{}", self.lines.text(), self.errors.text())
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the server runs");
    }

    /// Waits for the end; panics if it does not come.
    pub(crate) fn wait(&mut self, limit: Duration) -> ExitStatus {
        // Nobody else has its standard output, so that closes with the process.
        assert!(self.lines.ended(limit), "it does not end within {limit:?}; {}", self.said());
        self.child.wait().expect("it can be waited for")
    }

    /// The commands of its processes, its own included; none where that cannot be seen.
    pub(crate) fn processes(&self) -> Vec<String> {
        leftover::processes(&self.mark)
    }

    /// Stops it as a supervisor would, and asserts a clean end.
    pub(crate) fn stop(self) {
        self.stop_by(Signal::TERM);
    }

    /// Stops it by a signal, and asserts a clean end: exit code 0, nothing on standard error and
    /// no process left.
    pub(crate) fn stop_by(mut self, signal: Signal) {
        self.signal(signal);
        let status = self.wait(END);
        assert_eq!(status.code(), Some(0), "{status}; {}", self.said());
        assert_eq!(self.errors.text(), "");
        let left = self.processes();
        assert!(left.is_empty(), "processes are left: {left:#?}");
    }

    /// Ends it as a power failure would.
    pub(crate) fn kill(mut self) {
        self.signal(Signal::KILL);
        self.wait(END);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Either is refused only if it has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
