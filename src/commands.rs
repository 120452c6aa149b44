//! The commands that do something and end.

#[cfg_attr(feature = "deploy", path = "commands/deployment/enabled.rs")]
#[cfg_attr(not(feature = "deploy"), path = "commands/deployment/disabled.rs")]
pub(crate) mod deployment;
pub(crate) mod synth;
