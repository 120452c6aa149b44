//! The program's arguments, and what it prints without serving.

use mcp_lambda_test_support::command::run;

use crate::support::{LIMIT, program};

fn check(arguments: &[&str], code: i32, stdout: &str, stderr: &str) {
    let finished = run(program("echo").args(arguments), LIMIT).expect("an end");
    assert_eq!(finished.code, Some(code), "{finished}");
    assert!(finished.stdout.contains(stdout) && finished.stderr.contains(stderr), "{finished}");
    assert!(!stdout.is_empty() || finished.stdout.is_empty(), "{finished}");
}

#[test]
fn what_is_printed() {
    check(&["--help"], 0, "--mount PREFIX", "");
    check(&["--version"], 0, concat!("echo ", env!("CARGO_PKG_VERSION")), "");
    let page = "\
# echo 0.1.0

## Tool `echo`

Says what it is told.

| argument | type | required | |
|---|---|---|---|
| `text` | string | yes | what to say |
| `times` | integer or null | no | how often, once if it is left out |

## Resource `echo://about`

What this server is for.

## Resource `echo://words/{word}{?times}`

A word, said again.

## Prompt `repeat`

Lets the model repeat something.

| argument | type | required | |
|---|---|---|---|
| `text` | string | yes | What to repeat. |
| `times` | string | no | How often: a number. |";
    check(&["--describe"], 0, page, "");
}

#[test]
fn what_is_refused() {
    check(&["serve"], 2, "", "echo: serve is not an option; --help tells more");
    check(&["--mode", "ftp"], 2, "", "--mode is stdio, http or lambda");
    check(&["--mode", "lambda"], 1, "", "AWS_LAMBDA_RUNTIME_API");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    check(&["--mode", "http", "--listen", &address], 1, "", "another address with --listen");
    check(&["--data", "/dev/null/x"], 1, "", "cannot use the folder");
}

#[test]
fn no_input_at_all_is_explained() {
    check(&[], 0, "", "--mode http starts an HTTP server");
}
