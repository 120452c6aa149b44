//! Whether a function can be started at all, asked before anybody invokes it.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::config::FunctionConfig;
use crate::name::FunctionName;

impl FunctionConfig {
    /// Looks whether the directory and the program are there.
    ///
    /// A program without a `/` is looked up in the function's own `PATH` if it sets one, else in
    /// ours. What is found now can be gone later: starting a function still can fail.
    pub fn check(&self, name: &FunctionName) -> Result<(), CannotRun> {
        self.program(name).map(drop)
    }

    /// The path of the program to run.
    pub(crate) fn program(&self, name: &FunctionName) -> Result<PathBuf, CannotRun> {
        let function = name.clone();
        if !self.directory().is_dir() {
            let directory = self.directory().to_owned();
            return Err(CannotRun::NoDirectory { function, directory });
        }
        let program = &self.command()[0];
        if program.contains('/') {
            let path = PathBuf::from(program);
            return match executable(&path) {
                Some(true) => Ok(path),
                Some(false) => Err(CannotRun::NotExecutable { function, path }),
                None => Err(CannotRun::NoFile { function, path }),
            };
        }
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let search = self.environment().get("PATH").map_or(&*inherited, OsStr::new);
        // A relative entry of PATH counts from where the function runs.
        std::env::split_paths(search)
            .map(|folder| self.directory().join(folder).join(program))
            .find(|path| executable(path) == Some(true))
            .ok_or_else(|| CannotRun::NotInPath { function, program: program.clone() })
    }
}

/// Why a function cannot be started, and what to do about it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CannotRun {
    /// The directory is not there.
    #[error("function `{function}`: the directory {} does not exist; create it or correct \
             `directory`", directory.display())]
    NoDirectory {
        /// Whose directory it is.
        function: FunctionName,
        /// The directory.
        directory: PathBuf,
    },
    /// The program's file is not there.
    #[error("function `{function}`: the program {} does not exist; build it or correct \
             `command`", path.display())]
    NoFile {
        /// Whose program it is.
        function: FunctionName,
        /// The program's path.
        path: PathBuf,
    },
    /// The program's file may not be executed.
    #[error("function `{function}`: {} cannot be executed; make it executable or correct \
             `command`", path.display())]
    NotExecutable {
        /// Whose program it is.
        function: FunctionName,
        /// The program's path.
        path: PathBuf,
    },
    /// No directory of `PATH` has the program.
    #[error(
        "function `{function}`: `{program}` is not in PATH; install it or write its full \
             path in `command`"
    )]
    NotInPath {
        /// Whose program it is.
        function: FunctionName,
        /// The program's name.
        program: String,
    },
}

/// Whether a file may be executed by somebody; nothing if there is no such file.
fn executable(path: &Path) -> Option<bool> {
    let metadata = path.metadata().ok()?;
    Some(metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::RawFunction;

    fn check(base: &Path, text: &str) -> Result<(), String> {
        let name = FunctionName::parse("greet").expect("a good name");
        let raw: RawFunction = toml::from_str(text).expect("a table");
        let config = FunctionConfig::from_raw(&name, raw, base).expect("a config");
        config.check(&name).map_err(|error| error.to_string())
    }

    fn file(path: &Path, mode: u32) {
        fs::write(path, "").expect("a file");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode");
    }

    #[test]
    fn files_and_directories_must_be_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let base = folder.path();
        file(&base.join("good"), 0o755);
        file(&base.join("plain"), 0o644);
        fs::create_dir(base.join("sub")).expect("a folder");
        let at = base.display();

        assert_eq!(check(base, "command = ['./good']"), Ok(()));
        assert_eq!(check(base, "command = ['./good']\ndirectory = 'sub'"), Ok(()));
        for (text, message) in [
            (
                "command = ['./good']\ndirectory = 'gone'",
                format!("the directory {at}/gone does not exist; create it or correct `directory`"),
            ),
            (
                "command = ['./gone']",
                format!("the program {at}/./gone does not exist; build it or correct `command`"),
            ),
            (
                "command = ['./plain']",
                format!("{at}/./plain cannot be executed; make it executable or correct `command`"),
            ),
            (
                "command = ['./sub']",
                format!("{at}/./sub cannot be executed; make it executable or correct `command`"),
            ),
        ] {
            assert_eq!(check(base, text), Err(format!("function `greet`: {message}")));
        }
    }

    #[test]
    fn programs_are_looked_up_in_the_path_of_the_function() {
        let folder = tempfile::tempdir().expect("a folder");
        let base = folder.path();
        file(&base.join("mine"), 0o755);
        let path = base.display();
        assert_eq!(
            check(base, &format!("command = ['mine']\nenvironment.PATH = '{path}'")),
            Ok(())
        );
        assert_eq!(check(base, "command = ['mine']\nenvironment.PATH = '.'"), Ok(()));
        assert_eq!(check(base, "command = ['sh']"), Ok(()));
        let expected = "function `greet`: `sh` is not in PATH; install it or write its full path \
                        in `command`";
        let text = format!("command = ['sh']\nenvironment.PATH = '{path}'");
        assert_eq!(check(base, &text), Err(expected.to_owned()));
    }
}
