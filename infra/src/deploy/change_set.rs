//! What CloudFormation says that deploying would change.

use std::time::Duration;

use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    Capability, Change as Reported, ChangeAction, ChangeSetStatus, ChangeSetType, Parameter,
    PolicyAction, Replacement as ReportedReplacement, RequiresRecreation, ResourceChange, Tag,
};
use tokio::time::{Instant, sleep};

use super::error::next_step;
use super::{Cause, DeployError, Deployed, Done, Follow, Order, Seen, Stack, poll, random_name};
use crate::account::PREFIX;
use crate::account::{Account, Bucket, Fault, Progress, Refusal as _};
use crate::diff::{Data, line};
use crate::outputs::Outputs;
use crate::package::hash;

/// How long CloudFormation may take to compare.
const COMPARE: Duration = Duration::from_secs(600);
/// The largest template in a request; larger ones lie in a bucket.
pub(crate) const MAX_INLINE_BYTES: usize = 51_200;

/// What happens to a resource.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// It is new.
    Add,
    /// It stays, and something about it changes.
    Modify,
    /// It goes.
    Remove,
    /// Another: adopted, handed to another stack, or not known before it is done.
    Other,
}

/// Whether a changed resource becomes another one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Replacement {
    /// It stays.
    Never,
    /// That depends on values that are known only then.
    Perhaps,
    /// It does.
    Always,
}

/// What becomes of the resource that goes or is replaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// Nothing goes, or AWS does not say.
    Unsaid,
    /// It is deleted.
    Deleted,
    /// It is left in the account.
    Retained,
    /// It is deleted and a copy is kept.
    Copied,
}

/// What would happen to one resource.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// What.
    pub action: Action,
    /// The id in the template.
    pub id: String,
    /// The type.
    pub kind: String,
    /// The name in AWS; nothing if it is new.
    pub physical: Option<String>,
    /// Whether it becomes another.
    pub replacement: Replacement,
    /// What becomes of the one that there is.
    pub fate: Fate,
    /// The properties and attributes that change, sorted.
    pub changed: Vec<String>,
    /// Those of them that make it another.
    pub recreating: Vec<String>,
}

/// What deploying would change. Either executed or discarded.
#[derive(Debug)]
#[must_use = "it waits in AWS to be executed or discarded"]
pub struct ChangeSet {
    id: String,
    stack_id: String,
    name: String,
    changes: Vec<Change>,
    is_new: bool,
}

impl ChangeSet {
    /// Everything that would change.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Whether data would be lost, or could be.
    pub fn loses_data(&self) -> bool {
        self.changes.iter().any(|change| line(change).data != Data::Safe)
    }

    /// Whether the stack would be new.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The stack's name.
    pub fn stack_name(&self) -> &str {
        &self.name
    }

    /// Does it, and follows it to its end, a rollback included.
    pub async fn execute(
        self,
        account: &Account,
        progress: &dyn Progress,
    ) -> Result<Deployed, DeployError> {
        let seen = Seen::all(account, &self.stack_id).await?;
        let execute = account.cloudformation.execute_change_set().change_set_name(&self.id);
        let execute = execute.stack_name(&self.stack_id).client_request_token(random_name());
        execute.send().await.refused("CloudFormation", "to begin the deployment")?;
        let follow = Follow { stack: &self.stack_id, name: &self.name, seen };
        let (stack, events) = follow.until_it_ends(account, progress).await?;
        let status = stack.status.clone();
        let cause = || {
            Box::new({
                let unsaid = Cause {
                    resource: None,
                    kind: String::new(),
                    tried: if self.is_new { "created" } else { "changed" },
                    reason: stack.reason.clone(),
                };
                Cause::among(&events).unwrap_or(unsaid)
            })
        };
        match status.as_str() {
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" => {
                let done = if self.is_new { Done::Created } else { Done::Updated };
                Ok(Deployed { done, outputs: Outputs::from(stack) })
            }
            "ROLLBACK_COMPLETE" | "DELETE_COMPLETE" => {
                Err(DeployError::NotCreated { cause: cause(), status })
            }
            "UPDATE_ROLLBACK_COMPLETE" => Err(DeployError::NotUpdated { cause: cause(), status }),
            _ => {
                let next = next_step(&status);
                Err(DeployError::NotRolledBack { cause: cause(), status, next })
            }
        }
    }

    /// Leaves everything as it was. Of a stack that would be new, nothing stays behind.
    pub async fn discard(self, account: &Account) -> Result<(), DeployError> {
        discard(account, &self.stack_id, &self.id, self.is_new).await
    }
}

async fn discard(
    account: &Account,
    stack: &str,
    id: &str,
    is_new: bool,
) -> Result<(), DeployError> {
    let delete = account.cloudformation.delete_change_set().change_set_name(id).stack_name(stack);
    delete.send().await.refused("CloudFormation", "to discard the changes")?;
    if is_new {
        // CloudFormation keeps the name with nothing behind it.
        let delete = account.cloudformation.delete_stack().stack_name(stack);
        delete.send().await.refused("CloudFormation", "to discard the stack")?;
    }
    Ok(())
}

/// Where CloudFormation reads the template.
pub(super) enum Place {
    Inline(String),
    Uploaded(String),
}

impl Place {
    /// Uploads a template that is too large for a request.
    pub(super) async fn of(
        account: &Account,
        body: String,
        bucket: &Bucket,
        progress: &dyn Progress,
    ) -> Result<Self, Fault> {
        if body.len() <= MAX_INLINE_BYTES {
            return Ok(Self::Inline(body));
        }
        let key = format!("{PREFIX}{}.template.json", hash(body.as_bytes()));
        bucket.put(account, &key, body.as_bytes(), progress).await?;
        Ok(Self::Uploaded(bucket.url(account, &key).await?))
    }
}

/// Has CloudFormation compare; nothing if nothing would change.
pub(super) async fn create(
    account: &Account,
    order: &Order,
    place: Place,
    existing: Option<&Stack>,
) -> Result<Option<ChangeSet>, DeployError> {
    let stack = order.stack.as_str();
    let kind = if existing.is_some() { ChangeSetType::Update } else { ChangeSetType::Create };
    let tags = order.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    let mut create = account
        .cloudformation
        .create_change_set()
        .stack_name(stack)
        .change_set_name(random_name())
        .change_set_type(kind)
        .capabilities(Capability::CapabilityIam)
        // SAM templates are expanded by a macro.
        .capabilities(Capability::CapabilityAutoExpand)
        .set_parameters(Some(parameters(order, existing)))
        .set_tags((!order.tags.is_empty()).then(|| tags.collect()));
    create = match place {
        Place::Inline(body) => create.template_body(body),
        Place::Uploaded(url) => create.template_url(url),
    };
    let made = create.send().await.refused("CloudFormation", "the template");
    let made = made.map_err(|fault| match &fault {
        Fault::Refused { code, reason, .. }
            if code == "ValidationError" || code == "InsufficientCapabilitiesException" =>
        {
            DeployError::NotAccepted(reason.clone())
        }
        Fault::Refused { .. } | Fault::Credentials(_) | Fault::Unreachable { .. } => fault.into(),
    })?;
    let (Some(id), Some(stack_id)) = (made.id, made.stack_id) else {
        return Err(Fault::incomplete("CloudFormation", "for the change set").into());
    };
    let is_new = existing.is_none();
    match compared(account, &stack_id, &id, stack).await? {
        Compared::Same => {
            discard(account, &stack_id, &id, is_new).await?;
            Ok(None)
        }
        Compared::Refused(reason) => {
            discard(account, &stack_id, &id, is_new).await?;
            Err(DeployError::NotAccepted(reason))
        }
        Compared::Changes(mut changes) => {
            changes.sort_by(|one, other| one.id.cmp(&other.id));
            Ok(Some(ChangeSet { id, stack_id, name: stack.to_owned(), changes, is_new }))
        }
    }
}

/// The values of the template's parameters: those given, and else those of before.
fn parameters(order: &Order, existing: Option<&Stack>) -> Vec<Parameter> {
    let template = order.packaged.template();
    let parameter = |(key, value): (&String, &String)| {
        Parameter::builder().parameter_key(key).parameter_value(value).build()
    };
    let given = order.parameters.iter().map(parameter);
    let Some(stack) = existing else {
        let first = order.first.iter().filter(|(key, _)| !order.parameters.contains_key(*key));
        return given.chain(first.map(parameter)).collect();
    };
    let kept = stack
        .parameters
        .keys()
        .filter(|key| template.has_parameter(key) && !order.parameters.contains_key(*key))
        .map(|key| Parameter::builder().parameter_key(key).use_previous_value(true).build());
    given.chain(kept).collect()
}

enum Compared {
    Same,
    Changes(Vec<Change>),
    Refused(String),
}

async fn compared(
    account: &Account,
    stack: &str,
    id: &str,
    name: &str,
) -> Result<Compared, DeployError> {
    let deadline = Instant::now() + COMPARE;
    let mut turn = 0;
    loop {
        let page = describe(account, stack, id, None).await?;
        let reason = page.status_reason.clone().unwrap_or_default();
        match page.status {
            Some(ChangeSetStatus::CreateComplete) => {
                return Ok(Compared::Changes(all_changes(account, stack, id, page).await?));
            }
            Some(ChangeSetStatus::Failed) if says_same(&reason) => return Ok(Compared::Same),
            Some(ChangeSetStatus::Failed) => return Ok(Compared::Refused(reason)),
            _ => {}
        }
        if Instant::now() >= deadline {
            let (stack, minutes) = (name.to_owned(), COMPARE.as_secs() / 60);
            return Err(DeployError::Deadline { stack, minutes });
        }
        sleep(poll(turn)).await;
        turn += 1;
    }
}

/// CloudFormation has no code for it, only these sentences.
fn says_same(reason: &str) -> bool {
    reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
}

async fn describe(
    account: &Account,
    stack: &str,
    id: &str,
    next: Option<String>,
) -> Result<DescribeChangeSetOutput, Fault> {
    let ask = account.cloudformation.describe_change_set().change_set_name(id).stack_name(stack);
    ask.set_next_token(next).send().await.refused("CloudFormation", "for the changes")
}

async fn all_changes(
    account: &Account,
    stack: &str,
    id: &str,
    first: DescribeChangeSetOutput,
) -> Result<Vec<Change>, Fault> {
    let mut changes = Vec::new();
    let mut page = first;
    for _ in 0..MAX_PAGES {
        let reported = page.changes.unwrap_or_default();
        changes
            .extend(reported.into_iter().filter_map(|one: Reported| one.resource_change).map(read));
        let Some(next) = page.next_token else { break };
        page = describe(account, stack, id, Some(next)).await?;
    }
    Ok(changes)
}

/// A stack has at most 500 resources, which are a few pages.
const MAX_PAGES: usize = 100;

fn read(reported: ResourceChange) -> Change {
    let (mut changed, mut recreating) = (Vec::new(), Vec::new());
    for detail in reported.details.unwrap_or_default() {
        let Some(target) = detail.target else { continue };
        let attribute = target.attribute.map(|attribute| attribute.as_str().to_owned());
        let Some(name) = target.name.or(attribute) else { continue };
        if matches!(
            target.requires_recreation,
            Some(RequiresRecreation::Always | RequiresRecreation::Conditionally)
        ) {
            recreating.push(name.clone());
        }
        changed.push(name);
    }
    for list in [&mut changed, &mut recreating] {
        list.sort_unstable();
        list.dedup();
    }
    Change {
        action: match reported.action {
            Some(ChangeAction::Add) => Action::Add,
            Some(ChangeAction::Modify) => Action::Modify,
            Some(ChangeAction::Remove) => Action::Remove,
            _ => Action::Other,
        },
        id: reported.logical_resource_id.unwrap_or_default(),
        kind: reported.resource_type.unwrap_or_default(),
        physical: reported.physical_resource_id,
        replacement: match reported.replacement {
            Some(ReportedReplacement::True) => Replacement::Always,
            Some(ReportedReplacement::Conditional) => Replacement::Perhaps,
            _ => Replacement::Never,
        },
        fate: match reported.policy_action {
            Some(PolicyAction::Delete | PolicyAction::ReplaceAndDelete) => Fate::Deleted,
            Some(PolicyAction::Retain | PolicyAction::ReplaceAndRetain) => Fate::Retained,
            Some(PolicyAction::Snapshot | PolicyAction::ReplaceAndSnapshot) => Fate::Copied,
            _ => Fate::Unsaid,
        },
        changed,
        recreating,
    }
}
