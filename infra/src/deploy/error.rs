//! Why a stack is not as it was asked to be, each with what to do next.

use crate::account::Fault;
use crate::deploy::ResourceEvent;

/// What failed first.
///
/// What follows is often only its consequence: other resources are cancelled.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cause {
    /// The resource's id in the template; nothing if the stack as a whole failed.
    pub resource: Option<String>,
    /// Its type.
    pub kind: String,
    /// What was tried: created, changed or deleted.
    pub tried: &'static str,
    /// Why it failed, in the words of AWS.
    pub reason: String,
}

impl Cause {
    /// The first failure that is not the consequence of another.
    pub(crate) fn among(events: &[ResourceEvent]) -> Option<Self> {
        let failed = |event: &&ResourceEvent| event.status.ends_with("_FAILED");
        let of_its_own = |event: &&ResourceEvent| {
            let reason = event.reason.to_ascii_lowercase();
            !CANCELLED.iter().any(|word| reason.contains(word))
        };
        let of_resources = |event: &&ResourceEvent| !event.is_of_stack;
        let event = events
            .iter()
            .filter(failed)
            .filter(of_its_own)
            .find(of_resources)
            .or_else(|| events.iter().find(failed))
            // A stack that rolls back says why, even if nothing in it has failed.
            .or_else(|| {
                events.iter().find(|e| e.status.contains("ROLLBACK_IN_PROGRESS") && e.is_of_stack)
            })?;
        let tried = match event.status.split('_').next() {
            Some("CREATE") => "created",
            Some("DELETE") => "deleted",
            _ => "changed",
        };
        Some(Self {
            resource: (!event.is_of_stack).then(|| event.id.clone()),
            kind: event.kind.clone(),
            tried,
            reason: event.reason.clone(),
        })
    }
}

const CANCELLED: [&str; 2] = ["cancelled", "canceled"];

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, tried, .. } = self;
        let reason = match self.reason.as_str() {
            "" => "AWS does not say why",
            reason => reason,
        };
        match &self.resource {
            Some(id) => write!(f, "{id} ({kind}) could not be {tried}: {reason}"),
            None => write!(f, "the stack could not be {tried}: {reason}"),
        }
    }
}

/// Why a stack is not as it was asked to be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DeployError {
    /// AWS.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Something else happens to the stack.
    #[error("{stack} is {status}: somebody is at it; wait until that has ended and try again")]
    Busy {
        /// The stack.
        stack: String,
        /// What happens to it.
        status: String,
    },
    /// The stack cannot be updated as it is.
    #[error("{stack} is {status}; {next}")]
    Stuck {
        /// The stack.
        stack: String,
        /// What it is in.
        status: String,
        /// What helps.
        next: &'static str,
    },
    /// There is no such stack.
    #[error("there is no stack {stack} in {region}; name another with --stack-name or --region")]
    NoStack {
        /// The name.
        stack: String,
        /// Where it was looked for.
        region: String,
    },
    /// CloudFormation does not take the template or its parameters.
    #[error("CloudFormation does not accept the template: {0}")]
    NotAccepted(String),
    /// The first deployment failed; everything it made was removed.
    #[error("{cause}. Everything that was made has been removed again ({status})")]
    NotCreated {
        /// The first failure.
        cause: Box<Cause>,
        /// What the stack is in.
        status: String,
    },
    /// A deployment failed; the stack is as it was before.
    #[error("{cause}. The stack is as it was before ({status})")]
    NotUpdated {
        /// The first failure.
        cause: Box<Cause>,
        /// What the stack is in.
        status: String,
    },
    /// Neither what was asked for nor what was before.
    #[error("{cause}. The stack is left {status}; {next}")]
    NotRolledBack {
        /// The first failure.
        cause: Box<Cause>,
        /// What the stack is in.
        status: String,
        /// What helps.
        next: &'static str,
    },
    /// It could not be deleted.
    #[error("{cause}. The stack is {status}; see to the resource and run destroy again")]
    NotDeleted {
        /// The first failure.
        cause: Box<Cause>,
        /// What the stack is in.
        status: String,
    },
    /// It has not ended in time.
    #[error(
        "{stack} has not ended after {minutes} minutes and goes on in AWS; see how far it is with \
         `mcp-lambda outputs --stack-name {stack}`"
    )]
    Deadline {
        /// The stack.
        stack: String,
        /// How long it was waited.
        minutes: u64,
    },
}

/// What helps with a stack in a state that CloudFormation does not leave by itself.
pub(crate) fn next_step(status: &str) -> &'static str {
    match status {
        "UPDATE_ROLLBACK_FAILED" => {
            "remove what hinders it and run `aws cloudformation continue-update-rollback`"
        }
        "ROLLBACK_FAILED" | "CREATE_FAILED" => {
            "remove it with `mcp-lambda destroy` and deploy again"
        }
        "DELETE_FAILED" => "run `mcp-lambda destroy` again",
        _ => "look at it in the AWS console",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, status: &str, reason: &str) -> ResourceEvent {
        ResourceEvent {
            id: id.to_owned(),
            kind: "AWS::SQS::Queue".to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            is_of_stack: id == "stack",
        }
    }

    #[test]
    fn the_first_cause_is_told_from_its_consequences() {
        let events = [
            event("stack", "UPDATE_IN_PROGRESS", "User Initiated"),
            event("A", "UPDATE_FAILED", "Resource update cancelled"),
            event("B", "CREATE_FAILED", "Limit exceeded"),
            event("C", "UPDATE_FAILED", "Something later"),
            event("stack", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed: [B]"),
        ];
        let cause = Cause::among(&events).expect("a cause").to_string();
        assert_eq!(cause, "B (AWS::SQS::Queue) could not be created: Limit exceeded");
    }

    #[test]
    fn consequences_alone_are_better_than_nothing() {
        let cancelled = [event("A", "UPDATE_FAILED", "Resource update cancelled")];
        let cause = Cause::among(&cancelled).expect("a cause").to_string();
        assert_eq!(cause, "A (AWS::SQS::Queue) could not be changed: Resource update cancelled");
        let stack = [event("stack", "ROLLBACK_IN_PROGRESS", "")];
        let cause = Cause::among(&stack).expect("a cause").to_string();
        assert_eq!(cause, "the stack could not be changed: AWS does not say why");
        assert_eq!(Cause::among(&[event("stack", "CREATE_COMPLETE", "")]), None);
    }
}
