//! Servers in Node as child processes: an authorization server, and proxies before the gateway.

use std::io::Write;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::Installed;
use super::lines::Lines;

/// How long a start may take on a machine that is busy.
const START: Duration = Duration::from_secs(30);

/// A running server. It is killed when this is dropped.
pub(crate) struct NodeServer {
    child: Child,
    url: String,
    errors: Lines,
}

impl NodeServer {
    /// A real authorization server: its URL stands in its tokens as `iss`.
    pub(crate) fn issuer(installed: &Installed) -> Self {
        Self::start(installed, "issuer.mjs", "issuer", &[])
    }

    /// Sends everything on with a token.
    pub(crate) fn with_token(installed: &Installed, token: &str) -> Self {
        Self::start(installed, "proxy.mjs", "url", &["token", token])
    }

    /// Sends everything on, and renames the challenge as API Gateway does.
    pub(crate) fn renaming(installed: &Installed) -> Self {
        Self::start(installed, "proxy.mjs", "url", &["rename"])
    }

    /// Says where everything goes.
    pub(crate) fn before(mut self, url: &str) -> Self {
        let input = self.child.stdin.as_mut().expect("it is piped");
        writeln!(input, "{url}").expect("it reads");
        self
    }

    fn start(installed: &Installed, script: &str, member: &str, arguments: &[&str]) -> Self {
        let mut command = installed.node();
        command
            .arg(installed.script(script))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let lines = Lines::read(child.stdout.take().expect("it is piped"));
        let errors = Lines::read(child.stderr.take().expect("it is piped"));
        let url = |line: &str| {
            let said: Value = serde_json::from_str(line).ok()?;
            said[member].as_str().map(str::to_owned)
        };
        let line = lines.find(START, |line| url(line).is_some());
        let url = line.as_deref().and_then(url);
        let url = url.unwrap_or_else(|| panic!("{script} does not start: {}", errors.text()));
        Self { child, url, errors }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its errors, for messages.
    pub(crate) fn said(&self) -> String {
        format!("it wrote\n{}", self.errors.text())
    }
}

impl Drop for NodeServer {
    fn drop(&mut self) {
        // Either is refused only if it has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
