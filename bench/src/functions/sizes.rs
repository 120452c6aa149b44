//! Sizes of deployment packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::install::{Python, entries, run, source};
use super::peers::{Peers, Programs, awslabs_folder, typescript_folder};
use super::results::{Size, Subject};

const ARM64: &str = "aarch64-unknown-linux-gnu";
/// What Lambda's own Python runtime brings along.
const IN_RUNTIME: [&str; 12] = [
    "awslambdaric",
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "python_dateutil",
    "runtime_client",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot_restore_py",
    "urllib3",
];

/// Measures every package that can be made here.
pub fn measure(programs: &Programs, peers: &Peers, folder: &Path) -> Vec<Size> {
    let mut sizes = Sizes { python: peers.python.as_ref(), folder, all: Vec::new() };
    sizes.left_without_python();
    let own = "bootstrap, x86_64";
    sizes.add(Subject::McpLambda, own, Ok(vec![programs.bootstrap.clone()]));
    match arm64(&programs.target) {
        Ok(program) => sizes.add(Subject::McpLambda, "bootstrap, arm64", Ok(vec![program])),
        Err(why) => sizes.left(format!("The arm64 bootstrap is left out: {why}.")),
    }
    sizes.add(Subject::Rmcp, own, Ok(vec![programs.rmcp.clone()]));
    if let Some(node) = &peers.node {
        let app = entries(&typescript_folder(folder)).map(without_modules);
        let packages = entries(&node.modules()).map(|mut packages| {
            // Lambda has Node; what is installed here runs the measurement.
            packages.retain(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                !name.starts_with("node-") && !name.starts_with('.')
            });
            packages
        });
        let files = app.and_then(|app| Ok([app, packages?].concat()));
        sizes.add(Subject::TypeScript, "handler and packages", files);
    }
    if let Some(python) = &peers.python {
        let app = entries(&awslabs_folder(folder)).map(without_modules);
        let files = app.and_then(|app| Ok((app, python.packages()?)));
        let lean = files.clone().map(|(app, mut packages)| {
            packages.retain(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                !IN_RUNTIME.iter().any(|own| name.starts_with(own))
            });
            [app, packages].concat()
        });
        sizes.add(Subject::Python, "handler and packages", files.map(|(a, p)| [a, p].concat()));
        sizes.add(Subject::Python, "without what Lambda's runtime has", lean);
    }
    sizes.all
}

struct Sizes<'a> {
    python: Option<&'a Python>,
    folder: &'a Path,
    all: Vec<Size>,
}

impl Sizes<'_> {
    fn left(&mut self, why: String) {
        self.all.push(Size::Left { why });
    }

    fn left_without_python(&mut self) {
        if self.python.is_none() {
            self.left(
                "Nothing is packed: Python, which makes the archives, is missing.".to_owned(),
            );
        }
    }

    fn add(&mut self, subject: Subject, what: &str, files: Result<Vec<PathBuf>, String>) {
        let Some(python) = self.python else { return };
        let archive = self.folder.join("package.zip");
        let measured = files.and_then(|files| {
            python.zip(&archive, &files)?;
            let zip = fs::metadata(&archive).map_err(|error| error.to_string())?;
            Ok((files.iter().map(|path| bytes(path)).sum(), zip.len()))
        });
        match measured {
            Ok((bytes, zip_bytes)) => {
                self.all.push(Size::Package { subject, what: what.to_owned(), bytes, zip_bytes });
            }
            Err(why) => self.left(format!("{}, {what}, is left out: {why}.", subject.as_str())),
        }
    }
}

fn without_modules(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    files.retain(|path| {
        let name = path.file_name().unwrap_or_default();
        name != "node_modules" && name != "__pycache__"
    });
    files
}

/// The bytes of a file, or of all files of a folder.
fn bytes(path: &Path) -> u64 {
    match entries(path) {
        Ok(entries) => entries.iter().map(|entry| bytes(entry)).sum(),
        Err(_) => fs::metadata(path).map_or(0, |file| file.len()),
    }
}

/// Builds the functions for the other processor, with the linker that cargo-lambda brings along.
fn arm64(target: &Path) -> Result<PathBuf, String> {
    let installed = Command::new("rustup").args(["target", "list", "--installed"]).output();
    let installed = installed.map_err(|error| format!("rustup: {error}"))?;
    if !String::from_utf8_lossy(&installed.stdout).lines().any(|line| line == ARM64) {
        return Err(format!(
            "the Rust target {ARM64} is not installed (rustup target add {ARM64})"
        ));
    }
    let tools = Python::install(target, "cargo-lambda")?;
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let own = tools.program("cargo-lambda");
    let own = own.parent().ok_or("the environment has no programs")?.to_owned();
    let path = std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&inherited)));
    let mut cargo = Command::new(tools.program("cargo-lambda"));
    cargo
        .args(["lambda", "build", "--arm64", "--profile", "lambda", "--disable-optimizations"])
        .args(["--package", "mcp-lambda-runtime", "--features", "function"])
        .args(["--bin", "bootstrap", "--lambda-dir"])
        .arg(target.join("bench-arm64"))
        .env("PATH", path.map_err(|error| error.to_string())?)
        .env("CARGO_TARGET_DIR", target)
        .current_dir(source("../.."));
    run(&mut cargo)?;
    Ok(target.join("bench-arm64/bootstrap/bootstrap"))
}
