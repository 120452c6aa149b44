//! A headless Chromium that uses the page of `serve`, pinned by the lock file of
//! `tests/foreign/page`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::command::succeed;
use crate::install::{self, Folder, INSTALL};

/// What makes an installation another one; the scripts lie beside their packages, because that is
/// where Node looks for imports.
const FILES: [&str; 6] = [
    "page/package.json",
    "page/package-lock.json",
    "page/.npmrc",
    "page/browser.mjs",
    "page/page.mjs",
    "page/questions.mjs",
];

/// The installation.
pub struct Browser {
    folder: PathBuf,
}

/// The browser; nothing if the foreign part is left out. Panics, saying why, if it cannot be
/// installed.
pub fn browser(target: &Path) -> Option<&'static Browser> {
    static INSTALLED: OnceLock<Result<Browser, String>> = OnceLock::new();
    install::once(&INSTALLED, || Browser::find_or_make(target))
}

impl Browser {
    /// A script, run by a Node of version 22; takes a URL and a folder for pictures.
    pub fn visit(&self, node: &Command, script: &str) -> Command {
        let mut command = Command::new(node.get_program());
        command
            .arg(self.folder.join(script))
            // The browser is unpacked here, with the libraries that it needs.
            .env("TMPDIR", &self.folder)
            .env("AWS_EXECUTION_ENV", "AWS_Lambda_nodejs22.x");
        command
    }

    fn find_or_make(target: &Path) -> Result<Self, String> {
        install::npm().map_err(|missing| install::needs(&[missing]))?;
        let made = Folder::find_or_make(target, "page", "", &FILES, |folder| {
            succeed(Command::new("npm").arg("ci").current_dir(folder), INSTALL).map(|_| ())
        })?;
        Ok(Self { folder: made.path })
    }
}
