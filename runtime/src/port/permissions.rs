//! The right to call functions, and what is remembered while it changes.
//!
//! Registrations and permissions are kept by two services that share no transaction. So whoever
//! changes both first records an [`Intent`]: if the work breaks off, what it names is made to
//! agree with the registrations later.

use std::fmt;

use async_trait::async_trait;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::port::{StoreError, Timestamp};
use crate::registration::RegistrationId;
use crate::registration::arn::FunctionArn;

/// The id of the statement in a function's resource policy that belongs to a registration.
///
/// Invariants: 1 to [`MAX_STATEMENT_ID_BYTES`] ASCII letters, digits, `-` and `_`; different for
/// different registrations.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StatementId(String);

/// Lambda's bound of a statement's id.
pub const MAX_STATEMENT_ID_BYTES: usize = 100;
const PREFIX: &str = "MCP-Execute-";
/// Bytes of the hash that are written, as hexadecimal digits.
const HASH_BYTES: usize = 8;

impl StatementId {
    /// The statement of a registration: `MCP-Execute-{id}`.
    ///
    /// Lambda allows no `.`: it becomes `_`, and a part of the id's SHA-256 tells such ids from each
    /// other. The `_` after the kind tells them from those without `.`.
    pub fn of(id: &RegistrationId) -> Self {
        let (kind, name) = (id.kind().as_str(), id.name().as_str());
        if !name.contains('.') {
            return Self(format!("{PREFIX}{id}"));
        }
        let hash = digest(&SHA256, id.to_string().as_bytes());
        let hash: String =
            hash.as_ref()[..HASH_BYTES].iter().map(|byte| format!("{byte:02x}")).collect();
        let mut text = format!("{PREFIX}{kind}_{}", name.replace('.', "_"));
        // All of it is ASCII. The longest names lose their end, which the hash stands for.
        text.truncate(MAX_STATEMENT_ID_BYTES - hash.len() - 1);
        Self(format!("{text}-{hash}"))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a permission was not changed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PermissionError {
    /// There is no such function, version or alias.
    #[error("function {0} does not exist")]
    NotFound(String),
    /// Whoever asks may not change the function's permissions.
    #[error("changing the permissions of function {0} is not permitted")]
    Denied(String),
    /// It is of another account or partition: its owner must grant.
    #[error("function {0} belongs to another account")]
    External(String),
    /// The function's resource policy, of 20 KB at most, has no room for another statement.
    #[error("the resource policy of function {0} is full")]
    PolicyFull(String),
    /// Something else, which may pass.
    #[error("permissions cannot be changed: {0}")]
    Unavailable(String),
}

/// Grants the gateway the right to call functions, and takes it away.
///
/// A right is of the function and the version or alias that its ARN names.
#[async_trait]
pub trait Permissions: Send + Sync {
    /// Grants; granting twice is no error.
    async fn grant(
        &self,
        function: &FunctionArn,
        statement: &StatementId,
    ) -> Result<(), PermissionError>;

    /// Takes away; what is not there, the function itself included, is no error.
    async fn revoke(
        &self,
        function: &FunctionArn,
        statement: &StatementId,
    ) -> Result<(), PermissionError>;

    /// Which of these are granted, in their order.
    async fn granted(
        &self,
        function: &FunctionArn,
        statements: &[StatementId],
    ) -> Result<Vec<bool>, PermissionError>;

    /// Finds out, without changing anything, whether these can be granted besides what there is;
    /// [`PermissionError::PolicyFull`] if there is no room.
    async fn room(
        &self,
        function: &FunctionArn,
        statements: &[StatementId],
    ) -> Result<(), PermissionError>;

    /// Who calls: what owners of functions must name when they grant by themselves. `None` where
    /// functions have no resource policies.
    fn principal(&self) -> Option<&str>;
}

/// The right of a registration to have a function called.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Grant {
    /// The registration.
    pub registration: RegistrationId,
    /// The function.
    pub function: FunctionArn,
}

impl Grant {
    /// The statement that it stands for.
    pub fn statement(&self) -> StatementId {
        StatementId::of(&self.registration)
    }
}

/// Names one change.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct OperationId(pub u128);

impl OperationId {
    /// Parses what is displayed: 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u128::from_str_radix(text, 16).ok().filter(|_| digits).map(Self)
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What a change that has begun may touch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Intent {
    /// The change.
    pub id: OperationId,
    /// When it began, or was last found unable to end.
    pub at: Timestamp,
    /// Every right that it may grant or take away.
    pub grants: Vec<Grant>,
}

#[derive(Deserialize, Serialize)]
struct Written {
    registration: String,
    function: String,
}

impl Intent {
    /// The grants as JSON, for stores.
    pub fn grants_text(&self) -> String {
        let write = |grant: &Grant| Written {
            registration: grant.registration.to_string(),
            function: grant.function.to_string(),
        };
        let written: Vec<Written> = self.grants.iter().map(write).collect();
        serde_json::to_string(&written).expect("texts can be written as JSON")
    }

    /// Reads what [`Intent::grants_text`] has written. What somebody has damaged names nothing, so
    /// that it can be forgotten.
    pub fn grants_of(text: &str) -> Vec<Grant> {
        let written: Vec<Written> = serde_json::from_str(text).unwrap_or_default();
        let read = |written: Written| {
            Some(Grant {
                registration: RegistrationId::parse(&written.registration)?,
                function: FunctionArn::parse(&written.function).ok()?,
            })
        };
        written.into_iter().filter_map(read).collect()
    }
}

/// Intents of changes that have not ended.
#[async_trait]
pub trait Intents: Send + Sync {
    /// Remembers; the same id and moment again is one intent, with the grants of the last call.
    async fn record(&self, intent: &Intent) -> Result<(), StoreError>;

    /// Forgets the intent of this id and moment; what is not there is no error.
    async fn forget(&self, intent: &Intent) -> Result<(), StoreError>;

    /// Those of this moment and before, oldest first.
    async fn until(&self, moment: Timestamp, limit: usize) -> Result<Vec<Intent>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(id: &str) -> String {
        StatementId::of(&RegistrationId::parse(id).expect("an id")).as_str().to_owned()
    }

    #[test]
    fn statements() {
        assert_eq!(statement("tool-a_B-9"), "MCP-Execute-tool-a_B-9");
        assert_eq!(statement("tool-a.b"), "MCP-Execute-tool_a_b-44099b51961a5176");
    }

    #[test]
    fn statements_fit_and_differ() {
        let mut seen = std::collections::BTreeSet::new();
        for kind in ["tool", "prompt", "resource"] {
            for name in
                ["n".repeat(64), ".".repeat(64), "n.".repeat(32), "a.b".into(), "a_b".into()]
            {
                let text = statement(&format!("{kind}-{name}"));
                assert!(text.len() <= MAX_STATEMENT_ID_BYTES, "{text}");
                let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
                assert!(text.chars().all(good), "{text}");
                assert!(seen.insert(text), "{kind}-{name} is not told apart");
            }
        }
        let dotted = statement("tool-a.b");
        let forged = dotted.replace("MCP-Execute-tool_", "tool-");
        assert_ne!(statement(&forged), dotted, "no name without a dot takes another's statement");
        let longest = statement(&format!("resource-.{}", "n".repeat(63)));
        assert_eq!(longest.len(), MAX_STATEMENT_ID_BYTES);
    }

    #[test]
    fn grants_are_read_as_written() {
        let grant = |id: &str, function: &str| Grant {
            registration: RegistrationId::parse(id).expect("an id"),
            function: FunctionArn::parse(&format!(
                "arn:aws:lambda:us-east-1:123456789012:function:{function}"
            ))
            .expect("an ARN"),
        };
        let grants = vec![grant("tool-a", "f"), grant("resource-b.c", "g:live")];
        let intent = Intent { id: OperationId(1), at: Timestamp(2), grants: grants.clone() };
        assert_eq!(Intent::grants_of(&intent.grants_text()), grants);
        let half = intent.grants_text().replace("tool-a", "teapot-a");
        assert_eq!(Intent::grants_of(&half), grants[1..]);
        assert_eq!(Intent::grants_of("{"), []);
    }

    #[test]
    fn operations() {
        for number in [0, 1, u128::MAX] {
            let text = OperationId(number).to_string();
            assert_eq!(OperationId::parse(&text), Some(OperationId(number)));
        }
        for bad in ["", "1", "+0000000000000000000000000000001", &"g".repeat(32)] {
            assert_eq!(OperationId::parse(bad), None, "{bad}");
        }
    }
}
