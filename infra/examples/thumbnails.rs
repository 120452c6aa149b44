//! A small stack: a queue of work, a function that does it, and an alarm for what it cannot do.
//!
//! Prints the template: `cargo run -p mcp-lambda-infra --example thumbnails`.

use std::io::Write;

use mcp_lambda_infra::aws::serverless::function::{
    Architecture, Environment, SQSEvent, SQSEventProperties, VpcConfig,
};
use mcp_lambda_infra::aws::sqs::queue::RedrivePolicy;
use mcp_lambda_infra::aws::{cloudwatch, iam, serverless, sqs};
use mcp_lambda_infra::core::*;

/// Times that a message is tried.
const ATTEMPTS: i64 = 5;

/// The stack's template.
pub(crate) fn template() -> Result<Template, InvalidTemplate> {
    let mut template = Template::new("Makes thumbnails of images");
    let subnets = template.parameter(
        "SubnetIds",
        Parameter::list().default([]).description("Subnets to run in; none: outside of a VPC"),
    )?;
    let in_vpc = template.condition("InVpc", !subnets.join("").equals(""))?;

    let failed = template.add(
        "FailedQueue",
        sqs::Queue::new().sqs_managed_sse_enabled(true).message_retention_period(1_209_600),
    )?;
    let work = template.add(
        "WorkQueue",
        sqs::Queue::new()
            .sqs_managed_sse_enabled(true)
            .visibility_timeout(180)
            .redrive_policy(RedrivePolicy::new(failed.arn(), ATTEMPTS)),
    )?;

    let takes_work = Statement::allow([
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
    ]);
    let policies =
        [iam::role::Policy::new(PolicyDocument::new([takes_work.on(work.arn())]), "work")];
    let role = template.add(
        "WorkerRole",
        iam::Role::new(PolicyDocument::assumed_by("lambda.amazonaws.com")).policies(policies),
    )?;

    let on_message = SQSEvent::new(SQSEventProperties::new(work.arn()).batch_size(1));
    template.add(
        "Worker",
        serverless::Function::new()
            .code_uri("worker/")
            .handler("bootstrap")
            .runtime(serverless::function::Runtime::ProvidedAl2023)
            .architectures([Architecture::Arm64])
            .timeout(30)
            .role(role.arn())
            .environment(Environment::new().variables([("WORK_QUEUE", work.queue_url())]))
            .vpc_config(in_vpc.only(VpcConfig::new().subnet_ids(subnets)))
            .events([("Work", on_message)]),
    )?;

    template.add(
        "FailedAlarm",
        cloudwatch::Alarm::new()
            .alarm_description(sub!("Work was given up in ${AWS::StackName}"))
            .namespace("AWS/SQS")
            .metric_name("ApproximateNumberOfMessagesVisible")
            .dimensions([cloudwatch::alarm::Dimension::new("QueueName", failed.queue_name())])
            .statistic(cloudwatch::alarm::Statistic::Maximum)
            .period(60)
            .evaluation_periods(1)
            .threshold(0)
            .comparison_operator(cloudwatch::alarm::ComparisonOperator::GreaterThanThreshold),
    )?;
    template
        .output("WorkQueueUrl", Output::new(work.queue_url()).description("Where to send work"))?;
    Ok(template)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    std::io::stdout().write_all(template()?.to_yaml()?.as_bytes())?;
    Ok(())
}
