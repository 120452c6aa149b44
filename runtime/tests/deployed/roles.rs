//! The roles: each may do enough, nothing that it does not need, and nothing of another's.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use mcp_lambda_runtime::aws::dynamodb::{
    DynamoIntents, DynamoRegistrations, DynamoSessions, TableName,
};
use mcp_lambda_runtime::aws::gateway_probe::GatewayProbe;
use mcp_lambda_runtime::aws::lambda::LambdaInvoker;
use mcp_lambda_runtime::aws::permissions::{LambdaPermissions, RoleArn};
use mcp_lambda_runtime::aws::sqs::{
    ORPHANED_AFTER, Options, SqsMailboxes, StackIdentifier, Sweeper, Swept,
};
use mcp_lambda_runtime::port::permissions::{Grant, Intent, Intents, OperationId, Permissions};
use mcp_lambda_runtime::port::row::{RowId, Rows};
use mcp_lambda_runtime::port::{
    Clock, Invoker, MailboxId, Mailboxes, Registrations, SessionKey, Sessions, Timestamp,
};
use mcp_lambda_runtime::protocol::name::Name;
use mcp_lambda_runtime::registration::arn::FunctionArn;
use mcp_lambda_runtime::registration::{Kind, RegistrationId};
use mcp_lambda_runtime::system::{SystemClock, SystemIds};
use tokio::time::Instant;

use crate::policy::{self, Statement, function_arn, role_arn};
use crate::stack::{REGISTRATIONS, SESSIONS, STACK, Stack, root};
use crate::wire::{Credentials, PATIENCE};

const SECOND: Duration = Duration::from_secs(1);

/// The adapters of one process, with the credentials of a role.
struct Adapters {
    registrations: DynamoRegistrations,
    sessions: DynamoSessions,
    mailboxes: SqsMailboxes,
    sweeper: Sweeper,
    intents: DynamoIntents,
    permissions: LambdaPermissions,
    probe: GatewayProbe,
    /// Makes names that no other process of the test uses.
    number: u8,
}

impl Adapters {
    fn new(stack: &Stack, who: &Credentials, number: u8) -> Self {
        let shared = stack.shared(who);
        let ids = Arc::new(SystemIds::default());
        let table = |name| TableName::parse(name).expect("a name");
        let identifier = || StackIdentifier::parse(STACK).expect("an identifier");
        let gateway = RoleArn::parse(&role_arn("mcp")).expect("a role");
        let mcp = FunctionArn::parse(&function_arn("mcp")).expect("an ARN");
        let options = Options { settling: Duration::ZERO, ..Options::default() };
        Self {
            registrations: DynamoRegistrations::new(&shared, table(REGISTRATIONS), ids.clone()),
            sessions: DynamoSessions::new(&shared, table(SESSIONS), ids.clone()),
            mailboxes: SqsMailboxes::new(&shared, identifier(), ids, options),
            sweeper: Sweeper::new(&shared, identifier()),
            intents: DynamoIntents::new(&shared, table(REGISTRATIONS)),
            permissions: LambdaPermissions::new(shared.clone(), gateway),
            probe: GatewayProbe::new(LambdaInvoker::new(shared), mcp),
            number,
        }
    }

    /// Everything that the client plane asks of its adapters: the first that fails, and why.
    async fn client_plane(&self) -> Result<(), String> {
        let (now, id) = (SystemClock.now(), RowId::parse("tool-a").expect("an id"));
        let registrations = &self.registrations;
        told("version", registrations.version().await)?;
        told("load", registrations.load(&id).await)?;
        told("page", registrations.page(Rows::All, None, 10).await)?;

        let key = SessionKey([self.number; 16]);
        let later = now.after(60 * SECOND);
        let sessions = &self.sessions;
        told("sealing keys", sessions.sealing_keys([self.number; 32]).await)?;
        told("session", sessions.load(key, now).await)?;
        told("save", sessions.save(key, "{}".to_owned(), None, later, now).await)?;
        told("end", sessions.end(key, later, now).await)?;

        let (mailboxes, id) = (&self.mailboxes, MailboxId::session(key));
        told("open", mailboxes.open(&id).await)?;
        told("send", mailboxes.send(&id, "1", Bytes::from_static(b"{}")).await)?;
        let delivered = told("receive", mailboxes.receive(&id, SECOND).await)?;
        let delivery = delivered.first().ok_or("receive: nothing")?;
        told("acknowledge", mailboxes.acknowledge(&id, &delivery.receipt).await)?;
        told("close", mailboxes.close(&id).await)
    }

    /// Everything that the function of messages asks of its adapters.
    async fn messages(&self, another: &Self) -> Result<(), String> {
        let (now, id) = (SystemClock.now(), RowId::parse("tool-a").expect("an id"));
        told("version", self.registrations.version().await)?;
        told("load", self.registrations.load(&id).await)?;
        told("page", self.registrations.page(Rows::All, None, 10).await)?;
        let key = SessionKey([self.number; 16]);
        told("sealing keys", self.sessions.sealing_keys([self.number; 32]).await)?;
        told("session", self.sessions.load(key, now).await)?;
        let id = MailboxId::session(key);
        another.mailboxes.open(&id).await.expect("the other may");
        told("send", self.mailboxes.send(&id, "1", Bytes::from_static(b"{}")).await)
    }

    /// Sends to a mailbox that this process knows nothing of, and closes it.
    async fn send_to_another(&self, other: &Self) -> Result<(), String> {
        let id = MailboxId::exchange(SessionKey([self.number; 16]), "another");
        other.mailboxes.open(&id).await.expect("the other may");
        told("send", self.mailboxes.send(&id, "1", Bytes::from_static(b"{}")).await)?;
        told("close", self.mailboxes.close(&id).await)
    }

    /// Everything that the admin plane asks of its adapters.
    async fn admin_plane(&self) -> Result<(), String> {
        let now = SystemClock.now();
        let name = Name::parse(&format!("a{}", self.number)).expect("a name");
        let id = RowId::from(RegistrationId::new(Kind::Tool, name.clone()));
        let registrations = &self.registrations;
        let new = vec![(id.clone(), "{}".to_owned())];
        told("create", registrations.create(new, now).await)?;
        told("load", registrations.load(&id).await)?;
        told("page", registrations.page(Rows::All, None, 10).await)?;
        told("replace", registrations.replace(&id, "{}".to_owned(), Some(1), now).await)?;
        told("remove", registrations.remove(&id, Some(2)).await)?;
        told("version", registrations.version().await)?;
        let function = FunctionArn::parse(&function_arn("forecast")).expect("an ARN");
        let registration = RegistrationId::new(Kind::Tool, name);
        let grant = Grant { registration, function: function.clone() };
        let statement = grant.statement();
        let id = OperationId(self.number.into());
        let intent = Intent { id, at: now, grants: vec![grant] };
        told("record", self.intents.record(&intent).await)?;
        told("until", self.intents.until(now, 10).await)?;
        told("forget", self.intents.forget(&intent).await)?;
        let (permissions, of) = (&self.permissions, std::slice::from_ref(&statement));
        told("room", permissions.room(&function, of).await)?;
        told("grant", permissions.grant(&function, &statement).await)?;
        told("granted", permissions.granted(&function, of).await)?;
        told("probe", self.probe.probe(&function).await)?;
        told("revoke", permissions.revoke(&function, &statement).await)
    }

    /// A sweep that finds one orphan.
    async fn sweep(&self, stack: &Stack) -> Result<(), String> {
        orphan(stack, &format!("mcp-{STACK}-{:032x}.fifo", self.number)).await;
        let now: Timestamp = SystemClock.now();
        let deadline = Instant::now() + PATIENCE;
        let swept = told("sweep", self.sweeper.sweep(now, ORPHANED_AFTER, deadline).await)?;
        match swept {
            Swept { deleted: 1.., failed: 0, complete: true, .. } => Ok(()),
            other => Err(format!("sweep: {other:?}")),
        }
    }
}

fn told<T, E: std::fmt::Display>(what: &str, result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| format!("{what}: {error}"))
}

/// A queue that was made in 1970.
pub(crate) async fn orphan(stack: &Stack, name: &str) {
    use aws_sdk_sqs::types::QueueAttributeName;
    aws_sdk_sqs::Client::new(&stack.shared(&root()))
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::FifoQueue, "true")
        // The emulator takes it; AWS sets it itself.
        .attributes(QueueAttributeName::CreatedTimestamp, "1")
        .send()
        .await
        .expect("a queue");
}

/// A policy with one action less, and which one.
fn each_without_one(all: &[Statement]) -> Vec<(String, Vec<Statement>)> {
    let mut found = Vec::new();
    for (place, statement) in all.iter().enumerate() {
        for action in &statement.actions {
            let mut less = all.to_vec();
            less[place].actions.retain(|kept| kept != action);
            found.push((format!("{action} on {}", statement.resource), less));
        }
    }
    found
}

/// What a role is for, tried with what it may do.
async fn use_role(stack: &Stack, role: &str, number: u8) -> Result<(), String> {
    let adapters = Adapters::new(stack, &stack.assume(role).await, number);
    match role {
        "mcp" => {
            adapters.client_plane().await?;
            adapters.send_to_another(&Adapters::new(stack, &root(), number)).await
        }
        "registration" => adapters.admin_plane().await,
        "messages" => adapters.messages(&Adapters::new(stack, &root(), number)).await,
        "sweeper" => adapters.sweep(stack).await,
        other => panic!("there is no role {other}"),
    }
}

/// Actions that AWS checks and the emulator does not: tags of a queue that is made.
const UNCHECKED: &[&str] = &["sqs:TagQueue on "];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_action_is_needed_and_no_other() {
    let Some(stack) = Stack::deploy().await else { return };
    stack.tool_function("forecast").await;
    let mut number = 0;
    for (role, whole) in [
        ("mcp", policy::mcp()),
        ("registration", policy::registration()),
        ("messages", policy::messages()),
        ("sweeper", policy::sweeper()),
    ] {
        assert_eq!(use_role(&stack, role, number).await, Ok(()), "{role}");
        for (missing, less) in each_without_one(&whole) {
            number += 1;
            // What a process makes once must not be there yet.
            forget_sealing_keys(&stack).await;
            stack.permit_role(role, &less).await;
            let used = use_role(&stack, role, number).await;
            let unchecked = UNCHECKED.iter().any(|action| missing.starts_with(action));
            assert_eq!(used.is_ok(), unchecked, "{role} without {missing}: {used:?}");
        }
        number += 1;
        stack.permit_role(role, &whole).await;
        assert_eq!(use_role(&stack, role, number).await, Ok(()), "{role}");
        number += 1;
    }
}

async fn forget_sealing_keys(stack: &Stack) {
    aws_sdk_dynamodb::Client::new(&stack.shared(&root()))
        .delete_item()
        .table_name(SESSIONS)
        .key("session_id", AttributeValue::S("sealing-keys".to_owned()))
        .send()
        .await
        .expect("root may");
}

/// What nobody but the owner may do, with the code of the refusal of each attempt.
async fn attempts(stack: &Stack, who: &Credentials) -> Vec<(&'static str, Option<String>)> {
    let shared = stack.shared(who);
    let dynamodb = aws_sdk_dynamodb::Client::new(&shared);
    let sqs = aws_sdk_sqs::Client::new(&shared);
    let lambda = aws_sdk_lambda::Client::new(&shared);
    let text = |value: &str| AttributeValue::S(value.to_owned());
    macro_rules! refusal {
        ($request:expr) => {
            match $request.send().await {
                Ok(_) => None,
                Err(error) => error.into_service_error().meta().code().map(str::to_owned),
            }
        };
    }
    let put = dynamodb.put_item().table_name(REGISTRATIONS);
    let delete = dynamodb.delete_item().table_name(REGISTRATIONS);
    let get = dynamodb.get_item().table_name(SESSIONS);
    let grant = lambda.add_permission().function_name("forecast").statement_id("own");
    vec![
        ("put", refusal!(put.item("pk", text("r")).item("id", text("tool-x")))),
        ("delete", refusal!(delete.key("pk", text("r")).key("id", text("tool-x")))),
        ("read keys", refusal!(get.key("session_id", text("sealing-keys")))),
        ("scan", refusal!(dynamodb.scan().table_name(SESSIONS))),
        ("drop", refusal!(dynamodb.delete_table().table_name(SESSIONS))),
        ("queue", refusal!(sqs.create_queue().queue_name("mcp-other-1.fifo"))),
        ("grant", refusal!(grant.action("lambda:InvokeFunction").principal(role_arn("mcp")))),
        ("call a tool", refusal!(lambda.invoke().function_name(function_arn("forecast")))),
        ("call a function", refusal!(lambda.invoke().function_name(function_arn("mcp")))),
        ("read code", refusal!(lambda.get_function().function_name("mcp"))),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_role_does_what_is_anothers() {
    let Some(stack) = Stack::deploy().await else { return };
    stack.tool_function("forecast").await;
    for (role, may) in [
        ("mcp", &["read keys"][..]),
        ("registration", &["put", "delete", "grant", "call a function"]),
        ("messages", &["read keys"]),
        ("sweeper", &[]),
        ("tool", &[]),
    ] {
        let who = stack.assume(role).await;
        for (what, refused) in attempts(&stack, &who).await {
            let expected = match may.contains(&what) {
                true => None,
                false => Some("AccessDenied"),
            };
            let code = refused.as_deref().map(|code| code.trim_end_matches("Exception"));
            assert_eq!(code, expected, "{role}: {what}");
        }
    }
    // A function's owner lets the gateway's role call it, and nobody else.
    stack.grant("forecast").await;
    for (role, may) in [("mcp", true), ("registration", false), ("tool", false)] {
        let who = stack.assume(role).await;
        let called = stack.invoke(&who, "forecast", &serde_json::json!({"city": "Oslo"})).await;
        assert_eq!(called.is_ok(), may, "{role}: {called:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_grants_lets_in_the_gateway_alone() {
    let Some(stack) = Stack::deploy().await else { return };
    stack.tool_function("forecast").await;
    let lambda = stack.lambda(&stack.assume("registration").await);
    let grant = async |id: &str, action: &str, principal: String| {
        let request = lambda.add_permission().function_name("forecast").statement_id(id);
        let granted = request.action(action).principal(principal).send().await;
        granted
            .map(drop)
            .map_err(|error| error.into_service_error().meta().code().map(str::to_owned))
    };
    let denied = Err(Some("AccessDeniedException".to_owned()));
    let invoke = "lambda:InvokeFunction";
    for principal in ["*".to_owned(), role_arn("registration"), "s3.amazonaws.com".to_owned()] {
        assert_eq!(grant("x", invoke, principal.clone()).await, denied, "{principal}");
    }
    assert_eq!(grant("x", invoke, role_arn("mcp")).await, Ok(()));
    let gateway = stack.assume("mcp").await;
    let event = serde_json::json!({"city": "Oslo"});
    stack.invoke(&gateway, "forecast", &event).await.expect("it is let in");
    lambda
        .remove_permission()
        .function_name("forecast")
        .statement_id("x")
        .send()
        .await
        .expect("may");
    stack.invoke(&gateway, "forecast", &event).await.expect_err("it is not any more");
}
