//! The MCP Inspector, pinned by the lock file of `tests/foreign/inspector`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::install::{self, Folder};

/// What makes an installation another one.
const FILES: [&str; 3] =
    ["inspector/package.json", "inspector/package-lock.json", "inspector/.npmrc"];
/// What `npx` would start.
const PROGRAM: &str =
    "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js";

/// The installation.
pub struct Inspector {
    folder: PathBuf,
}

/// The Inspector; nothing if the foreign part is left out. Panics, saying why, if it cannot be
/// installed.
pub fn inspector(target: &Path) -> Option<&'static Inspector> {
    static INSTALLED: OnceLock<Result<Inspector, String>> = OnceLock::new();
    install::once(&INSTALLED, || Inspector::find_or_make(target))
}

impl Inspector {
    /// The program, run by a Node of version 22. What it remembers is kept in its own folder.
    pub fn command(&self, node: &Command) -> Command {
        let mut command = Command::new(node.get_program());
        command.arg(self.folder.join(PROGRAM)).env("HOME", &self.folder);
        command
    }

    fn find_or_make(target: &Path) -> Result<Self, String> {
        let made = Folder::of_packages(target, "inspector", &FILES)?;
        Ok(Self { folder: made.path })
    }
}
