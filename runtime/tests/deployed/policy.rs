//! What each role may do: the actions that the adapters say they need, and nothing else.

use mcp_lambda_runtime::deployment::actions;
use mcp_lambda_test_support::ministack::{ACCOUNT, REGION};
use serde_json::{Value, json};

use crate::stack::{REGISTRATIONS, SESSIONS, STACK};

/// One statement that allows.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) actions: Vec<&'static str>,
    pub(crate) resource: String,
    /// In JSON; null if there is none.
    pub(crate) condition: Value,
}

impl Statement {
    pub(crate) fn new(actions: &[&'static str], resource: String) -> Self {
        let mut actions = actions.to_vec();
        actions.sort_unstable();
        actions.dedup();
        Self { actions, resource, condition: Value::Null }
    }

    pub(crate) fn only_if(self, condition: Value) -> Self {
        Self { condition, ..self }
    }
}

/// The policy's document.
pub(crate) fn document(statements: &[Statement]) -> String {
    let write = |statement: &Statement| {
        let mut written = json!({
            "Effect": "Allow",
            "Action": statement.actions,
            "Resource": statement.resource,
        });
        if !statement.condition.is_null() {
            written["Condition"] = statement.condition.clone();
        }
        written
    };
    let mut written: Vec<Value> =
        statements.iter().filter(|statement| !statement.actions.is_empty()).map(write).collect();
    if written.is_empty() {
        // A policy has at least one statement.
        written.push(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
    }
    json!({"Version": "2012-10-17", "Statement": written}).to_string()
}

/// What a function's execution role may do.
pub(crate) fn mcp() -> Vec<Statement> {
    vec![
        Statement::new(actions::REGISTRATIONS_READ, table(REGISTRATIONS)),
        Statement::new(actions::SESSIONS, table(SESSIONS)),
        Statement::new(&[actions::MAILBOX_READER, actions::MAILBOX_SENDER].concat(), queues()),
    ]
}

/// The function of `POST /message`, where it is one of its own.
pub(crate) fn messages() -> Vec<Statement> {
    vec![
        Statement::new(actions::REGISTRATIONS_READ, table(REGISTRATIONS)),
        Statement::new(actions::SESSIONS, table(SESSIONS)),
        Statement::new(actions::MAILBOX_SENDER, queues()),
    ]
}

pub(crate) fn registration() -> Vec<Statement> {
    let actions =
        [actions::REGISTRATIONS_READ, actions::REGISTRATIONS_WRITE, actions::INTENTS].concat();
    let mut all = vec![Statement::new(&actions, table(REGISTRATIONS))];
    all.extend(grants());
    all.push(Statement::new(actions::GATEWAY_PROBE, function_arn("mcp")));
    all
}

/// Changing who may call a function: the gateway's role may be let in and nobody else.
fn grants() -> Vec<Statement> {
    let (add, others): (Vec<_>, Vec<_>) =
        actions::PERMISSIONS.iter().copied().partition(|action| *action == "lambda:AddPermission");
    let statement = |actions: &[&'static str]| Statement::new(actions, function_arn("*"));
    let to_the_gateway = json!({"StringEquals": {"lambda:Principal": role_arn("mcp")}});
    vec![statement(&add).only_if(to_the_gateway), statement(&others)]
}

/// Listing queues knows no resources.
pub(crate) fn sweeper() -> Vec<Statement> {
    let (all, own): (Vec<_>, Vec<_>) =
        actions::MAILBOX_SWEEPER.iter().copied().partition(|action| *action == "sqs:ListQueues");
    vec![Statement::new(&own, queues()), Statement::new(&all, "*".to_owned())]
}

/// What somebody may do who calls a Function URL, as AWS has it since October 2025: the URL, and
/// the function through the URL only.
pub(crate) fn caller_of(function: &str) -> Vec<Statement> {
    let statement = |action| Statement::new(&[action], function_arn(function));
    vec![
        statement("lambda:InvokeFunctionUrl")
            .only_if(json!({"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}})),
        statement("lambda:InvokeFunction")
            .only_if(json!({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}})),
    ]
}

pub(crate) fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

pub(crate) fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

fn table(name: &str) -> String {
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}")
}

/// The mailboxes of this stack.
fn queues() -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:mcp-{STACK}-*.fifo")
}
