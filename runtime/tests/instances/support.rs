//! What the tests share: a deployment, its front, and what stands around it.

pub(crate) mod functions;
pub(crate) mod gate;
pub(crate) mod http;
pub(crate) mod listener;
pub(crate) mod queues;
pub(crate) mod turn;
pub(crate) mod world;

use std::time::Duration;

/// How long anything may take that should happen at once.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
