//! Every bound of the protocol, with its reason.
//!
//! What is over a bound is refused, never cut.

use std::time::Duration;

/// Bytes of one HTTP request body. A synchronous Lambda invocation carries 6 MB in all; the
/// official SDKs refuse more than 4 MiB.
pub const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a message that goes through a mailbox: an SQS message holds 1 MiB with its attributes.
pub const MAX_MAILBOX_MESSAGE_BYTES: usize = 1_000_000;
/// Nesting of arrays and objects in a request body.
pub const MAX_JSON_DEPTH: usize = 64;
/// Values (members and elements) in a request body.
pub const MAX_JSON_VALUES: usize = 200_000;
/// Messages in a batch of revision 2025-03-26.
pub const MAX_BATCH: usize = 64;
/// Bytes of a JSON-RPC id as it is written. Ids are echoed and travel in the client context.
pub const MAX_ID_BYTES: usize = 256;
/// Bytes of a method name.
pub const MAX_METHOD_BYTES: usize = 128;
/// Bytes of a tool's or a prompt's name (server/tools, "Tool Names", allows 128; the conformance
/// suite and several hosts allow 64).
pub const MAX_NAME_BYTES: usize = 64;
/// Bytes of a resource URI or URI template.
pub const MAX_URI_BYTES: usize = 2_048;
/// Variables in a URI template.
pub const MAX_TEMPLATE_VARIABLES: usize = 16;
/// Bytes of a pagination cursor.
pub const MAX_CURSOR_BYTES: usize = 1_024;
/// Bytes of a progress token as it is written.
pub const MAX_PROGRESS_TOKEN_BYTES: usize = 256;
/// Bytes of the opaque state of an `input_required` result, as the function gave it.
pub const MAX_REQUEST_STATE_BYTES: usize = 64 * 1024;
/// Requests embedded in one `input_required` result.
pub const MAX_INPUT_REQUESTS: usize = 16;
/// Rounds in which one call of a legacy client may be asked for input.
pub const MAX_INPUT_ROUNDS: usize = 10;
/// Completion values in one answer (server/utilities/completion allows 100).
pub const MAX_COMPLETION_VALUES: usize = 100;
/// Entries on one page of a list.
pub const PAGE_SIZE: usize = 100;
/// Bytes of what a tool function returns; Lambda's own bound for a synchronous answer.
pub const MAX_RESULT_BYTES: usize = 6 * 1024 * 1024;
/// Bytes of one line in a streamed function answer that is not the result.
pub const MAX_STREAM_LINE_BYTES: usize = 256 * 1024;
/// Bytes of Lambda's client context after base64.
pub const MAX_CLIENT_CONTEXT_BYTES: usize = 3_583;
/// How long the state of an `input_required` result can be used.
pub const REQUEST_STATE_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// Silence on an event stream after which a comment is sent, well under the idle limits of
/// proxies (60 s is common) and of API Gateway (5 min).
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);
