//! Mailboxes in SQS: before the emulated AWS, which the contract holds for, and before scripted
//! answers.

mod emulated;
mod failures;
mod sweeper;
pub(crate) mod world;
