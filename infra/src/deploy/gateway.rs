//! A gateway from its program to its URLs, in one call.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{ChangeSet, DeployError, Deployed, Order, StackName, Vpc, deploy};
use crate::account::{Account, Bucket, BucketError, BucketName, Caller, Fault, Progress};
use crate::package::{Artifact, PackageError, Template, package};
use crate::stack::Settings;

/// A gateway that is to be deployed, and all that can be said about it.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// The stack's name.
    pub stack: StackName,
    /// The program of its functions.
    pub artifact: Artifact,
    /// Its template; the gateway's own if nothing else is said.
    pub template: Template,
    /// What files that the template's metadata name are relative to.
    pub folder: PathBuf,
    /// The bucket for packages; without one `mcp-lambda-ACCOUNT-REGION`. It is made if it is not
    /// there.
    pub bucket: Option<BucketName>,
    /// The network that its functions are in.
    pub vpc: Option<Vpc>,
    /// Values of the template's parameters. One that is not among them keeps its value, or has the
    /// template's default; a new stack's identifier is its name.
    pub parameters: BTreeMap<String, String>,
    /// Tags of the stack and everything in it. None at all leaves those that there are.
    pub tags: BTreeMap<String, String>,
}

/// Why a gateway is not deployed.
#[derive(Debug, thiserror::Error)]
pub enum NotDeployed {
    /// AWS, before anything was done.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The bucket.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The stack.
    #[error(transparent)]
    Deploy(#[from] DeployError),
}

impl Gateway {
    /// The gateway's own template with this program, without a network, values or tags.
    pub fn new(stack: StackName, artifact: Artifact) -> Self {
        // Without the description for the repository, which names files of a clone.
        let settings = Settings { application: None, ..Settings::default() };
        Self {
            stack,
            artifact,
            template: Template::of_the_gateway(&settings),
            folder: PathBuf::from("."),
            bucket: None,
            vpc: None,
            parameters: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }

    /// Packages, uploads and deploys, if `decide` says yes to what would change, and waits for the
    /// end: what was done, with the stack's outputs.
    ///
    /// [`ChangeSet::loses_data`] is what `decide` should look at.
    pub async fn deploy(
        self,
        account: &Account,
        decide: impl FnOnce(&ChangeSet) -> bool,
        progress: &dyn Progress,
    ) -> Result<Deployed, NotDeployed> {
        let caller = account.caller().await?;
        let (bucket, order) = self.upload(account, &caller, progress).await?;
        Ok(deploy(account, &order, &bucket, decide, progress).await?)
    }

    /// Packages and uploads alone; what [`super::propose`] and [`deploy`] take.
    pub async fn upload(
        self,
        account: &Account,
        caller: &Caller,
        progress: &dyn Progress,
    ) -> Result<(Bucket, Order), NotDeployed> {
        let name = self.bucket.unwrap_or_else(|| BucketName::of(caller, account.region()));
        let bucket = Bucket::ensure(account, caller, name, progress).await?;
        let artifacts = [self.artifact];
        let packaged =
            package(account, self.template, &artifacts, &self.folder, &bucket, progress).await?;
        let mut order = Order::new(self.stack, packaged);
        if let Some(vpc) = &self.vpc {
            order.within(vpc);
        }
        order.where_the_account_is(account);
        order.parameters.extend(self.parameters);
        order.tags = self.tags;
        Ok((bucket, order))
    }
}
