//! A headless Chromium that uses the page of `serve`, pinned by the lock file of
//! `tests/foreign/page`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::install::{self, Folder};

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
        let made = Folder::of_packages(target, "page", &FILES)?;
        Ok(Self { folder: made.path })
    }
}
