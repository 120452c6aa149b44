//! Packages: the program of the functions as an archive in a bucket, and templates that refer to it.

mod bootstrap;
mod build;
mod rewrite;
mod template;

use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};

pub use self::bootstrap::{
    Archive, Bootstrap, InvalidBootstrap, LAMBDA_GLIBC, MAX_BOOTSTRAP_BYTES,
};
pub use self::build::{BuildError, build};
pub(crate) use self::template::APPLICATION;
pub use self::template::{InvalidTemplate, MAX_TEMPLATE_BYTES, NotPackaged, Packaged, Template};
use crate::account::{Account, Bucket, Fault, PREFIX, Progress};

/// A processor that Lambda has.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Architecture {
    /// Graviton, which costs less.
    Arm64,
    /// Intel's and AMD's.
    X86_64,
}

impl Architecture {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Arm64, Self::X86_64];

    /// As Lambda calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    /// That of this machine; nothing if Lambda has none like it.
    pub fn of_this_machine() -> Option<Self> {
        match std::env::consts::ARCH {
            "aarch64" => Some(Self::Arm64),
            "x86_64" => Some(Self::X86_64),
            _ => None,
        }
    }

    /// As the names of Rust's targets begin.
    fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }
}

impl std::fmt::Display for Architecture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The program of the functions for one architecture.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// What it runs on.
    pub architecture: Architecture,
    /// The program as Lambda wants it.
    pub archive: Archive,
}

impl Artifact {
    /// Reads a ready `bootstrap`, which must be for this architecture.
    pub fn read(path: &Path, architecture: Architecture) -> Result<Self, PackageError> {
        let unreadable = |source| PackageError::Unreadable { path: path.to_owned(), source };
        let bytes = std::fs::read(path).map_err(unreadable)?;
        let bootstrap = Bootstrap::parse(bytes, architecture)
            .map_err(|reason| PackageError::Bootstrap { path: path.to_owned(), reason })?;
        Ok(Self { architecture, archive: bootstrap.archive() })
    }
}

/// Why there is no package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A file.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A program that Lambda would not start.
    #[error("{path} cannot be deployed: {reason}")]
    Bootstrap {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: InvalidBootstrap,
    },
    /// The template and the programs do not fit.
    #[error("{0}")]
    Template(String),
    /// AWS.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Uploads programs, and the files that the template's metadata name, and writes where they lie
/// into the template.
///
/// All functions of the template whose code is a local path get the same program. With one
/// artifact their code is a plain address; with both architectures, the template's parameter
/// `Architecture` chooses at deployment. Files are named relative to `folder`.
/// Nothing is uploaded twice: keys are made of the content's SHA-256.
pub async fn package(
    account: &Account,
    template: Template,
    artifacts: &[Artifact],
    folder: &Path,
    bucket: &Bucket,
    progress: &dyn Progress,
) -> Result<Packaged, PackageError> {
    let mut plan = rewrite::Plan::new(template, artifacts, bucket)?;
    for file in plan.files() {
        let path = folder.join(&file);
        let content = std::fs::read(&path)
            .map_err(|source| PackageError::Unreadable { path: path.clone(), source })?;
        let key = key(&hash(&content), &path);
        bucket.put(account, &key, &content, progress).await?;
        plan.file_lies_at(&file, &bucket.uri(&key));
    }
    for artifact in artifacts {
        bucket.put(account, &artifact.archive.key(), artifact.archive.bytes(), progress).await?;
    }
    plan.finish()
}

/// The hash of some content, in hexadecimal digits.
pub(crate) fn hash(content: &[u8]) -> String {
    digest(&SHA256, content).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key of an object with this content, with the extension of the file that it comes from.
fn key(hash: &str, path: &Path) -> String {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some(extension) => format!("{PREFIX}{hash}.{extension}"),
        None => format!("{PREFIX}{hash}"),
    }
}
