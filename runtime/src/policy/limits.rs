//! Bounds of policies and virtual servers, with their reasons.

/// Bytes of a policy's document. All policies are read and parsed with the catalog at a cold start.
pub const MAX_POLICY_BYTES: usize = 32 * 1024;
/// Bytes of a virtual server's document.
pub const MAX_SERVER_BYTES: usize = 32 * 1024;
/// Policies of a gateway. A caller meets the statements of all of them.
pub const MAX_POLICIES: usize = 100;
/// Virtual servers of a gateway.
pub const MAX_SERVERS: usize = 100;
/// Statements of one policy.
pub const MAX_STATEMENTS: usize = 100;
/// Bytes of a statement's id.
pub const MAX_STATEMENT_ID_BYTES: usize = 64;
/// Values of one condition.
pub const MAX_VALUES: usize = 100;
/// Bytes of one value. An ARN of IAM has 2,048 at most; matching costs its product with what it is
/// compared with.
pub const MAX_VALUE_BYTES: usize = 2_048;
/// Claims that one statement compares.
pub const MAX_CLAIMS: usize = 16;
/// Bytes of a policy's or virtual server's description, and of a server's instructions.
pub const MAX_TEXT_BYTES: usize = 8 * 1024;
