//! The README's first five minutes, as typed.
//!
//! In the blocks marked `console` under that heading, each line `$ command` is run, in order, by
//! one shell, in a folder with a copy of `examples/`. It must exit with 0, and its output must
//! contain the text of each line `# => text` that follows it. A command that ends in ` &` goes on
//! in the background; it is waited for until it has written that text, or anything.

mod shell;
mod steps;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::command::succeed;
use crate::support::{foreign, gate, repository};
use shell::Shell;
use steps::Step;

/// How long a copy of files may take.
const COPY: Duration = Duration::from_secs(30);

#[test]
fn first_five_minutes() {
    // The commands install packages, which the foreign part has fetched already.
    if foreign().is_none() {
        return;
    }
    let _pass = gate::enter();
    let readme = std::fs::read_to_string(repository("README.md")).expect("a README");
    let steps = steps::read(&readme, "First five minutes");
    assert!(!steps.is_empty(), "no `$ ` line in a console block under First five minutes");
    let folder = tempfile::tempdir().expect("a folder");
    copy_examples(folder.path());
    let pins = folder.path().join("pins.txt");
    std::fs::write(&pins, pins_of_the_foreign_part()).expect("a file");

    let mut shell = Shell::start(folder.path(), &pins);
    for step in steps::on_free_ports(&steps) {
        shell.run(&step);
    }
    shell.stop();
}

/// Copies what a clone would have.
fn copy_examples(folder: &Path) {
    let mut list = Command::new("git");
    list.args(["ls-files", "--", "examples"]).current_dir(repository(""));
    let listed = succeed(&mut list, COPY).expect("a git repository").stdout;
    for file in listed.lines() {
        let copy = folder.join(file);
        std::fs::create_dir_all(copy.parent().expect("a folder")).expect("a folder");
        std::fs::copy(repository(file), copy).expect("a copy");
    }
}

/// The versions that the foreign part has, so that tomorrow's packages fail nobody's tests.
fn pins_of_the_foreign_part() -> String {
    let locked = std::fs::read_to_string(repository("tests/foreign/requirements.txt"));
    let pin = |line: &str| {
        let pin = line.split_whitespace().next().filter(|word| word.contains("=="))?;
        (!line.starts_with([' ', '#', '-'])).then(|| format!("{pin}\n"))
    };
    locked.expect("a lock file").lines().filter_map(pin).collect()
}

#[test]
fn steps_are_read_from_console_blocks_of_one_section() {
    let readme = "# A\n```console\n$ not this\n```\n## First\n```sh\n$ nor this\n```\n\
                  ```console\n$ cargo run -- serve &\n# => serves\n$ curl \\\n  -s url\noutput\n# => a\n\
                  # => b\n# comment\n```\n### Below\n```console\n$ last\n```\n## Second\n\
                  ```console\n$ nor that\n```\n";
    let step = |command: &str, expected: &[&str]| Step {
        command: command.to_owned(),
        expected: expected.iter().map(|text| (*text).to_owned()).collect(),
    };
    let expected = [
        step("cargo run -- serve &", &["serves"]),
        step("curl \\\n  -s url", &["a", "b"]),
        step("last", &[]),
    ];
    assert_eq!(steps::read(readme, "First"), expected);
}
