//! Bounds of properties: at, below and above, through conditions, lists and kinds of events.

use mcp_lambda_infra::aws::serverless::function::{
    DynamoDBEvent, DynamoDBEventProperties, Event, SQSEvent, SQSEventProperties,
};
use mcp_lambda_infra::aws::{lambda, logs, serverless, sns, sqs, ssm};
use mcp_lambda_infra::core::*;

use crate::{found, template};

fn found_in<R: Resource>(resource: R) -> Vec<String> {
    found(&template(|template| template.add("It", resource).map(|_| ())))
}

#[test]
fn numbers() {
    let delay = |seconds: i64| found_in(sqs::Queue::new().delay_seconds(seconds));
    assert_eq!(delay(0), [""; 0]);
    assert_eq!(delay(900), [""; 0]);
    let place = "error: resource It/Properties/DelaySeconds";
    assert_eq!(delay(-1), [format!("{place}: Is -1, but may be no less than 0")]);
    assert_eq!(delay(901), [format!("{place}: Is 901, but may be no more than 900")]);
}

#[test]
fn texts() {
    let name = |length: usize| found_in(logs::LogGroup::new().log_group_name("a".repeat(length)));
    assert_eq!(name(1), [""; 0]);
    assert_eq!(name(512), [""; 0]);
    let place = "error: resource It/Properties/LogGroupName";
    assert_eq!(name(513), [format!("{place}: Has 513 characters, but may have no more than 512")]);
    assert!(name(0)[0].starts_with(&format!("{place}: Has 0 characters")));
    let code = lambda::function::Code::new().s3_bucket("bucket").s3_key("key");
    let odd = found_in(
        lambda::Function::new(code, "arn:aws:iam::123456789012:role/r").function_name("a b"),
    );
    assert_eq!(odd.len(), 1, "{odd:?}");
    let start = "warning: resource It/Properties/FunctionName: \"a b\" does not match ";
    assert!(odd[0].starts_with(start), "{}", odd[0]);
}

#[test]
fn both_branches_of_a_condition() {
    let template = template(|template| {
        let on = template.parameter("On", Parameter::flag(true))?;
        let on = template.condition("IsOn", on.equals("true"))?;
        template.add("It", sqs::Queue::new().delay_seconds(on.choose(901, 902)))?;
        Ok(())
    });
    assert_eq!(found(&template).len(), 2);
}

#[test]
fn events_are_told_apart_by_their_type() {
    let stream = "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026-01-01T00:00:00.000";
    let queue = "arn:aws:sqs:eu-west-1:123456789012:q";
    let events: Vec<(&str, Value<Event>)> = vec![
        ("A", SQSEvent::new(SQSEventProperties::new(queue).batch_size(10_001)).into_value()),
        (
            "B",
            DynamoDBEvent::new(DynamoDBEventProperties::new(stream).parallelization_factor(11))
                .into_value(),
        ),
    ];
    let function = serverless::Function::new().code_uri("x/").events(events);
    assert_eq!(
        found_in(function),
        [
            "error: resource It/Properties/Events/A/Properties/BatchSize: Is 10001, but may be no more than 10000",
            "error: resource It/Properties/Events/B/Properties/ParallelizationFactor: Is 11, but may be no more than 10",
        ]
    );
}

#[test]
fn words_and_missing_members_without_a_builder() {
    let parameter = Declaration::new(ssm::Parameter::TYPE).with("Type", "Colour");
    let place = "error: resource It/Properties";
    assert_eq!(
        found_in(parameter),
        [
            format!("{place}: Value is required"),
            format!("{place}/Type: \"Colour\" is none of String, StringList"),
        ]
    );
}

#[test]
fn values_that_are_not_known_yet_are_not_judged() {
    let template = template(|template| {
        let name = template.parameter("Name", Parameter::text())?;
        template.add("It", sns::Topic::new().topic_name(&name))?;
        template.add("Queue", sqs::Queue::new().delay_seconds(name.assume::<i64>()))?;
        Ok(())
    });
    assert_eq!(found(&template), [""; 0]);
}
