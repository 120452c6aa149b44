//! The mailboxes: queues that functions make and delete as sessions come and go.
//!
//! No resource stands for them in the template; what does is the pattern of their names.

use mcp_lambda_runtime::deployment::{actions, mailbox_names};

use crate::construct::grant::allow;
use crate::construct::{Grant, Scope};
use crate::core::{Statement, Value};
use crate::sub;

/// The one action for which SQS knows no resources.
const LIST: &str = "sqs:ListQueues";

/// The queues of a stack.
#[derive(Clone, Debug)]
pub struct Mailboxes(Value<String>);

impl Mailboxes {
    /// Those of the scope's stack.
    pub fn new(scope: &Scope<'_>) -> Self {
        // The pattern is the runtime's; the identifier is put into it when the stack is deployed.
        let (before, after) = pattern();
        Self(sub!(
            "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${before}${id}${after}",
            before = before,
            id = scope.identifier,
            after = after,
        ))
    }

    /// To open, read, write and close them.
    pub fn grant_use(&self) -> Grant {
        let statement = allow(&[actions::MAILBOX_READER, actions::MAILBOX_SENDER]).on(&self.0);
        Grant::new("Mailboxes", [statement])
    }

    /// To write to those of others.
    pub fn grant_send(&self) -> Grant {
        Grant::new("Mailboxes", [allow(&[actions::MAILBOX_SENDER]).on(&self.0)])
    }

    /// To remove those that nobody closed.
    pub fn grant_sweep(&self) -> Grant {
        let (list, own): (Vec<&str>, Vec<&str>) =
            actions::MAILBOX_SWEEPER.iter().partition(|action| **action == LIST);
        let statements = [allow(&[&own]).on(&self.0), Statement::allow(list).on_everything()];
        Grant::new("SweepMailboxes", statements)
    }
}

/// What stands before and behind the identifier in the names of queues.
fn pattern() -> (String, String) {
    const MARK: &str = "@";
    let names = mailbox_names(MARK);
    let (before, after) = names.split_once(MARK).expect("the identifier is in the names");
    (before.to_owned(), after.to_owned())
}
