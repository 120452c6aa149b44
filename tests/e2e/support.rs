//! What the tests share: processes with deadlines, a server, HTTP, the installed foreign programs.

pub(crate) mod command;
pub(crate) mod fixture;
pub(crate) mod gate;
pub(crate) mod http;
pub(crate) mod install;
pub(crate) mod leftover;
pub(crate) mod lines;
pub(crate) mod part;
pub(crate) mod server;

use std::io::Write;
use std::path::{Path, PathBuf};

/// A path in this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Says something even when the test passes: the harness holds back what `print!` writes only.
pub(crate) fn say(text: &str) {
    // Without anyone to hear it there is nothing to be done.
    let _ = writeln!(std::io::stderr(), "{text}");
}
