//! What a call knows of its caller, and what it can say before its answer.

mod ask;
mod session;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use ask::{Dialogue, Resumed};
pub use ask::{Elicited, Root, Sampled, Sampling};
use mcp_lambda_runtime::port::session_data::SessionData;
use mcp_lambda_runtime::port::{Clock, Ids, SessionKey};
use mcp_lambda_runtime::protocol::capability::ClientCapabilities;
use mcp_lambda_runtime::protocol::notification::LogLevel;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
pub use session::{MAX_DATA_BYTES, NoSession, Session, SessionError};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The revision that has no sessions.
const MODERN: &str = "2026-07-28";

/// One call: who makes it, until when, and the way to its client.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    facts: Facts,
    deadline: Instant,
    dialogue: Dialogue,
    /// Where notifications go, if they can go anywhere.
    lines: Option<mpsc::Sender<String>>,
    stores: Arc<Stores>,
}

/// What all calls share.
pub(crate) struct Stores {
    pub(crate) data: Option<Arc<dyn SessionData>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
}

/// What the gateway tells of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    members: HashMap<String, String>,
    capabilities: ClientCapabilities,
}

impl Facts {
    /// Reads a client context; what is missing in it is not known.
    pub(crate) fn read(context: Option<&str>) -> Self {
        #[derive(Default, Deserialize)]
        struct Wire {
            #[serde(default)]
            custom: HashMap<String, String>,
        }
        let wire: Wire =
            context.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let raw = wire.custom.get("mcpClientCapabilities").cloned();
        let raw = raw.and_then(|text| RawValue::from_string(text).ok());
        let capabilities = raw.and_then(|raw| ClientCapabilities::read(&raw)).unwrap_or_default();
        Self { members: wire.custom, capabilities }
    }

    fn get(&self, name: &str) -> &str {
        self.members.get(name).map_or("", String::as_str)
    }

    /// Whether the client speaks 2026-07-28.
    pub(crate) fn is_modern(&self) -> bool {
        self.get("mcpProtocolVersion") == MODERN
    }

    fn session(&self) -> Option<SessionKey> {
        let text = self.get("mcpSessionId");
        let mut key = [0; 16];
        if text.len() != 2 * key.len() || !text.is_ascii() {
            return None;
        }
        for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(SessionKey(key))
    }
}

impl Context {
    pub(crate) fn new(
        facts: Facts,
        deadline: Instant,
        dialogue: Dialogue,
        lines: Option<mpsc::Sender<String>>,
        stores: Arc<Stores>,
    ) -> Self {
        Self(Arc::new(Inner { facts, deadline, dialogue, lines, stores }))
    }

    pub(crate) fn dialogue(&self) -> &Dialogue {
        &self.0.dialogue
    }

    /// How the caller was verified: `anonymous`, `iam`, or `direct-invoke`, which says nothing of
    /// who it is.
    pub fn caller_kind(&self) -> &str {
        self.0.facts.get("mcpCallerType")
    }

    /// Who the caller is: the ARN of an IAM principal; `None` where nobody knows.
    pub fn caller(&self) -> Option<&str> {
        Some(self.0.facts.get("mcpCaller")).filter(|name| !name.is_empty())
    }

    /// Names this call in logs, and in the errors that clients see.
    pub fn request_id(&self) -> &str {
        self.0.facts.get("mcpRequestId")
    }

    /// The revision that the client speaks, such as `2025-11-25`.
    pub fn protocol_version(&self) -> &str {
        self.0.facts.get("mcpProtocolVersion")
    }

    /// What the client can be asked.
    pub fn client(&self) -> ClientCapabilities {
        self.0.facts.capabilities
    }

    /// By when the call must have been answered; it is dropped then.
    pub fn deadline(&self) -> Instant {
        self.0.deadline
    }

    /// How much time is left.
    pub fn remaining(&self) -> Duration {
        self.0.deadline.saturating_duration_since(Instant::now())
    }

    /// Tells how far the work is, which must increase. Goes to clients that asked for it.
    ///
    /// Only tools have the way to say something before their answer.
    pub async fn progress(&self, done: f64, total: Option<f64>, message: &str) {
        let mut params = json!({ "progress": done });
        if let Some(total) = total {
            params["total"] = total.into();
        }
        if !message.is_empty() {
            params["message"] = message.into();
        }
        self.notify("notifications/progress", &params).await;
    }

    /// Sends a log message to the client, if it wants to hear this level.
    pub async fn log(&self, level: LogLevel, data: impl Serialize) {
        let data = serde_json::to_value(data).unwrap_or_default();
        let params = json!({ "level": level.as_str(), "data": data });
        self.notify("notifications/message", &params).await;
    }

    async fn notify(&self, method: &str, params: &serde_json::Value) {
        if let Some(lines) = &self.0.lines {
            // A client that went away is noticed where its stream is held.
            let _ =
                lines.send(format!("{}\n", json!({ "method": method, "params": params }))).await;
        }
    }

    /// The session that the call belongs to.
    ///
    /// # Errors
    ///
    /// Where there is none: clients of 2026-07-28 have no sessions, those of older revisions have
    /// one unless the server is stateless, and on Lambda only with a table.
    pub fn session(&self) -> Result<Session<'_>, NoSession> {
        let Inner { facts, stores, .. } = &*self.0;
        let missing = if facts.is_modern() { NoSession::Revision } else { NoSession::Stateless };
        match (facts.session(), &stores.data) {
            (Some(key), Some(data)) => Ok(Session::new(key, &**data, stores)),
            _ => Err(missing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts() {
        let text = json!({ "custom": {
            "mcpProtocolVersion": "2025-11-25", "mcpSessionId": "00ff".repeat(8),
            "mcpClientCapabilities": r#"{"elicitation":{"form":{}}}"#
        } });
        let facts = Facts::read(Some(&text.to_string()));
        assert_eq!(facts.session(), Some(SessionKey([0, 255].repeat(8).try_into().expect("16"))));
        assert!(facts.capabilities.elicitation_form && !facts.capabilities.sampling);
        assert!(!facts.is_modern());
        for odd in [None, Some(""), Some("{}"), Some(r#"{"custom":{"mcpSessionId":"é0"}}"#)] {
            assert_eq!(Facts::read(odd).session(), None);
        }
    }
}
