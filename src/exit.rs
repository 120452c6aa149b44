//! The documented exit codes, and the one map from failures to them.

use std::net::SocketAddr;
use std::path::PathBuf;

use mcp_lambda_runtime::embedded::sqlite::CannotOpen;

/// Why a command did not do what it was asked. Each text is one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file of functions cannot be read.
    #[error("cannot read {path}: {source}; name a readable file with --functions")]
    FunctionsUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of functions is not valid.
    #[error("{path} is not valid: {reason}")]
    FunctionsInvalid {
        /// The file.
        path: PathBuf,
        /// What is wrong where.
        reason: String,
    },
    /// A function's program or folder is missing.
    #[error("{0}")]
    Missing(String),
    /// The address is taken or not ours.
    #[error(
        "cannot listen on {address}: {source}; choose another with --listen, or port 0 for any"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The data folder.
    #[error("{0}")]
    Data(#[from] CannotOpen),
    /// The machine.
    #[error("{doing}: {source}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A file of registrations is not valid.
    #[error("{0}")]
    Document(String),
    /// Something that only a program with the feature `aws` can.
    #[cfg_attr(feature = "aws", expect(dead_code, reason = "this program can"))]
    #[error(
        "{0} needs a build with the feature aws: run cargo install --features aws --path . or \
         cargo run --features aws -- and what you typed"
    )]
    WithoutAws(&'static str),
    /// The gateway cannot be reached, or refuses.
    #[error("{0}")]
    Gateway(String),
    /// A tool's result says that it failed.
    #[error("{0}")]
    ToolFailed(String),
    /// A check fails.
    #[error("{0}")]
    Unhealthy(String),
    /// Arguments that exclude each other.
    #[error("{0}")]
    Usage(&'static str),
    /// Packaging, deploying or publishing by a program that cannot.
    #[cfg_attr(feature = "deploy", expect(dead_code, reason = "this program can"))]
    #[error(
        "{0} needs a build with the feature deploy: run cargo install --features deploy --path . or \
         cargo run --features deploy -- {0}"
    )]
    WithoutDeploy(&'static str),
    /// An argument that cannot be.
    #[error("{0}")]
    Argument(String),
    /// AWS.
    #[error("{0}")]
    Aws(String),
    /// A stack is not as it was asked to be.
    #[cfg_attr(not(feature = "deploy"), expect(dead_code, reason = "this program deploys nothing"))]
    #[error("{0}")]
    Deployment(String),
    /// Nobody said yes.
    #[error("{0}")]
    Declined(String),
    /// A program or a template.
    #[cfg_attr(
        not(feature = "deploy"),
        expect(dead_code, reason = "this program packages nothing")
    )]
    #[error("{0}")]
    Package(String),
    /// Ctrl-C.
    #[error("{0}")]
    Interrupted(String),
    /// An example function ended.
    #[error("the example function failed: {0}")]
    Example(String),
    /// Something that cannot be.
    #[error("{0}; please report this as a bug")]
    Bug(String),
}

impl Failure {
    /// The process's exit code, as `--help` lists them; 2 is clap's own too.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Bug(_) | Self::System { .. } | Self::Example(_) => 1,
            Self::Usage(_) | Self::Argument(_) => 2,
            Self::FunctionsUnreadable { .. }
            | Self::FunctionsInvalid { .. }
            | Self::Document(_) => 3,
            Self::Missing(_) => 4,
            Self::Listen { .. } => 5,
            Self::Data(_) => 6,
            Self::WithoutAws(_) | Self::WithoutDeploy(_) => 7,
            Self::Aws(_) => 8,
            Self::Deployment(_) => 9,
            Self::Declined(_) => 10,
            Self::Package(_) => 11,
            Self::Gateway(_) => 12,
            Self::ToolFailed(_) => 13,
            Self::Unhealthy(_) => 14,
            Self::Interrupted(_) => 130,
        }
    }
}
