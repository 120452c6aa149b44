//! Building the program of the functions.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::Architecture;
use crate::account::{Event, Progress};

/// The package that has the program.
const PACKAGE: &str = "mcp-lambda-runtime";
/// How long a build may take.
const BUILD: Duration = Duration::from_secs(3600);
/// How long a tool may take to say whether it is there.
const ASK: Duration = Duration::from_secs(30);

/// Why the program could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no source here.
    #[error(
        "{0} is not a clone of mcp-lambda; run this in one, name it with --source, or give a ready \
         program with --artifact"
    )]
    NoSource(PathBuf),
    /// Rust cannot build for this architecture here.
    #[error(
        "this machine cannot build for {architecture}: install cargo-lambda (pip install \
         cargo-lambda) and the target (rustup target add {target}), or choose another \
         --architecture"
    )]
    NoTarget {
        /// Which.
        architecture: Architecture,
        /// As Rust calls it.
        target: &'static str,
    },
    /// The compiler failed.
    #[error("{command} failed: {reason}")]
    Failed {
        /// What was run.
        command: String,
        /// How it ended.
        reason: String,
    },
}

/// What builds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Tool {
    /// Knows Lambda: links against its C library, for both architectures.
    CargoLambda,
    /// Links against an old C library too.
    Zigbuild,
    /// Links against this machine's C library.
    Cargo,
}

/// Builds the program for Lambda out of a clone, which takes minutes; gives its path.
///
/// With `cargo-lambda` or `cargo-zigbuild` it fits Lambda's C library. Without them it is built
/// with plain Cargo, for this machine's architecture only, and may need a newer C library than
/// Lambda has: [`Archive::needs_newer_glibc`](super::Archive::needs_newer_glibc) tells.
pub async fn build(
    source: &Path,
    architecture: Architecture,
    progress: &dyn Progress,
) -> Result<PathBuf, BuildError> {
    if !source.join("runtime/src/bin/bootstrap.rs").is_file() {
        return Err(BuildError::NoSource(source.to_owned()));
    }
    let tool = if answers(source, &["lambda", "--version"]).await {
        Tool::CargoLambda
    } else if answers(source, &["zigbuild", "--version"]).await {
        Tool::Zigbuild
    } else {
        Tool::Cargo
    };
    let foreign = Architecture::of_this_machine() != Some(architecture);
    let target = architecture.target();
    if (foreign && tool == Tool::Cargo) || !has_target(target).await {
        return Err(BuildError::NoTarget { architecture, target });
    }
    let folder = target_folder(source).await;
    let arguments = arguments(tool, architecture, &folder);
    let command = format!("cargo {}", arguments.join(" "));
    progress.tell(Event::Building { command: &command });
    let failed = |reason: String| BuildError::Failed { command: command.clone(), reason };
    let mut cargo = cargo(source);
    // What the compiler says is for the one who waits; standard output is ours.
    cargo.args(&arguments).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    let ended = tokio::time::timeout(BUILD, cargo.status()).await;
    let status = ended
        .map_err(|_| failed(format!("it takes longer than {} minutes", BUILD.as_secs() / 60)))?
        .map_err(|error| failed(error.to_string()))?;
    if !status.success() {
        return Err(failed(status.to_string()));
    }
    let built = folder.join(output(tool, architecture));
    if built.is_file() {
        Ok(built)
    } else {
        Err(failed(format!("there is no {}", built.display())))
    }
}

/// Cargo in the source's folder, the one that runs us if there is one.
fn cargo(source: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(source);
    cargo
}

fn arguments(tool: Tool, architecture: Architecture, folder: &Path) -> Vec<String> {
    let target = architecture.target();
    let (command, target): (&[&str], String) = match tool {
        Tool::CargoLambda => (&["lambda", "build"], target.to_owned()),
        Tool::Zigbuild => (&["zigbuild"], format!("{target}.{}.{}", GLIBC.0, GLIBC.1)),
        Tool::Cargo => (&["build"], target.to_owned()),
    };
    let common = ["--profile", "lambda", "--locked", "--package", PACKAGE, "--bin", "bootstrap"];
    let features = ["--no-default-features", "--features", "function", "--target"];
    let all = command.iter().chain(&common).chain(&features);
    let mut all: Vec<_> = all.map(|argument| (*argument).to_owned()).chain([target]).collect();
    if tool == Tool::CargoLambda {
        // Where it would put the program by itself, plain Cargo puts a file of that name.
        let own = folder.join(FUNCTIONS).join(architecture.as_str());
        all.extend(["--lambda-dir".to_owned(), own.to_string_lossy().into_owned()]);
    }
    all
}

/// Where cargo-lambda puts programs, in the target folder.
const FUNCTIONS: &str = "functions";

const GLIBC: (u16, u16) = super::LAMBDA_GLIBC;

/// Where the program is, in the target folder.
fn output(tool: Tool, architecture: Architecture) -> PathBuf {
    match tool {
        Tool::CargoLambda => {
            Path::new(FUNCTIONS).join(architecture.as_str()).join("bootstrap/bootstrap")
        }
        Tool::Zigbuild | Tool::Cargo => {
            Path::new(architecture.target()).join("lambda").join("bootstrap")
        }
    }
}

async fn answers(source: &Path, arguments: &[&str]) -> bool {
    let mut cargo = cargo(source);
    cargo.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let ended = tokio::time::timeout(ASK, cargo.kill_on_drop(true).status()).await;
    ended.is_ok_and(|status| status.is_ok_and(|status| status.success()))
}

/// Whether Rust's library is there for a target.
async fn has_target(target: &str) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", target]).stdin(Stdio::null());
    let asked = tokio::time::timeout(ASK, rustc.kill_on_drop(true).output()).await;
    let Ok(Ok(said)) = asked else { return false };
    let folder = String::from_utf8_lossy(&said.stdout);
    Path::new(folder.trim()).is_dir()
}

/// The target folder: Cargo's settings may put it anywhere.
async fn target_folder(source: &Path) -> PathBuf {
    let mut cargo = cargo(source);
    cargo.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    cargo.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let asked = tokio::time::timeout(ASK, cargo.output()).await;
    let said = asked.ok().and_then(Result::ok).map(|said| said.stdout).unwrap_or_default();
    let said: serde_json::Value = serde_json::from_slice(&said).unwrap_or_default();
    said["target_directory"].as_str().map_or_else(|| source.join("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_builds_the_same_program() {
        for (tool, begins, ends) in [
            (Tool::CargoLambda, "lambda build --profile lambda", "--lambda-dir t/functions/arm64"),
            (Tool::Zigbuild, "zigbuild --profile lambda", "aarch64-unknown-linux-gnu.2.34"),
            (Tool::Cargo, "build --profile lambda", "aarch64-unknown-linux-gnu"),
        ] {
            let said = arguments(tool, Architecture::Arm64, Path::new("t")).join(" ");
            assert!(said.starts_with(begins) && said.ends_with(ends), "{said}");
            assert!(said.contains("--bin bootstrap --no-default-features --features function"));
        }
    }
}
