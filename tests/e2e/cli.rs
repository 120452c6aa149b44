//! What the program says about itself, and what it does where nobody listens.

use std::process::Stdio;
use std::time::Duration;

use crate::support::command::{Finished, run};
use crate::support::server::program;

/// How long a command may take that only prints.
const PRINT: Duration = Duration::from_secs(30);

fn print(arguments: &[&str]) -> Finished {
    run(program().args(arguments), PRINT).expect("an end")
}

/// Pins a help text as its reader sees it.
fn check(name: &str, arguments: &[&str]) {
    let finished = print(arguments);
    assert_eq!(finished.code, Some(0), "{finished}");
    assert_eq!(finished.stderr, "");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/cli");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, finished.stdout));
}

#[test]
fn help() {
    check("help", &["--help"]);
}

#[test]
fn short_help() {
    check("help-short", &["-h"]);
}

#[test]
fn help_of_serve() {
    check("serve", &["serve", "--help"]);
}

#[test]
fn help_of_what_deploys() {
    for command in ["synth", "package", "deploy", "diff", "outputs", "destroy", "publish"] {
        check(command, &[command, "--help"]);
    }
}

#[test]
fn help_of_what_watches() {
    for command in ["logs", "metrics"] {
        check(command, &[command, "--help"]);
    }
}

#[test]
fn help_of_the_commands_for_clients_and_administrators() {
    for command in ["tools", "resources", "prompts", "call", "connect", "chat", "doctor"] {
        check(command, &[command, "--help"]);
    }
    check("completions", &["completions", "--help"]);
    check("man", &["man", "--help"]);
    check("register", &["register", "--help"]);
    for command in ["add", "list", "get", "update", "remove", "import", "export", "status"] {
        check(&format!("register-{command}"), &["register", command, "--help"]);
    }
}

#[test]
fn version() {
    let short = format!("mcp-lambda {}", env!("CARGO_PKG_VERSION"));
    assert_eq!(print(&["-V"]).stdout, short);
    let long = print(&["--version"]).stdout;
    let facts = long.strip_prefix(&format!("{short} (")).and_then(|rest| rest.strip_suffix(')'));
    let (revision, target) = facts.and_then(|facts| facts.split_once(", ")).expect("two facts");
    let is_revision = revision.len() >= 12 && revision.chars().all(|c| c.is_ascii_hexdigit());
    assert!(is_revision || revision == "unknown", "{revision}");
    assert!(target.contains('-'), "{target}");
}

#[test]
fn wrong_usage() {
    for (arguments, words) in [
        (&["--port"][..], "--port"),
        (&["serve", "--lisen", "127.0.0.1:0"], "--listen"),
        (&["serve", "--listen", "here"], "--listen <ADDRESS>"),
        (&["serve", "--data"], "--data <DIR>"),
        (&["start"], "start"),
    ] {
        let finished = print(arguments);
        assert_eq!(finished.code, Some(2), "{finished}");
        assert_eq!(finished.stdout, "");
        assert!(finished.stderr.starts_with("error: "), "{finished}");
        assert!(finished.stderr.contains(words), "{finished}");
        assert!(finished.stderr.contains("--help"), "{finished}");
    }
}

#[test]
fn a_closed_pipe_is_no_crash() {
    for arguments in [&["--help"][..], &["--version"], &["serve", "--listen", "here"]] {
        let closed = || {
            let (reader, writer) = std::io::pipe().expect("a pipe");
            drop(reader);
            Stdio::from(writer)
        };
        let mut child = program()
            .args(arguments)
            .stdout(closed())
            .stderr(closed())
            .spawn()
            .expect("the program starts");
        let status = child.wait().expect("it can be waited for");
        // 101 is how a panic ends; a signal has no code.
        assert!(matches!(status.code(), Some(0..=2)), "{arguments:?}: {status}");
    }
}
