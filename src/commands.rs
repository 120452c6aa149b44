//! The commands that do something and end.

#[cfg_attr(feature = "deploy", path = "commands/deployment/enabled.rs")]
#[cfg_attr(not(feature = "deploy"), path = "commands/deployment/disabled.rs")]
pub(crate) mod deployment;
pub(crate) mod synth;
#[cfg_attr(feature = "aws", path = "commands/token/enabled.rs")]
#[cfg_attr(not(feature = "aws"), path = "commands/token/disabled.rs")]
pub(crate) mod token;
