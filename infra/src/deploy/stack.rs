//! A stack as CloudFormation describes it.

use std::collections::BTreeMap;
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

use super::error::next_step;
use super::{DeployError, StackName};
use crate::account::{Account, Fault, Refusal as _};

/// How long a stack is left alone before it is asked for the first time, and after news.
const FIRST_POLL: Duration = Duration::from_millis(250);
/// How long at most.
const LONGEST_POLL: Duration = Duration::from_secs(3);

/// How long to wait after so many answers without news: a quarter of a second, then twice as long
/// each time, at most three seconds.
pub(crate) fn poll(without_news: u32) -> Duration {
    FIRST_POLL.saturating_mul(1 << without_news.min(8)).min(LONGEST_POLL)
}

/// A name for a change set or an operation that nobody else has taken.
pub(crate) fn random_name() -> String {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).expect("the system has random numbers");
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("mcp-lambda-{digits}")
}

/// A stack.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    pub(crate) name: String,
    /// The ARN, by which it is found even after it was deleted.
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) reason: String,
    /// The parameters that it was deployed with.
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) outputs: Vec<(String, String)>,
    pub(crate) is_protected: bool,
}

impl Stack {
    /// Looks for a stack by its name or id.
    pub(crate) async fn find(account: &Account, name: &str) -> Result<Option<Self>, Fault> {
        let asked = account.cloudformation.describe_stacks().stack_name(name).send().await;
        let answer = match asked.refused("CloudFormation", "to describe the stack") {
            Ok(answer) => answer,
            Err(fault) if fault.is_absent() => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let Some(found) = answer.stacks.unwrap_or_default().into_iter().next() else {
            return Ok(None);
        };
        let parameters = found.parameters.unwrap_or_default().into_iter();
        let outputs = found.outputs.unwrap_or_default().into_iter();
        Ok(Some(Self {
            name: found.stack_name.unwrap_or_else(|| name.to_owned()),
            id: found.stack_id.unwrap_or_else(|| name.to_owned()),
            status: found
                .stack_status
                .map_or_else(String::new, |status| status.as_str().to_owned()),
            reason: found.stack_status_reason.unwrap_or_default(),
            parameters: parameters
                .filter_map(|one| Some((one.parameter_key?, one.parameter_value?)))
                .collect(),
            outputs: outputs
                .filter_map(|output| Some((output.output_key?, output.output_value?)))
                .collect(),
            is_protected: found.enable_termination_protection.unwrap_or_default(),
        }))
    }

    /// Looks for a stack that must be there.
    pub(crate) async fn existing(account: &Account, name: &StackName) -> Result<Self, DeployError> {
        let found = Self::find(account, name.as_str()).await?;
        found.filter(|stack| stack.status != "DELETE_COMPLETE").ok_or_else(|| {
            let (stack, region) = (name.to_string(), account.region().to_owned());
            DeployError::NoStack { stack, region }
        })
    }

    /// Whether nothing but a change set was ever made of it.
    pub(crate) fn is_only_reviewed(&self) -> bool {
        matches!(self.status.as_str(), "REVIEW_IN_PROGRESS" | "DELETE_COMPLETE")
    }

    /// Whether its first deployment failed and was undone, so that it holds nothing.
    pub(crate) fn is_failed_first(&self) -> bool {
        self.status == "ROLLBACK_COMPLETE"
    }

    /// Whether something happens to it.
    pub(crate) fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") && self.status != "REVIEW_IN_PROGRESS"
    }

    /// Refuses what CloudFormation would refuse with less help.
    pub(crate) fn may_be_deployed(&self) -> Result<(), DeployError> {
        let (stack, status) = (self.name.clone(), self.status.clone());
        if self.is_busy() {
            return Err(DeployError::Busy { stack, status });
        }
        if self.status.ends_with("_FAILED") {
            let next = next_step(&status);
            return Err(DeployError::Stuck { stack, status, next });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(status: &str) -> Stack {
        Stack {
            name: "s".to_owned(),
            id: "arn".to_owned(),
            status: status.to_owned(),
            reason: String::new(),
            parameters: BTreeMap::new(),
            outputs: Vec::new(),
            is_protected: false,
        }
    }

    #[test]
    fn polls_become_rarer() {
        let waits: Vec<u128> = [0, 1, 2, 3, 4, 40].iter().map(|n| poll(*n).as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 3000, 3000]);
    }

    #[test]
    fn states_that_cannot_be_deployed_say_what_helps() {
        for status in ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"] {
            assert_eq!(stack(status).may_be_deployed(), Ok(()), "{status}");
        }
        let busy = stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS").may_be_deployed();
        assert!(matches!(busy, Err(DeployError::Busy { .. })), "{busy:?}");
        for (status, help) in [
            ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
            ("DELETE_FAILED", "destroy"),
            ("ROLLBACK_FAILED", "destroy"),
        ] {
            let said = stack(status).may_be_deployed().expect_err(status).to_string();
            assert!(said.contains(help), "{said}");
        }
        assert!(stack("ROLLBACK_COMPLETE").is_failed_first());
    }

    #[test]
    fn names_are_not_taken_twice() {
        let (one, other) = (random_name(), random_name());
        assert_ne!(one, other);
        assert_eq!(one.len(), "mcp-lambda-".len() + 16);
    }
}
