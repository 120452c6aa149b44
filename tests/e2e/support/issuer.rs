//! A real authorization server as a child process.

use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::Installed;
use super::lines::Lines;

/// How long a start may take on a machine that is busy.
const START: Duration = Duration::from_secs(30);

/// A running authorization server. It is killed when this is dropped.
pub(crate) struct Issuer {
    child: Child,
    url: String,
    errors: Lines,
}

impl Issuer {
    /// Starts one on a free port.
    pub(crate) fn start(installed: &Installed) -> Self {
        let mut command = installed.node();
        command
            .arg(installed.script("issuer.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let lines = Lines::read(child.stdout.take().expect("it is piped"));
        let errors = Lines::read(child.stderr.take().expect("it is piped"));
        let parse = |line: &str| serde_json::from_str::<Value>(line).ok();
        let line =
            lines.find(START, |line| parse(line).is_some_and(|said| !said["issuer"].is_null()));
        let said = line.as_deref().and_then(parse);
        let url = said.and_then(|said| said["issuer"].as_str().map(str::to_owned));
        let url = url.unwrap_or_else(|| panic!("the issuer does not start: {}", errors.text()));
        Self { child, url, errors }
    }

    /// What stands in its tokens as `iss`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its errors, for messages.
    pub(crate) fn said(&self) -> String {
        format!("the issuer wrote\n{}", self.errors.text())
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        // Either is refused only if it has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
