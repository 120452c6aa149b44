//! What CloudWatch calls the metrics that the functions write.
//!
//! The first eight mean what the metrics of a Bedrock AgentCore gateway of the same names mean, so
//! that its dashboards and alarms fit. No dimension holds what a caller wrote.

/// The namespace of all metrics.
pub const NAMESPACE: &str = "mcp-lambda";
/// The dimension that every metric has: the stack's identifier.
pub const STACK: &str = "Stack";
/// The second dimension: the MCP method, or one of [`OTHER_OPERATIONS`].
pub const OPERATION: &str = "Operation";

/// Requests, however they ended.
pub const INVOCATIONS: &str = "Invocations";
/// Requests that met a limit.
pub const THROTTLES: &str = "Throttles";
/// Requests that failed without the caller's fault: functions that failed, and our own errors.
pub const SYSTEM_ERRORS: &str = "SystemErrors";
/// Requests that failed by something that the caller can change, arguments included.
pub const USER_ERRORS: &str = "UserErrors";
/// Milliseconds from the request to the first byte of its answer.
pub const LATENCY: &str = "Latency";
/// Milliseconds from the request to the last byte of its answer.
pub const DURATION: &str = "Duration";
/// Milliseconds in which functions ran for the request; only where one was called.
pub const TARGET_EXECUTION_TIME: &str = "TargetExecutionTime";
/// Sessions that began.
pub const SESSIONS_STARTED: &str = "SessionsStarted";
/// Sessions that were used: each counts once in five minutes for each instance that serves it.
pub const ACTIVE_SESSIONS: &str = "ActiveSessions";
/// JSON-RPC messages of clients.
pub const MESSAGES_IN: &str = "MessagesIn";
/// JSON-RPC messages to clients.
pub const MESSAGES_OUT: &str = "MessagesOut";
/// Requests that were let through because their limits could not be asked for.
pub const LIMIT_FAILURES: &str = "LimitFailures";
