//! What happens while something takes long, for whoever wants to show it.

use crate::account::{BucketName, Caller};
use crate::deploy::ResourceEvent;

/// A step of packaging, deploying, destroying or publishing.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Who is asking, in which region.
    Caller {
        /// Who.
        caller: &'a Caller,
        /// Where.
        region: &'a str,
    },
    /// A program is being built; its own output goes to standard error.
    Building {
        /// The command, as it could be typed.
        command: &'a str,
    },
    /// A bucket for packages was made.
    BucketMade(&'a BucketName),
    /// Something is being uploaded.
    Uploading {
        /// The object's key.
        key: &'a str,
        /// How much.
        bytes: u64,
    },
    /// It is there already under the hash of its content.
    AlreadyThere {
        /// The object's key.
        key: &'a str,
    },
    /// What a first deployment left behind when it failed is removed: a stack without resources.
    RemovingFailed {
        /// The stack.
        stack: &'a str,
    },
    /// CloudFormation compares the template with what is deployed.
    Comparing {
        /// The stack.
        stack: &'a str,
    },
    /// Something happened to a resource, or to the stack itself.
    Resource(&'a ResourceEvent),
    /// AWS could not be asked how far it is; it will be asked again.
    Blind {
        /// Why.
        reason: &'a str,
    },
    /// Queues that functions had made were deleted.
    MailboxesDeleted {
        /// How many.
        count: usize,
    },
    /// A resource that the stack left behind was deleted.
    DataDeleted {
        /// Its name.
        name: &'a str,
    },
    /// A request to the Serverless Application Repository.
    Publishing {
        /// What is asked.
        step: &'a str,
    },
}

/// Listens to events.
pub trait Progress: Send + Sync {
    /// Is told of an event; should return soon, as the work waits.
    fn tell(&self, event: Event<'_>);
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn tell(&self, _: Event<'_>) {}
}
