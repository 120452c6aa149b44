//! Foreign programs, installed once for each content of their lock files.
//!
//! Several processes may ask for the same installation at the same time: one makes it, the others
//! wait.

use std::ffi::OsString;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::command::{run, succeed};
use crate::{part, repository};

/// How long an installation may take.
pub(crate) const INSTALL: Duration = Duration::from_secs(300);
/// How long a program may take to say its version.
const ASK: Duration = Duration::from_secs(30);
/// What makes an installation of the clients another one.
const LOCKS: [&str; 4] = ["package.json", "package-lock.json", ".npmrc", "requirements.txt"];
/// What makes an installation of the emulated AWS another one.
const AWS_LOCKS: [&str; 1] = ["aws/requirements.txt"];
/// What makes an installation of the packager another one.
const PACKAGER_LOCKS: [&str; 1] = ["package/requirements.txt"];
/// Written last: a folder without it is not finished.
const FINISHED: &str = "finished";

/// The clients' installation.
pub struct Installed {
    folder: PathBuf,
    clients: PathBuf,
}

/// A Python environment, for its programs.
pub struct Environment {
    folder: PathBuf,
}

/// The clients; nothing if the foreign part is left out. Panics, saying why, if they cannot be
/// installed.
pub fn foreign(target: &Path) -> Option<&'static Installed> {
    static INSTALLED: OnceLock<Result<Installed, String>> = OnceLock::new();
    once(&INSTALLED, || Installed::find_or_make(target))
}

/// The emulated AWS; nothing if the foreign part is left out. Panics, saying why, if it cannot be
/// installed.
pub fn emulator(target: &Path) -> Option<&'static Environment> {
    static INSTALLED: OnceLock<Result<Environment, String>> = OnceLock::new();
    once(&INSTALLED, || Environment::find_or_make(target, "aws", &AWS_LOCKS))
}

/// cargo-lambda; nothing if the foreign part is left out. Panics, saying why, if it cannot be
/// installed.
pub fn packager(target: &Path) -> Option<&'static Environment> {
    static INSTALLED: OnceLock<Result<Environment, String>> = OnceLock::new();
    once(&INSTALLED, || Environment::find_or_make(target, "package", &PACKAGER_LOCKS))
}

pub(crate) fn once<T>(
    cell: &'static OnceLock<Result<T, String>>,
    make: impl FnOnce() -> Result<T, String>,
) -> Option<&'static T> {
    if !part::foreign() {
        return None;
    }
    Some(cell.get_or_init(make).as_ref().unwrap_or_else(|error| panic!("{error}")))
}

impl Installed {
    /// The Node that comes with the packages.
    pub fn node(&self) -> Command {
        Command::new(self.folder.join("node_modules/.bin/node"))
    }

    /// The Python that has the packages.
    pub fn python(&self) -> Command {
        Command::new(self.folder.join("venv/bin/python"))
    }

    /// A file of a Node package.
    pub fn package(&self, path: &str) -> PathBuf {
        self.folder.join("node_modules").join(path)
    }

    /// A client script.
    pub fn script(&self, name: &str) -> PathBuf {
        self.clients.join(name)
    }

    /// A `PATH` on which both interpreters come first.
    pub fn path(&self) -> OsString {
        path([self.folder.join("venv/bin"), self.folder.join("node_modules/.bin")])
    }

    fn find_or_make(target: &Path) -> Result<Self, String> {
        let (python, npm) = (python(), npm());
        let missing: Vec<String> =
            [python.as_ref().err(), npm.err().as_ref()].into_iter().flatten().cloned().collect();
        let python = python.map_err(|_| needs(&missing))?;
        if !missing.is_empty() {
            return Err(needs(&missing));
        }
        let scripts = scripts(&repository("tests/foreign"))?;
        let folder = Folder::find_or_make(target, "foreign", &python, &LOCKS, |folder| {
            let (node, python) = std::thread::scope(|scope| {
                let python = scope.spawn(|| install_python(folder));
                (install_node(folder), python.join().expect("no panic"))
            });
            node.and(python)
        })?;
        // Beside the packages, because that is where Node looks for imports.
        let clients = folder.path.join(format!("clients-{}", digest("", &scripts)?));
        if !clients.exists() {
            let new = folder.path.join("clients-new");
            copy(&scripts, &new)?;
            fs::rename(new, &clients).map_err(text)?;
        }
        Ok(Self { folder: folder.path, clients })
    }
}

impl Environment {
    /// Its Python.
    pub fn python(&self) -> Command {
        self.program("python")
    }

    /// A program of its packages: `awscurl`, for one.
    pub fn program(&self, name: &str) -> Command {
        Command::new(self.folder.join("venv/bin").join(name))
    }

    /// A `PATH` on which its programs come first.
    pub fn path(&self) -> OsString {
        path([self.folder.join("venv/bin")])
    }

    fn find_or_make(target: &Path, name: &str, locks: &[&str]) -> Result<Self, String> {
        let python = python().map_err(|missing| needs(&[missing]))?;
        let made = Folder::find_or_make(target, name, &python, locks, install_python);
        made.map(|folder| Self { folder: folder.path })
    }
}

fn path(own: impl IntoIterator<Item = PathBuf>) -> OsString {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let all = own.into_iter().chain(std::env::split_paths(&inherited));
    std::env::join_paths(all).expect("no colon in the target folder's name")
}

/// A finished installation, and the right to add to it.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    _lock: File,
}

impl Folder {
    /// An installation that `make` has made or makes now from the lock files of `tests/foreign`,
    /// which it finds in the folder.
    pub(crate) fn find_or_make(
        target: &Path,
        name: &str,
        python: &str,
        locks: &[&str],
        make: impl FnOnce(&Path) -> Result<(), String>,
    ) -> Result<Self, String> {
        let source = repository("tests/foreign");
        let files: Vec<PathBuf> = locks.iter().map(|name| source.join(name)).collect();
        let path = target.join(format!("{name}-{}", digest(python, &files)?));
        let lock = File::create(path.with_extension("lock")).map_err(text)?;
        // Whoever holds it has deadlines.
        lock.lock().map_err(text)?;
        if !path.join(FINISHED).exists() {
            if path.exists() {
                fs::remove_dir_all(&path).map_err(text)?;
            }
            copy(&files, &path)?;
            make(&path)?;
            fs::write(path.join(FINISHED), "").map_err(text)?;
        }
        Ok(Self { path, _lock: lock })
    }
}

impl Folder {
    /// An installation of Node packages alone.
    pub(crate) fn of_packages(target: &Path, name: &str, files: &[&str]) -> Result<Self, String> {
        npm().map_err(|missing| needs(&[missing]))?;
        Self::find_or_make(target, name, "", files, npm_packages)
    }
}

/// Which Python there is, or in a few words what is missing.
pub(crate) fn python() -> Result<String, String> {
    let question =
        "import sys; print(sys.version_info >= (3, 11), sys.version.split()[0], sys.prefix)";
    match answer(Command::new("python3").args(["-c", question])) {
        Some(known) if known.starts_with("True") => Ok(known),
        Some(old) => {
            let version = old.split_whitespace().nth(1).unwrap_or_default();
            Err(format!("Python 3.11 or later (python3 is {version})"))
        }
        None => Err("Python 3.11 or later (there is no python3)".to_owned()),
    }
}

pub(crate) fn npm() -> Result<(), String> {
    let version = answer(Command::new("npm").arg("--version"));
    version.map(|_| ()).ok_or_else(|| "npm (there is none)".to_owned())
}

/// Says in one line what is missing.
pub(crate) fn needs(missing: &[String]) -> String {
    format!(
        "the foreign part of the tests needs {}; install it, or {}",
        missing.join(" and "),
        part::QUICK_HINT
    )
}

fn answer(command: &mut Command) -> Option<String> {
    let finished = run(command, ASK).ok()?;
    (finished.code == Some(0)).then_some(finished.stdout)
}

/// Installs the Node packages of the lock file in a folder.
pub(crate) fn npm_packages(folder: &Path) -> Result<(), String> {
    succeed(Command::new("npm").arg("ci").current_dir(folder), INSTALL).map(|_| ())
}

fn install_node(folder: &Path) -> Result<(), String> {
    npm_packages(folder)?;
    let node = folder.join("node_modules/.bin/node");
    match node.exists() {
        true => Ok(()),
        false => Err("there is no Node 22 package for this platform".to_owned()),
    }
}

fn install_python(folder: &Path) -> Result<(), String> {
    succeed(Command::new("python3").args(["-m", "venv", "venv"]).current_dir(folder), INSTALL)?;
    let mut pip = Command::new(folder.join("venv/bin/python"));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--require-hashes"])
        .args(["--only-binary", ":all:", "-r", "requirements.txt"])
        .current_dir(folder);
    succeed(&mut pip, INSTALL).map(|_| ())
}

fn scripts(source: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(source.join("clients")).map_err(text)?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(text)?;
    paths.retain(|path| path.is_file());
    paths.sort();
    Ok(paths)
}

fn copy(files: &[PathBuf], folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(text)?;
    for file in files {
        let name = file.file_name().expect("a file's path");
        fs::copy(file, folder.join(name))
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

fn digest(start: &str, files: &[PathBuf]) -> Result<String, String> {
    let mut hasher = DefaultHasher::new();
    start.hash(&mut hasher);
    for file in files {
        file.file_name().hash(&mut hasher);
        fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn text(error: std::io::Error) -> String {
    format!("cannot install the foreign programs: {error}")
}
