//! Recipes, and a clone from which somebody deploys with nothing made ready: the program of the
//! functions is built for Lambda, packed, uploaded and deployed. A build takes minutes and all
//! processors, so this is a test program of its own, which runs beside no other.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mcp_lambda_test_support::command::{Finished, run};
use mcp_lambda_test_support::install::packager;
use mcp_lambda_test_support::ministack::{Key, Ministack, REGION};
use serde_json::Value;

/// How long a build of everything may take.
const BUILD: Duration = Duration::from_secs(3_000);

/// `mcp-lambda` in a clone, with cargo-lambda at hand.
fn mcp_lambda(ministack: &Ministack, path: &std::ffi::OsStr, arguments: &[&str]) -> Finished {
    let key = Key::root();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-lambda"));
    command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PATH", path)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL", ministack.endpoint())
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", key.id)
        .env("AWS_SECRET_ACCESS_KEY", key.secret);
    let finished = run(&mut command, BUILD).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(finished.code, Some(0), "{finished}");
    finished
}

/// What a command says last.
fn last(finished: &Finished) -> Value {
    let line = finished.stdout.lines().last().expect("a line");
    serde_json::from_str(line).unwrap_or_else(|_| panic!("{finished}"))
}

#[test]
fn a_clone_is_built_and_deployed() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let Some(packager) = packager(target) else { return };
    let ministack = Ministack::start(target, true).expect("the foreign part runs");
    let path = packager.path();
    // The emulated Lambda runs on this machine.
    let deploy = ["deploy", "--yes", "--json", "--stack-name", "clone", "--architecture", "x86_64"];
    let created = mcp_lambda(&ministack, &path, &deploy);
    let outputs = last(&created);
    assert_eq!(outputs["status"], "created", "{created}");
    assert!(!created.stderr.contains("glibc"), "it fits Lambda's C library: {created}");

    let url = outputs["outputs"]["McpFunctionUrl"].as_str().expect("an output");
    let id = url.trim_start_matches("https://").split('.').next().expect("an id");
    let url = format!("{}/_aws/lambda-url/{id}", ministack.endpoint());
    let listed = ["tools", "--json", "--url", &url, "--service", "lambda"];
    let listed = mcp_lambda(&ministack, &path, &listed);
    assert_eq!(listed.stdout, "", "it is served, and nothing is registered: {listed}");

    // The same source is the same archive, byte for byte.
    let again = mcp_lambda(&ministack, &path, &deploy);
    assert_eq!(last(&again)["status"], "unchanged", "{again}");
}

#[test]
fn every_command_has_a_recipe() {
    let Some(packager) = packager(Path::new(env!("CARGO_TARGET_TMPDIR"))) else { return };
    // Says what it is asked, an argument a line.
    let folder = tempfile::tempdir().expect("a folder");
    let cargo = folder.path().join("cargo");
    std::fs::write(&cargo, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").expect("a file");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&cargo, executable).expect("its owner may");
    let inherited = packager.path();
    let path = std::iter::once(folder.path().to_owned()).chain(std::env::split_paths(&inherited));
    let path = std::env::join_paths(path).expect("no colons");
    for name in ["synth", "package", "deploy", "diff", "outputs", "destroy", "publish"] {
        let mut just = packager.program("just");
        just.args([name, "--stack-name", "a b"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("PATH", &path);
        let said = run(&mut just, BUILD).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(said.code, Some(0), "{said}");
        let asked: Vec<&str> = said.stdout.lines().collect();
        // Who only writes a template needs no AWS SDK.
        let features: &[&str] = if name == "synth" { &[] } else { &["--features", "deploy"] };
        let expected =
            [&["run", "--locked"], features, &["--", name, "--stack-name", "a b"]].concat();
        assert_eq!(asked, expected, "{said}");
        let mut help = Command::new(env!("CARGO_BIN_EXE_mcp-lambda"));
        let helped = run(help.args([name, "--help"]), BUILD).expect("an end");
        assert_eq!(helped.code, Some(0), "{helped}");
    }
}
