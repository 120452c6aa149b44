//! Peers from public registries, installed once for each content of their lock files.

use std::ffi::OsString;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Written last: a folder without it is not finished.
const FINISHED: &str = "finished";

/// Python packages in an environment of their own.
pub struct Python {
    folder: PathBuf,
}

impl Python {
    /// The packages of a folder of `bench/peers`, installed under `target`; or why not.
    pub fn install(target: &Path, name: &str) -> Result<Self, String> {
        let folder = installed(target, name, &["requirements.txt"], |folder| {
            run(Command::new("python3").args(["-m", "venv", "venv"]).current_dir(folder))?;
            let mut pip = Command::new(folder.join("venv/bin/python"));
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .args(["--require-hashes", "--only-binary", ":all:", "-r", "requirements.txt"])
                .current_dir(folder);
            run(&mut pip)
        })?;
        Ok(Self { folder })
    }

    /// A program of the environment.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join("venv/bin").join(name)
    }

    /// The packages, without what every environment has.
    pub fn packages(&self) -> Result<Vec<PathBuf>, String> {
        let versions = entries(&self.folder.join("venv/lib"))?;
        let packages = versions.first().ok_or("the environment is empty")?.join("site-packages");
        let mut entries = entries(&packages)?;
        entries.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            !["pip", "setuptools", "_distutils", "distutils", "__pycache__"]
                .iter()
                .any(|common| name.starts_with(common))
        });
        Ok(entries)
    }

    /// Writes files and folders into a zip archive.
    pub fn zip(&self, archive: &Path, files: &[PathBuf]) -> Result<(), String> {
        let mut zip = Command::new(self.program("python"));
        run(zip.args(["-m", "zipfile", "-c"]).arg(archive).args(files))
    }
}

/// Node packages, Node itself among them.
pub struct Node {
    folder: PathBuf,
}

impl Node {
    /// The packages of `bench/peers/node`, installed under `target`; or why not.
    pub fn install(target: &Path) -> Result<Self, String> {
        let locks = ["package.json", "package-lock.json", ".npmrc"];
        let folder = installed(target, "node", &locks, |folder| {
            run(Command::new("npm").args(["ci", "--silent"]).current_dir(folder))
        })?;
        let node = folder.join("node_modules/.bin/node");
        match node.exists() {
            true => Ok(Self { folder }),
            false => Err("there is no Node 22 package for this platform".to_owned()),
        }
    }

    /// The program.
    pub fn program(&self) -> OsString {
        self.folder.join("node_modules/.bin/node").into()
    }

    /// The folder of the packages.
    pub fn modules(&self) -> PathBuf {
        self.folder.join("node_modules")
    }
}

/// A file of `bench/peers`.
pub fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(path)
}

/// What a folder holds, in order.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

fn installed(
    target: &Path,
    name: &str,
    locks: &[&str],
    make: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let text = |error: std::io::Error| format!("{name}: {error}");
    let mut hasher = DefaultHasher::new();
    for lock in locks {
        fs::read(source(name).join(lock)).map_err(text)?.hash(&mut hasher);
    }
    let path = target.join(format!("bench-{name}-{:016x}", hasher.finish()));
    let guard = File::create(path.with_extension("lock")).map_err(text)?;
    // Whoever holds it installs the same.
    guard.lock().map_err(text)?;
    if path.join(FINISHED).exists() {
        return Ok(path);
    }
    if path.exists() {
        fs::remove_dir_all(&path).map_err(text)?;
    }
    fs::create_dir_all(&path).map_err(text)?;
    for lock in locks {
        fs::copy(source(name).join(lock), path.join(lock)).map_err(text)?;
    }
    make(&path)?;
    fs::write(path.join(FINISHED), "").map_err(text)?;
    Ok(path)
}

/// Runs a program to its end; or says what it wrote.
pub fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}
