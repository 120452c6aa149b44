//! What is remembered of a session, once there is anything to remember.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Resources that one session may subscribe to.
pub const MAX_SUBSCRIPTIONS: usize = 100;

/// The stored state of a session.
///
/// Stored as JSON; a member that is added later must have a default.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct SessionState {
    /// The level of `logging/setLevel`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_level: Option<String>,
    /// The URIs of `resources/subscribe`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub subscriptions: BTreeSet<String>,
    /// Where sessions may be idle for some time only: the use that was last noted, in milliseconds
    /// since 1970-01-01 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at_ms: Option<u64>,
}
