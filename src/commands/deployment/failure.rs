//! Failures of the library as failures of the program, which have exit codes.

use mcp_lambda_infra::account::{BucketError, Fault};
use mcp_lambda_infra::deploy::{DeployError, InvalidName, NotDeployed};
use mcp_lambda_infra::package::{BuildError, InvalidTemplate, NotPackaged, PackageError};
use mcp_lambda_infra::publish::{InvalidAudience, PublishError};

use crate::exit::Failure;

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Aws(fault.to_string())
    }
}

impl From<BucketError> for Failure {
    fn from(error: BucketError) -> Self {
        Self::Aws(error.to_string())
    }
}

impl From<InvalidName> for Failure {
    fn from(error: InvalidName) -> Self {
        Self::Argument(error.to_string())
    }
}

impl From<InvalidAudience> for Failure {
    fn from(error: InvalidAudience) -> Self {
        Self::Argument(error.to_string())
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::NoTarget { .. } => Self::Missing(error.to_string()),
            BuildError::NoSource(_) | BuildError::Failed { .. } => Self::Package(error.to_string()),
        }
    }
}

impl From<PackageError> for Failure {
    fn from(error: PackageError) -> Self {
        match error {
            PackageError::Fault(fault) => fault.into(),
            PackageError::Unreadable { .. }
            | PackageError::Bootstrap { .. }
            | PackageError::Template(_) => Self::Package(error.to_string()),
        }
    }
}

impl From<InvalidTemplate> for Failure {
    fn from(error: InvalidTemplate) -> Self {
        Self::Package(error.to_string())
    }
}

impl From<NotPackaged> for Failure {
    fn from(error: NotPackaged) -> Self {
        Self::Package(error.to_string())
    }
}

impl From<DeployError> for Failure {
    fn from(error: DeployError) -> Self {
        match error {
            DeployError::Fault(fault) => fault.into(),
            DeployError::Busy { .. }
            | DeployError::Stuck { .. }
            | DeployError::NoStack { .. }
            | DeployError::NotAccepted(_)
            | DeployError::NotCreated { .. }
            | DeployError::NotUpdated { .. }
            | DeployError::NotRolledBack { .. }
            | DeployError::NotDeleted { .. }
            | DeployError::Deadline { .. } => Self::Deployment(error.to_string()),
        }
    }
}

impl From<NotDeployed> for Failure {
    fn from(error: NotDeployed) -> Self {
        match error {
            NotDeployed::Fault(fault) => fault.into(),
            NotDeployed::Bucket(error) => error.into(),
            NotDeployed::Package(error) => error.into(),
            NotDeployed::Deploy(error) => error.into(),
        }
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Fault(fault) => fault.into(),
            PublishError::Bucket(error) => error.into(),
            PublishError::Application(_)
            | PublishError::Template(_)
            | PublishError::NotPackaged(_)
            | PublishError::Refused(_)
            | PublishError::SameVersion { .. }
            | PublishError::OtherLicense { .. } => Self::Package(error.to_string()),
        }
    }
}
