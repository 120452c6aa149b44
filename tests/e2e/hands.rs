//! The commands for clients and administrators, as processes against a server.

mod admin;
mod calls;
mod chat;
mod connect;
mod health;
mod page;
mod signed;

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::command::{Finished, run};
use crate::support::server::{Server, program};

/// How long a command may take on a machine that is busy.
const LIMIT: Duration = Duration::from_secs(60);

/// A command that asks a server, with nothing of this machine's own.
fn asking(server: &Server) -> Command {
    let mut command = program();
    command
        .env("MCP_LAMBDA_URL", server.url())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env_remove("MCP_LAMBDA_REGISTRATION_URL")
        .env_remove("MCP_LAMBDA_TOKEN");
    command
}

/// Runs a command against a server.
fn hands<S: AsRef<OsStr>>(server: &Server, arguments: &[S]) -> Finished {
    run(asking(server).args(arguments), LIMIT).expect("an end")
}

/// The same, which must succeed; what it prints.
fn said<S: AsRef<OsStr>>(server: &Server, arguments: &[S]) -> String {
    let finished = hands(server, arguments);
    assert_eq!(finished.code, Some(0), "{finished}");
    finished.stdout
}

/// The same for programs: each line is JSON.
fn events<S: AsRef<OsStr>>(server: &Server, arguments: &[S]) -> Vec<Value> {
    let finished = run(asking(server).args(arguments).arg("--json"), LIMIT).expect("an end");
    assert_eq!(finished.code, Some(0), "{finished}");
    lines(&finished.stdout)
}

/// A command that reads a file as its standard input.
fn reading(command: &Command, file: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"file="$1"; shift; exec "$@" < "$file""#, "sh"]).arg(file);
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// It must end with this code, and its one sentence must contain all the words.
#[track_caller]
fn refused<S: AsRef<OsStr>>(server: &Server, arguments: &[S], code: i32, words: &[&str]) {
    let finished = hands(server, arguments);
    assert_eq!(finished.code, Some(code), "{finished}");
    for word in words {
        assert!(finished.stderr.contains(word), "{word:?} is missing: {finished}");
    }
}

fn write(folder: &Path, name: &str, value: &Value) {
    std::fs::write(folder.join(name), value.to_string()).expect("a file");
}
