//! What the end-to-end tests share: child processes, foreign programs, an emulated AWS.
//!
//! What takes a folder called `target` keeps its installations there. Tests give
//! `env!("CARGO_TARGET_TMPDIR")`, which Cargo sets for integration tests only.

pub mod application_repository;
pub mod browser;
pub mod command;
pub mod conformance;
pub mod inspector;
pub mod install;
pub mod leftover;
pub mod lines;
pub mod ministack;
pub mod part;
pub mod template_tools;

use std::io::Write;
use std::path::{Path, PathBuf};

/// A path in this repository.
pub fn repository(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("this package is two levels below the root").join(path)
}

/// The program of an example of the package whose test this is.
pub fn example(name: &str) -> PathBuf {
    // Cargo builds examples for integration tests, in a folder beside that of the tests.
    let test = std::env::current_exe().expect("the test's path");
    let folder = test.ancestors().nth(2).expect("the target folder").join("examples");
    let program = folder.join(name);
    assert!(program.exists(), "{} is not built; run all tests of the package", program.display());
    program
}

/// Says something even when the test passes: the harness holds back what `print!` writes only.
pub fn say(text: &str) {
    // Without anyone to hear it there is nothing to be done.
    let _ = writeln!(std::io::stderr(), "{text}");
}
