//! What templates and policies are checked with: cfn-lint, sam, the SAM translator, parliament,
//! checkov and cfn-guard, pinned by the lock files of `tests/foreign/template`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::command::succeed;
use crate::install::{self, Folder, INSTALL};
use crate::repository;

/// What makes an installation another one.
const LOCKS: [&str; 5] = [
    "template/package.json",
    "template/package-lock.json",
    "template/.npmrc",
    "template/requirements-lint.txt",
    "template/requirements-scan.txt",
];
/// The two Python environments: checkov wants another boto3 than sam.
const ENVIRONMENTS: [&str; 2] = ["lint", "scan"];
/// The package of cfn-guard, in the installation.
const GUARD: &str = "node_modules/@cdklabs/cdk-validator-cfnguard";

/// The installation.
pub struct TemplateTools {
    folder: PathBuf,
}

/// The tools; nothing if the foreign part is left out. Panics, saying why, if they cannot be
/// installed.
pub fn template_tools(target: &Path) -> Option<&'static TemplateTools> {
    static INSTALLED: OnceLock<Result<TemplateTools, String>> = OnceLock::new();
    install::once(&INSTALLED, || TemplateTools::find_or_make(target))
}

impl TemplateTools {
    /// `lint.py`: cfn-lint, `sam validate --lint` and the SAM translator; takes templates.
    pub fn lint(&self) -> Command {
        self.script("lint", "lint.py")
    }

    /// `policies.py`: parliament; takes a file of policies.
    pub fn policies(&self) -> Command {
        self.script("lint", "policies.py")
    }

    /// `scan.py`: checkov; takes templates.
    pub fn scan(&self) -> Command {
        self.script("scan", "scan.py")
    }

    /// `terraform.py`: the parser of Terraform's language that checkov comes with; takes
    /// configurations.
    pub fn terraform(&self) -> Command {
        self.script("scan", "terraform.py")
    }

    /// `cfn-guard validate` with all rules of AWS Control Tower, answering in JSON; takes
    /// `-d TEMPLATE`. Its exit code is 19 if a rule is broken.
    pub fn guard(&self) -> Result<Command, String> {
        let package = self.folder.join(GUARD);
        let system = match std::env::consts::OS {
            "linux" => "ubuntu",
            "macos" => "macos",
            other => return Err(format!("there is no cfn-guard for {other}")),
        };
        let program = package.join("bin").join(system).join(std::env::consts::ARCH);
        let mut command = Command::new(program.join("cfn-guard"));
        command
            .args(["validate", "--structured", "-o", "json", "--show-summary", "none", "-r"])
            .arg(package.join("rules/control-tower/cfn-guard"));
        Ok(command)
    }

    /// The SAM command line, which tells nobody that it is used.
    pub fn sam(&self) -> Command {
        let mut command = Command::new(self.folder.join("venv-lint/bin/sam"));
        command.env("SAM_CLI_TELEMETRY", "0").env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    fn script(&self, environment: &str, name: &str) -> Command {
        let mut command = Command::new(self.python(environment));
        command.arg(repository("tests/foreign/template").join(name));
        command
    }

    fn python(&self, environment: &str) -> PathBuf {
        self.folder.join(format!("venv-{environment}/bin/python"))
    }

    fn find_or_make(target: &Path) -> Result<Self, String> {
        let (python, npm) = (install::python(), install::npm());
        let missing: Vec<String> =
            [python.as_ref().err(), npm.as_ref().err()].into_iter().flatten().cloned().collect();
        let python = python.map_err(|_| install::needs(&missing))?;
        npm.map_err(|_| install::needs(&missing))?;
        let made = Folder::find_or_make(target, "template", &python, &LOCKS, |folder| {
            std::thread::scope(|scope| {
                let environments = ENVIRONMENTS.map(|name| scope.spawn(|| packages(folder, name)));
                let guard = install::npm_packages(folder);
                for environment in environments {
                    environment.join().expect("no panic")?;
                }
                guard
            })
        })?;
        Ok(Self { folder: made.path })
    }
}

/// A Python environment with what its lock file has. That is complete, so that nothing needs to be
/// resolved; pip would not take the lock's extras as pins.
fn packages(folder: &Path, name: &str) -> Result<(), String> {
    let venv = format!("venv-{name}");
    succeed(Command::new("python3").args(["-m", "venv", &venv]).current_dir(folder), INSTALL)?;
    let mut pip = Command::new(folder.join(&venv).join("bin/python"));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--require-hashes"])
        .args(["--no-deps", "--only-binary", ":all:", "-r"])
        .arg(format!("requirements-{name}.txt"))
        .current_dir(folder);
    succeed(&mut pip, INSTALL).map(|_| ())
}
