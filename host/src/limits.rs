//! Every bound of the crate, with its reason.
//!
//! Where AWS has a quota, the same number is used, so that what fits here fits there.

use std::time::Duration;

/// The largest payload of a synchronous invocation: Lambda's quota of 6 MiB.
pub const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// The largest payload of an asynchronous invocation: Lambda's quota of 1 MiB.
pub const MAX_EVENT_PAYLOAD_BYTES: usize = 1024 * 1024;

/// The largest buffered response: Lambda allows 100 bytes more than 6 MiB and prints this number.
pub const MAX_RESPONSE_BYTES: usize = 6 * 1024 * 1024 + 100;

/// The largest streamed response: Lambda's quota of 200 MiB.
pub const MAX_STREAM_BYTES: usize = 200 * 1024 * 1024;

/// The longest `X-Amz-Client-Context`, counted in base64 characters as Lambda does.
pub const MAX_CLIENT_CONTEXT_BYTES: usize = 3_583;

/// The timeout of a function that names none.
///
/// Lambda's own default is 3 seconds, too short for a first start under a debugger.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The shortest timeout: the resolution of the deadline that a function is told.
pub const MIN_TIMEOUT: Duration = Duration::from_millis(1);

/// The longest timeout: Lambda's quota of 15 minutes.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(900);

/// How many instances a function that names no number may have at once.
pub const DEFAULT_CONCURRENCY: usize = 10;

/// The most instances a function may have at once: an account's default quota on Lambda.
pub const MAX_CONCURRENCY: usize = 1_000;

/// The memory size that a function is told when it names none: Lambda's default.
pub const DEFAULT_MEMORY_MB: u32 = 128;

/// The memory sizes that Lambda accepts; informational here.
pub const MEMORY_MB: std::ops::RangeInclusive<u32> = 128..=10_240;

/// How long a new process may take until it asks for its first invocation, as on Lambda.
pub const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an instance without work is kept; about what Lambda does at the low end.
pub const IDLE_LIFETIME: Duration = Duration::from_secs(300);

/// How long an asynchronous invocation is tried again while the function is throttled.
///
/// Lambda tries for six hours; a minute is enough to see a busy function through on one machine.
pub const EVENT_PATIENCE: Duration = Duration::from_secs(60);

/// How many asynchronous invocations may wait or run at once in one host.
///
/// With payloads of at most 1 MiB this bounds their memory to about 1 GB.
pub const MAX_QUEUED_EVENTS: usize = 1_000;

/// How long a throttled asynchronous invocation waits before it is tried again.
pub(crate) const EVENT_RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The longest line of output; what exceeds it is cut and marked.
pub const MAX_LOG_LINE_BYTES: usize = 64 * 1024;

/// How much output is kept for `X-Amz-Log-Result`, as on Lambda.
pub const LOG_TAIL_BYTES: usize = 4 * 1024;

/// The longest JSON prelude of a streamed HTTP response: far above what a server sends as headers.
pub const MAX_PRELUDE_BYTES: usize = 128 * 1024;

/// How many chunks of a response may wait for a slow reader before the function is held back.
pub(crate) const CHUNK_QUEUE: usize = 16;

/// How many Runtime API calls may wait for the instance's task; each connection has one at a time.
pub(crate) const CALL_QUEUE: usize = 16;

/// How long an answered instance may take to ask for its next invocation before waiting work is
/// given to another one.
pub(crate) const REST_GRACE: Duration = Duration::from_millis(100);

/// How long a process may go on after it has reported that it cannot initialise.
pub(crate) const INIT_ERROR_GRACE: Duration = Duration::from_secs(1);

/// How long the last requests of a process that has exited are read.
pub(crate) const EXIT_GRACE: Duration = Duration::from_millis(200);

/// How long a killed process may take to disappear; only one in uninterruptible sleep takes longer.
pub(crate) const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// How long the host waits for output that is already in the pipe: only a process that prints
/// without end makes it wait that long.
pub(crate) const FLUSH_PATIENCE: Duration = Duration::from_millis(250);

/// How long the host waits when a port cannot take a connection for the moment.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// How much more of a refused request is read, so that its sender sees the answer and not a reset.
pub(crate) const DRAIN_BYTES: usize = 32 * 1024 * 1024;
