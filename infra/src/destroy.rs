//! Taking a deployed stack away.
//!
//! What the template marks to be retained stays in the account, because it is data that nobody has
//! a copy of; deleting that too has to be asked for.

mod mailboxes;

use std::time::Duration;

use aws_sdk_cloudformation::types::ResourceStatus;
use tokio::time::{Instant, sleep};

use crate::account::{Account, Event, Fault, Progress, Refusal as _};
use crate::deploy::{
    Cause, DeployError, Follow, IDENTIFIER, Seen, Stack, StackName, poll, random_name,
};

/// How long a table may take to go.
const TABLE: Duration = Duration::from_secs(300);
/// Of a stack, so many pages of resources are read.
const MAX_PAGES: usize = 100;

/// What a stack left in the account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Left {
    /// The type.
    pub kind: String,
    /// The name in AWS.
    pub name: String,
}

/// What a stack that is taken away would leave, as its template says.
pub async fn retained(account: &Account, name: &StackName) -> Result<Vec<Left>, DeployError> {
    let stack = Stack::existing(account, name).await?;
    Ok(retained_by(account, &stack).await?)
}

/// Takes a stack away, with the queues that its functions made, and follows that to its end; what
/// it left in the account.
///
/// With `data`, retained tables are deleted after it. Nothing brings them back.
pub async fn destroy(
    account: &Account,
    name: &StackName,
    data: bool,
    progress: &dyn Progress,
) -> Result<Vec<Left>, DeployError> {
    let stack = Stack::existing(account, name).await?;
    if stack.is_busy() {
        return Err(DeployError::Busy { stack: stack.name, status: stack.status });
    }
    if stack.is_protected {
        return Err(DeployError::Stuck {
            stack: stack.name,
            status: "protected from deletion".to_owned(),
            next: "end that with `aws cloudformation update-termination-protection \
                   --no-enable-termination-protection`",
        });
    }
    let mut left = retained_by(account, &stack).await?;
    remove(account, &stack, progress).await?;
    if let Some(identifier) = stack.parameters.get(IDENTIFIER) {
        left.extend(mailboxes::delete(account, identifier, progress).await);
    }
    if data {
        let mut rest = Vec::new();
        for one in left {
            if one.kind == TABLES {
                delete_table(account, &one.name).await?;
                progress.tell(Event::DataDeleted { name: &one.name });
            } else {
                rest.push(one);
            }
        }
        left = rest;
    }
    Ok(left)
}

const TABLES: &str = "AWS::DynamoDB::Table";

/// Takes a stack away.
pub(crate) async fn remove(
    account: &Account,
    stack: &Stack,
    progress: &dyn Progress,
) -> Result<(), DeployError> {
    let seen = Seen::all(account, &stack.id).await?;
    let delete = account.cloudformation.delete_stack().stack_name(&stack.id);
    let delete = delete.client_request_token(random_name());
    delete.send().await.refused("CloudFormation", "to delete the stack")?;
    let follow = Follow { stack: &stack.id, name: &stack.name, seen };
    let (ended, events) = follow.until_it_ends(account, progress).await?;
    if ended.status == "DELETE_COMPLETE" {
        return Ok(());
    }
    let unsaid = Cause {
        resource: None,
        kind: String::new(),
        tried: "deleted",
        reason: ended.reason.clone(),
    };
    let cause = Box::new(Cause::among(&events).unwrap_or(unsaid));
    Err(DeployError::NotDeleted { cause, status: ended.status })
}

/// The resources that the deployed template says to retain.
async fn retained_by(account: &Account, stack: &Stack) -> Result<Vec<Left>, Fault> {
    let template = crate::diff::deployed(account, &stack.id).await?;
    let keeps = |id: &str| {
        let policy = template["Resources"][id]["DeletionPolicy"].as_str();
        matches!(policy, Some("Retain" | "RetainExceptOnCreate"))
    };
    let (mut left, mut next) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let list = account.cloudformation.list_stack_resources().stack_name(&stack.id);
        let page = list.set_next_token(next.take()).send().await;
        let page = page.refused("CloudFormation", "for the stack's resources")?;
        for one in page.stack_resource_summaries.unwrap_or_default() {
            let gone = matches!(one.resource_status, Some(ResourceStatus::DeleteComplete));
            let (Some(id), Some(kind), Some(name)) =
                (one.logical_resource_id, one.resource_type, one.physical_resource_id)
            else {
                continue;
            };
            if keeps(&id) && !gone {
                left.push(Left { kind, name });
            }
        }
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    Ok(left)
}

/// Deletes a table and waits until its name is free.
async fn delete_table(account: &Account, name: &str) -> Result<(), DeployError> {
    let unprotect = account.dynamodb.update_table().table_name(name);
    let unprotected = unprotect.deletion_protection_enabled(false).send().await;
    match unprotected.refused("DynamoDB", "to end the table's protection") {
        // A table that was not protected has nothing to be changed.
        Ok(_) => {}
        Err(fault) if fault.is_absent() => return Ok(()),
        Err(fault) if fault.code() == Some("ValidationException") => {}
        Err(fault) => return Err(fault.into()),
    }
    let deadline = Instant::now() + TABLE;
    let mut turn = 0;
    loop {
        let delete = account.dynamodb.delete_table().table_name(name).send().await;
        match delete.refused("DynamoDB", "to delete the table") {
            Ok(_) => {}
            Err(fault) if fault.is_absent() => return Ok(()),
            // Its change or its deletion is under way.
            Err(fault) if fault.code() == Some("ResourceInUseException") => {}
            Err(fault) => return Err(fault.into()),
        }
        if Instant::now() >= deadline {
            let (stack, minutes) = (name.to_owned(), TABLE.as_secs() / 60);
            return Err(DeployError::Deadline { stack, minutes });
        }
        sleep(poll(turn)).await;
        turn += 1;
    }
}
