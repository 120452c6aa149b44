//! What a stack must give the functions of the deployed gateway: names, keys and actions.
//!
//! It needs no feature, so that a template can be written without the AWS SDKs. The adapters and
//! the functions read the same constants, and their tests compare these with what is called.

/// Names of metrics and of their dimensions: [`function::metrics`](crate::function) writes them.
pub mod metrics;
/// Names of environment variables; `docs/functions.md` tells what each means.
pub mod variables;

/// The values of `_HANDLER`, which choose the function that the one `bootstrap` is.
pub mod handlers {
    /// The client plane.
    pub const MCP: &str = "mcp";
    /// The admin plane, and by a timer what is left of administrators' work that was cut short.
    pub const REGISTRATION: &str = "registration";
    /// By a timer, what removes orphaned queues.
    pub const SWEEPER: &str = "sweeper";
    /// API Gateway's custom authorizer.
    pub const AUTHORIZER: &str = "authorizer";
}

/// The actions that the adapters need, for the policies of roles.
pub mod actions {
    /// On the table of registrations, to read them.
    pub const REGISTRATIONS_READ: &[&str] = &["dynamodb:GetItem", "dynamodb:Query"];
    /// On the table of registrations, besides reading, to write them.
    pub const REGISTRATIONS_WRITE: &[&str] = &["dynamodb:DeleteItem", "dynamodb:PutItem"];
    /// On the table of registrations, to record intents and to settle them.
    pub const INTENTS: &[&str] = &["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"];
    /// On the table of sessions.
    pub const SESSIONS: &[&str] = &["dynamodb:GetItem", "dynamodb:UpdateItem"];
    /// On the stack's queues, to open, read and close mailboxes. A queue cannot be made with tags
    /// without `sqs:TagQueue`.
    pub const MAILBOX_READER: &[&str] = &[
        "sqs:CreateQueue",
        "sqs:DeleteMessage",
        "sqs:DeleteQueue",
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
        "sqs:TagQueue",
    ];
    /// On the stack's queues, to send to mailboxes of others.
    pub const MAILBOX_SENDER: &[&str] = &["sqs:GetQueueUrl", "sqs:SendMessage"];
    /// To sweep orphaned queues: `sqs:ListQueues` on all resources, as it knows none, the others
    /// on the stack's queues.
    pub const MAILBOX_SWEEPER: &[&str] =
        &["sqs:DeleteQueue", "sqs:GetQueueAttributes", "sqs:ListQueues"];
    /// On the functions that may be registered, to let the gateway call them. The first should be
    /// allowed for the gateway's role alone (`lambda:Principal`).
    pub const PERMISSIONS: &[&str] =
        &["lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission"];
    /// On the parameter that holds the bearer door's tokens, to let somebody in by one.
    pub const TOKENS_PARAMETER: &[&str] = &["ssm:GetParameter"];
    /// On the secret that holds the bearer door's tokens, to let somebody in by one.
    pub const TOKENS_SECRET: &[&str] = &["secretsmanager:GetSecretValue"];
    /// On the gateway's function, to ask whether it can call others.
    pub const GATEWAY_PROBE: &[&str] = &["lambda:InvokeFunction"];
}

/// The keys of the tables.
pub mod tables {
    /// The names of a table's key attributes, all of which are strings (`S`).
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    pub struct TableKey {
        /// The partition key (`HASH`).
        pub partition: &'static str,
        /// The sort key (`RANGE`).
        pub sort: Option<&'static str>,
    }

    /// The key of the table of registrations.
    pub const REGISTRATIONS_KEY: TableKey = TableKey { partition: "pk", sort: Some("id") };
    /// The key of the table of sessions: that of awslabs' session store, so that its table can be
    /// kept.
    pub const SESSIONS_KEY: TableKey = TableKey { partition: "session_id", sort: None };
    /// The attribute of the table of sessions by which DynamoDB removes what has expired, in
    /// seconds since 1970-01-01 UTC (`N`).
    pub const TTL_ATTRIBUTE: &str = "expires_at";
}

/// The parameter of Systems Manager that holds the tokens of a stack's bearer door, unless the stack
/// says otherwise.
pub fn tokens_parameter(stack: &str) -> String {
    format!("/mcp-lambda/{stack}/tokens")
}

/// Characters of a stack's identifier: the name of a mailbox's queue has 80 at most (SQS
/// quotas), and its other parts need the rest.
pub const MAX_STACK_CHARACTERS: usize = 38;

/// What matches the names of the queues of the stack that `stack` stands for, in an ARN.
pub fn mailbox_names(stack: &str) -> String {
    format!("mcp-{stack}-*.fifo")
}
