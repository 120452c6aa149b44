//! Starts that cannot succeed: one sentence that says what to do, and the documented exit code.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::command::run;
use crate::support::server::{Server, program};

/// How long a failure may take.
const FAIL: Duration = Duration::from_secs(30);

/// Runs `serve` in a folder, for people and for programs. It must fail with this code, and its
/// one sentence must contain all the words.
fn check(folder: &Path, arguments: &[&str], code: i32, words: &[&str]) {
    let mut command = program();
    if !arguments.contains(&"--listen") {
        command.args(["serve", "--listen", "127.0.0.1:0"]);
    } else {
        command.arg("serve");
    }
    let finished = run(command.args(arguments).current_dir(folder), FAIL).expect("an end");
    assert_eq!(finished.code, Some(code), "{finished}");
    assert_eq!(finished.stdout, "", "it says that it listens");
    assert_eq!(finished.stderr.lines().count(), 1, "{finished}");
    let sentence = finished.stderr.strip_prefix("mcp-lambda: ").expect("it says who speaks");
    for word in words {
        assert!(sentence.contains(word), "{word:?} is missing: {sentence}");
    }

    let finished = run(command.arg("--json"), FAIL).expect("an end");
    let event: Value = serde_json::from_str(&finished.stderr).expect("one JSON object");
    assert_eq!(event["event"], "error");
    assert_eq!(event["code"], code);
    assert_eq!(event["message"], sentence);
}

/// A file of functions in a folder of its own.
fn functions(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("mine.toml"), text).expect("a file");
    folder
}

fn check_functions(text: &str, code: i32, words: &[&str]) {
    check(functions(text).path(), &["--functions", "mine.toml"], code, words);
}

#[test]
fn functions_that_are_no_toml() {
    let text = "# mine\n[functions.greet]\ncommand = [\"sh\"\ntimeout = 3\n";
    check_functions(text, 3, &["mine.toml", "line 4"]);
}

#[test]
fn functions_with_an_unknown_key() {
    let text = "# mine\n[functions.greet]\ncommand = [\"sh\"]\nspeed = 3\n";
    check_functions(text, 3, &["mine.toml", "line 4", "`speed`", "`timeout`"]);
    check_functions("colour = 'red'\n", 3, &["mine.toml", "line 1", "`colour`"]);
}

#[test]
fn functions_with_a_bad_name() {
    let text = "# mine\n\n[functions.\"good morning\"]\ncommand = [\"sh\"]\n";
    check_functions(text, 3, &["mine.toml", "line 3", "good morning", "64"]);
}

#[test]
fn functions_with_a_bad_setting() {
    let text = "[functions.greet]\ncommand = [\"sh\"]\ntimeout = 5000\n";
    check_functions(text, 3, &["mine.toml", "greet", "`timeout`", "900", "5000"]);
}

#[test]
fn functions_that_cannot_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    check(folder.path(), &["--functions", "mine.toml"], 3, &["mine.toml", "--functions"]);
}

#[test]
fn the_default_file_is_read_too() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("mcp-lambda.toml"), "colour = 'red'").expect("a file");
    check(folder.path(), &[], 3, &["mcp-lambda.toml", "`colour`"]);
}

#[test]
fn a_missing_interpreter() {
    let text = "[functions.greet]\ncommand = [\"no-such-interpreter\", \"greet.x\"]\n";
    check_functions(text, 4, &["greet", "no-such-interpreter", "install it"]);
}

#[test]
fn a_missing_folder_of_a_function() {
    let text = "[functions.greet]\ncommand = [\"sh\"]\ndirectory = \"gone\"\n";
    check_functions(text, 4, &["greet", "gone", "does not exist"]);
}

#[test]
#[cfg(not(feature = "aws"))]
fn functions_in_aws_without_the_feature() {
    let folder = tempfile::tempdir().expect("a folder");
    check(folder.path(), &["--invoke", "aws"], 7, &["--invoke aws", "--features aws"]);
}

#[test]
fn functions_in_aws_and_here() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["--invoke", "aws", "--functions", "mine.toml"];
    check(folder.path(), &arguments, 2, &["--functions", "--invoke aws"]);
}

#[test]
fn a_port_that_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    check(folder.path(), &["--listen", &address], 5, &[&address, "--listen"]);
}

#[test]
fn an_address_of_another_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    // Kept for documentation: nobody has it.
    check(folder.path(), &["--listen", "192.0.2.1:80"], 5, &["192.0.2.1:80", "--listen"]);
}

#[test]
fn data_in_what_is_no_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("data"), "").expect("a file");
    check(folder.path(), &["--data", "data"], 6, &["data"]);
}

#[test]
fn data_that_is_no_database() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("data")).expect("a folder");
    let text = "this is no database, and long enough to be looked at. ".repeat(100);
    std::fs::write(folder.path().join("data/mcp-lambda.db"), &text).expect("a file");
    check(folder.path(), &["--data", "data"], 6, &["data/mcp-lambda.db"]);
    let left = std::fs::read_to_string(folder.path().join("data/mcp-lambda.db"));
    assert_eq!(left.expect("the file"), text, "what is not ours is not changed");
}

#[test]
fn data_in_use() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let first = Server::start(&["--data".as_ref(), data.as_os_str()]);
    check(folder.path(), &["--data", "data"], 6, &["data", "in use", "--data"]);
    first.client().get("/register/tool-example_echo").expect(200);
    first.stop();
    Server::start(&["--data".as_ref(), data.as_os_str()]).stop();
}
