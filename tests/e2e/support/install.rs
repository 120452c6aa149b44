//! The foreign programs, installed once for each content of their lock files.

use std::ffi::OsString;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use super::command::{run, succeed};
use super::{part, repository};

/// How long an installation may take.
const INSTALL: Duration = Duration::from_secs(300);
/// How long a program may take to say its version.
const ASK: Duration = Duration::from_secs(30);
/// What makes an installation another one.
const LOCKS: [&str; 4] = ["package.json", "package-lock.json", ".npmrc", "requirements.txt"];
/// Written last: a folder without it is not finished.
const FINISHED: &str = "finished";

/// An installation.
pub(crate) struct Installed {
    folder: PathBuf,
    clients: PathBuf,
}

/// The installation; nothing if the foreign part is left out.
pub(crate) fn foreign() -> Option<&'static Installed> {
    static INSTALLED: OnceLock<Result<Installed, String>> = OnceLock::new();
    if !part::foreign() {
        return None;
    }
    let installed = INSTALLED.get_or_init(Installed::find_or_make);
    Some(installed.as_ref().unwrap_or_else(|error| panic!("{error}")))
}

impl Installed {
    /// The Node that comes with the packages.
    pub(crate) fn node(&self) -> Command {
        Command::new(self.folder.join("node_modules/.bin/node"))
    }

    /// The Python that has the packages.
    pub(crate) fn python(&self) -> Command {
        Command::new(self.folder.join("venv/bin/python"))
    }

    /// A file of a Node package.
    pub(crate) fn package(&self, path: &str) -> PathBuf {
        self.folder.join("node_modules").join(path)
    }

    /// A client script.
    pub(crate) fn script(&self, name: &str) -> PathBuf {
        self.clients.join(name)
    }

    /// A `PATH` on which both interpreters come first.
    pub(crate) fn path(&self) -> OsString {
        let own = [self.folder.join("venv/bin"), self.folder.join("node_modules/.bin")];
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let all = own.into_iter().chain(std::env::split_paths(&inherited));
        std::env::join_paths(all).expect("no colon in the target folder's name")
    }

    fn find_or_make() -> Result<Self, String> {
        let python = required()?;
        let source = repository("tests/foreign");
        let files: Vec<PathBuf> = LOCKS.iter().map(|name| source.join(name)).collect();
        let key = digest(&python, &files)?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("foreign-{key}"));
        let scripts = scripts(&source)?;
        // Beside the packages, because that is where Node looks for imports.
        let clients = folder.join(format!("clients-{}", digest("", &scripts)?));

        let lock = File::create(folder.with_extension("lock")).map_err(text)?;
        // Whoever holds it has deadlines.
        lock.lock().map_err(text)?;
        if !folder.join(FINISHED).exists() {
            make(&folder, &files)?;
        }
        if !clients.exists() {
            let new = folder.join("clients-new");
            copy(&scripts, &new)?;
            fs::rename(new, &clients).map_err(text)?;
        }
        Ok(Self { folder, clients })
    }
}

/// Says in one line what is missing, or which Python there is.
fn required() -> Result<String, String> {
    let mut missing = Vec::new();
    let question =
        "import sys; print(sys.version_info >= (3, 11), sys.version.split()[0], sys.prefix)";
    let python = answer(Command::new("python3").args(["-c", question]));
    match python.as_deref() {
        Some(known) if known.starts_with("True") => {}
        Some(old) => {
            let version = old.split_whitespace().nth(1).unwrap_or_default();
            missing.push(format!("Python 3.11 or later (python3 is {version})"));
        }
        None => missing.push("Python 3.11 or later (there is no python3)".to_owned()),
    }
    if answer(Command::new("npm").arg("--version")).is_none() {
        missing.push("npm (there is none)".to_owned());
    }
    match python {
        Some(python) if missing.is_empty() => Ok(python),
        _ => Err(format!(
            "the foreign part of the tests needs {}; install it, or {}",
            missing.join(" and "),
            part::QUICK_HINT
        )),
    }
}

fn answer(command: &mut Command) -> Option<String> {
    let finished = run(command, ASK).ok()?;
    (finished.code == Some(0)).then_some(finished.stdout)
}

fn make(folder: &Path, files: &[PathBuf]) -> Result<(), String> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(text)?;
    }
    copy(files, folder)?;
    let (node, python) = std::thread::scope(|scope| {
        let python = scope.spawn(|| install_python(folder));
        (install_node(folder), python.join().expect("no panic"))
    });
    node?;
    python?;
    fs::write(folder.join(FINISHED), "").map_err(text)
}

fn install_node(folder: &Path) -> Result<(), String> {
    succeed(Command::new("npm").arg("ci").current_dir(folder), INSTALL)?;
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
    format!("cannot prepare the foreign clients: {error}")
}
