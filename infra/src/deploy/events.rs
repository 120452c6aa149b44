//! What happens to the resources of a stack, followed until it ends.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{DeployError, Stack, poll};
use crate::account::{Account, Event, Fault, Progress, Refusal as _};

/// How long an operation on a stack is followed.
const LONGEST: Duration = Duration::from_secs(3600);
/// How often in turn AWS may fail to answer before it is given up.
const MAX_BLIND: u32 = 20;
/// So many pages of events are read; newer ones come first.
const MAX_PAGES: usize = 50;

/// Something that happened to a resource, or to the stack itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ResourceEvent {
    /// The id in the template.
    pub id: String,
    /// The type.
    pub kind: String,
    /// Such as `CREATE_IN_PROGRESS`.
    pub status: String,
    /// Why; often empty.
    pub reason: String,
    /// Whether it is the stack itself.
    pub is_of_stack: bool,
}

/// The events that were there before.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashSet<String>);

impl Seen {
    /// Remembers all events of a stack.
    pub(crate) async fn all(account: &Account, stack: &str) -> Result<Self, Fault> {
        let mut seen = Self::default();
        seen.news(account, stack).await?;
        Ok(seen)
    }

    /// Events that were not there before, the oldest first.
    async fn news(&mut self, account: &Account, stack: &str) -> Result<Vec<ResourceEvent>, Fault> {
        let (mut news, mut next) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let ask = account.cloudformation.describe_stack_events().stack_name(stack);
            let page = ask.set_next_token(next.take()).send().await;
            let page = page.refused("CloudFormation", "for the stack's events")?;
            let mut known = false;
            for event in page.stack_events.unwrap_or_default() {
                if !self.0.insert(event.event_id.unwrap_or_default()) {
                    // Those that follow are older.
                    known = true;
                    break;
                }
                let physical = event.physical_resource_id;
                news.push(ResourceEvent {
                    is_of_stack: physical.is_some() && physical == event.stack_id,
                    id: event.logical_resource_id.unwrap_or_default(),
                    kind: event.resource_type.unwrap_or_default(),
                    status: event
                        .resource_status
                        .map_or_else(String::new, |status| status.as_str().to_owned()),
                    reason: event.resource_status_reason.unwrap_or_default(),
                });
            }
            next = page.next_token;
            if known || next.is_none() {
                break;
            }
        }
        news.reverse();
        Ok(news)
    }
}

/// Follows an operation on a stack.
pub(crate) struct Follow<'a> {
    /// The stack's id: its name is free again once it is deleted.
    pub(crate) stack: &'a str,
    /// Its name, for people.
    pub(crate) name: &'a str,
    /// What happened before.
    pub(crate) seen: Seen,
}

impl Follow<'_> {
    /// Waits for the operation's end: the stack as it is then, and everything that happened.
    pub(crate) async fn until_it_ends(
        mut self,
        account: &Account,
        progress: &dyn Progress,
    ) -> Result<(Stack, Vec<ResourceEvent>), DeployError> {
        let deadline = Instant::now() + LONGEST;
        let (mut all, mut without_news, mut blind): (Vec<ResourceEvent>, _, _) = (Vec::new(), 0, 0);
        loop {
            let looked = self.look(account, &mut all, progress).await;
            match looked {
                Ok(Look::Ended(stack)) => return Ok((stack, all)),
                Ok(Look::News) => (without_news, blind) = (0, 0),
                Ok(Look::Nothing) => (without_news, blind) = (without_news + 1, 0),
                Err(fault) if fault.may_pass() && blind < MAX_BLIND => {
                    progress.tell(Event::Blind { reason: &fault.to_string() });
                    (without_news, blind) = (without_news + 1, blind + 1);
                }
                Err(fault) => return Err(fault.into()),
            }
            let pause = poll(without_news);
            if Instant::now() + pause >= deadline {
                let (stack, minutes) = (self.name.to_owned(), LONGEST.as_secs() / 60);
                return Err(DeployError::Deadline { stack, minutes });
            }
            sleep(pause).await;
        }
    }

    async fn look(
        &mut self,
        account: &Account,
        all: &mut Vec<ResourceEvent>,
        progress: &dyn Progress,
    ) -> Result<Look, Fault> {
        let news = self.seen.news(account, self.stack).await?;
        for event in &news {
            progress.tell(Event::Resource(event));
        }
        let is_news = !news.is_empty();
        all.extend(news);
        let last = all.iter().rev().find(|event| event.is_of_stack);
        // The stack's own state is older than the operation until this has begun.
        if last.is_some_and(|event| !event.status.ends_with("_IN_PROGRESS")) {
            let stack = Stack::find(account, self.stack).await?;
            match stack {
                Some(stack) if !stack.is_busy() => return Ok(Look::Ended(stack)),
                Some(_) => {}
                None => return Err(Fault::incomplete("CloudFormation", "for the stack")),
            }
        }
        Ok(if is_news { Look::News } else { Look::Nothing })
    }
}

enum Look {
    Ended(Stack),
    News,
    Nothing,
}
