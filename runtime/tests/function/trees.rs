//! What the program is made of: one HTTP stack, one TLS stack, and nothing of the local ones.

use std::process::Command;

/// All packages of the deployed program, one on each line, without those of tests and builds.
fn tree() -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none"])
        .args(["--package", "mcp-lambda-runtime", "--features", "function"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn one_stack_of_each() {
    let tree = tree();
    let versions = |name: &str| {
        let lines = tree.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(" v"));
        let mut versions: Vec<&str> =
            lines.filter_map(|version| version.split_whitespace().next()).collect();
        versions.sort_unstable();
        versions.dedup();
        versions
    };
    for (name, version) in [("hyper", "1."), ("rustls", "0.23"), ("http", "1."), ("ring", "0.17")] {
        let found = versions(name);
        assert!(found.len() == 1 && found[0].starts_with(version), "{name} {found:?}");
    }
    for absent in [
        "aws-lc-rs",
        "aws-lc-sys",
        "aws-config",
        "lambda-host",
        "lambda_runtime",
        "native-tls",
        "openssl",
        "reqwest",
        "rusqlite",
    ] {
        assert_eq!(versions(absent), Vec::<&str>::new(), "{absent}");
    }
}
