//! Policies that are wider than they need to be.

use mcp_lambda_infra::aws::{iam, kms, lambda, sqs};
use mcp_lambda_infra::core::*;

use crate::{found, template};

fn found_in(statement: Statement) -> Vec<String> {
    let policy = iam::ManagedPolicy::new(PolicyDocument::new([statement]));
    let place = "resource It/Properties/PolicyDocument/Statement/0/";
    let findings = found(&template(|template| template.add("It", policy).map(|_| ())));
    findings.into_iter().map(|finding| finding.replace(place, "")).collect()
}

#[test]
fn actions() {
    let allow = |action: &str| found_in(Statement::allow([action]).on("arn:x"));
    assert_eq!(allow("sqs:SendMessage"), [""; 0]);
    assert_eq!(allow("SQS:sendmessage"), [""; 0], "case does not matter");
    assert_eq!(allow("unknown:Thing"), [""; 0], "services are not all known");
    assert_eq!(allow("sqs:SendMesage"), ["error: Action: There is no action sqs:SendMesage"]);
    assert_eq!(allow("SendMessage"), ["error: Action: There is no action SendMessage"]);
    assert_eq!(allow("*"), ["error: Action: Allows every action that matches *"]);
    assert_eq!(allow("sqs:*"), ["error: Action: Allows every action that matches sqs:*"]);
    assert_eq!(allow("sqs:Get*"), ["warning: Action: Allows every action that matches sqs:Get*"]);
}

#[test]
fn resources() {
    let everything = |actions: &[&str]| Statement::allow(actions.iter().copied()).on_everything();
    let everywhere = |actions: &[&str]| found_in(everything(actions));
    assert_eq!(everywhere(&["xray:PutTraceSegments", "ec2:DescribeNetworkInterfaces"]), [""; 0]);
    assert_eq!(
        everywhere(&["sqs:SendMessage", "sqs:ListQueues"]),
        ["error: Resource: Allows sqs:SendMessage on everything"]
    );
    let limited = everything(&["sqs:SendMessage"]).when(
        ConditionOperator::StringEquals,
        "aws:ResourceTag/mcp",
        "yes",
    );
    assert_eq!(
        found_in(limited),
        ["warning: Resource: Allows sqs:SendMessage on everything, though under a condition"]
    );
    assert_eq!(found_in(Statement::deny(["*"]).on_everything()), [""; 0], "denying is not wide");
}

#[test]
fn principals() {
    let anyone =
        || Statement::allow(["sqs:SendMessage"]).principal(Principal::Everyone).on("arn:x");
    let found_in = |statement: Statement| {
        found(&template(|template| {
            let queue = template.add("Queue", sqs::Queue::new())?;
            let document = PolicyDocument::new([statement]);
            template.add("It", sqs::QueuePolicy::new(document, [queue.queue_url()]))?;
            Ok(())
        }))
    };
    let place = "resource It/Properties/PolicyDocument/Statement/0/Principal";
    assert_eq!(found_in(anyone()), [format!("error: {place}: Allows everyone")]);
    let limited = anyone().when(ConditionOperator::ArnEquals, "aws:SourceArn", "arn:y");
    assert_eq!(
        found_in(limited),
        [format!("warning: {place}: Allows everyone, though under a condition")]
    );
}

#[test]
fn a_key_is_everything_to_its_own_policy() {
    let own = Statement::allow(["kms:*"])
        .principal(Principal::account(pseudo::account_id()))
        .on_everything();
    let template = template(|template| {
        template.add("Key", kms::Key::new().key_policy(PolicyDocument::new([own])))?;
        Ok(())
    });
    assert_eq!(found(&template), [""; 0]);
}

#[test]
fn permissions_of_functions() {
    let permit = |change: fn(lambda::Permission) -> lambda::Permission| {
        let permission = lambda::Permission::new("lambda:InvokeFunction", "f", "*");
        found(&template(|template| template.add("It", change(permission)).map(|_| ())))
    };
    let place = "resource It/Properties/Principal";
    assert_eq!(permit(|it| it), [format!("error: {place}: Allows everyone")]);
    assert_eq!(
        permit(|it| it.source_account("123456789012")),
        [format!("warning: {place}: Allows everyone, though under a condition")]
    );
}
