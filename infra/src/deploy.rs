//! Deploying a packaged template: what would change, then the change itself, seen through to its
//! end.
//!
//! [`propose`] asks CloudFormation what deploying would change; [`ChangeSet::execute`] does it and
//! [`ChangeSet::discard`] leaves everything as it was. [`deploy`] is both with a decision between,
//! and [`Gateway::deploy`] packages and uploads before.

mod change_set;
mod error;
mod events;
mod gateway;
mod names;
mod stack;

use std::collections::BTreeMap;

pub use self::change_set::{Action, Change, ChangeSet, Fate, Replacement};
pub use self::error::{Cause, DeployError};
pub use self::events::ResourceEvent;
pub(crate) use self::events::{Follow, Seen};
pub use self::gateway::{Gateway, NotDeployed};
pub use self::names::{InvalidName, MAX_STACK_NAME, MAX_SUBNETS, StackName, Vpc, VpcId};
pub(crate) use self::stack::{Stack, poll, random_name};
use crate::account::{Account, Bucket, Event, Progress};
use crate::outputs::Outputs;
use crate::package::Packaged;

/// What is to be deployed under which name.
#[derive(Clone, Debug)]
pub struct Order {
    /// The stack's name.
    pub stack: StackName,
    /// The template.
    pub packaged: Packaged,
    /// Values of the template's parameters. A parameter that is not among them keeps the value it
    /// was last deployed with, or else has the template's default.
    pub parameters: BTreeMap<String, String>,
    /// Values for a stack that is new. One that is there keeps what it has: another identifier,
    /// for one, would replace everything.
    pub first: BTreeMap<String, String>,
    /// Tags of the stack and everything in it. None at all leaves those that there are.
    pub tags: BTreeMap<String, String>,
}

impl Order {
    /// Deploys a template under a name, which is the stack's identifier too if the template has
    /// that parameter. A parameter that allows one value has that one.
    pub fn new(stack: StackName, packaged: Packaged) -> Self {
        let mut order = Self {
            parameters: packaged.template().settled(),
            first: BTreeMap::new(),
            tags: BTreeMap::new(),
            stack,
            packaged,
        };
        if order.packaged.template().has_parameter(IDENTIFIER) {
            order.first.insert(IDENTIFIER.to_owned(), order.stack.to_string());
        }
        order
    }

    /// Has the functions find AWS where this account was found, if that is an emulator and the
    /// template has a parameter for it.
    pub fn where_the_account_is(&mut self, account: &Account) {
        let Some(endpoint) = account.endpoint() else { return };
        if self.packaged.template().has_parameter(ENDPOINT) {
            self.parameters.insert(ENDPOINT.to_owned(), endpoint.trim_end_matches('/').to_owned());
        }
    }

    /// Has the functions in a network.
    pub fn within(&mut self, vpc: &Vpc) {
        for (name, value) in [
            ("VpcEnabled", "true".to_owned()),
            ("VpcId", vpc.id().to_owned()),
            ("SubnetIds", vpc.subnets()),
        ] {
            self.parameters.insert(name.to_owned(), value);
        }
    }
}

/// Where the functions find AWS.
const ENDPOINT: &str = "EndpointUrl";
/// What the names in a stack begin with.
pub(crate) const IDENTIFIER: &str = "StackIdentifier";

/// What deploying would do.
#[derive(Debug)]
pub enum Proposal {
    /// Nothing: what is deployed is the same. With its outputs.
    Unchanged(Outputs),
    /// This.
    Changes(ChangeSet),
}

/// What a deployment has done.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// What was done to the stack.
    pub done: Done,
    /// What it says of itself.
    pub outputs: Outputs,
}

/// What was done to a stack.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Done {
    /// It is new.
    Created,
    /// It was changed.
    Updated,
    /// It was the same already.
    Unchanged,
    /// It was left as it was, because the changes were not wanted.
    Declined,
}

/// Asks CloudFormation what deploying would change. Nothing is changed yet, but that what a failed
/// first deployment left is removed, which CloudFormation wants.
///
/// The bucket is needed for templates above 51,200 bytes.
pub async fn propose(
    account: &Account,
    order: &Order,
    bucket: &Bucket,
    progress: &dyn Progress,
) -> Result<Proposal, DeployError> {
    let mut stack = Stack::find(account, order.stack.as_str()).await?;
    if let Some(found) = &stack {
        found.may_be_deployed()?;
        if found.is_failed_first() {
            progress.tell(Event::RemovingFailed { stack: order.stack.as_str() });
            crate::destroy::remove(account, found, progress).await?;
            stack = None;
        }
    }
    let body = order.packaged.template().to_text();
    let place = change_set::Place::of(account, body, bucket, progress).await?;
    progress.tell(Event::Comparing { stack: order.stack.as_str() });
    let existing = stack.filter(|stack| !stack.is_only_reviewed());
    match change_set::create(account, order, place, existing.as_ref()).await? {
        Some(changes) => Ok(Proposal::Changes(changes)),
        None => Ok(Proposal::Unchanged(Outputs::of(account, order.stack.as_str()).await?)),
    }
}

/// Deploys, if `decide` says yes to what would change.
pub async fn deploy(
    account: &Account,
    order: &Order,
    bucket: &Bucket,
    decide: impl FnOnce(&ChangeSet) -> bool,
    progress: &dyn Progress,
) -> Result<Deployed, DeployError> {
    match propose(account, order, bucket, progress).await? {
        Proposal::Unchanged(outputs) => Ok(Deployed { done: Done::Unchanged, outputs }),
        Proposal::Changes(changes) if decide(&changes) => changes.execute(account, progress).await,
        Proposal::Changes(changes) => {
            changes.discard(account).await?;
            Ok(Deployed { done: Done::Declined, outputs: Outputs::default() })
        }
    }
}
