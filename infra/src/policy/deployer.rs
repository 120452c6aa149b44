//! What whoever deploys the stack needs.
//!
//! The schemas of the resources say which actions CloudFormation takes with the deployer's rights;
//! here stands on what, and which of them only properties need that the stack does not have.

use std::collections::BTreeSet;

use mcp_lambda_runtime::deployment::mailbox_names;

use super::Place;
use crate::aws::deploy_actions;
use crate::core::{ConditionOperator, PolicyDocument, Statement};
use crate::stack::{self, Flavour, Settings};

/// What `deploy`, `diff` and `destroy` call themselves, on the stack.
const STACK: &[&str] = &[
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:GetTemplate",
    "cloudformation:ListStackResources",
];
/// What `package` calls on its bucket.
const BUCKET: &[&str] = &[
    "s3:CreateBucket",
    "s3:GetBucketPolicy",
    "s3:ListBucket",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
];
/// What it calls on the objects; Lambda reads them with the deployer's rights.
const OBJECTS: &[&str] = &["s3:GetObject", "s3:PutObject"];
/// What `destroy` calls on the queues that functions made.
const MAILBOXES: &[&str] = &["sqs:DeleteQueue"];
/// What it calls to find them, which knows no resources.
const FIND_MAILBOXES: &[&str] = &["sqs:ListQueues"];
/// Actions that know no resources.
const EVERYWHERE: &[&str] = &[
    "ec2:DescribeInstances",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "logs:DescribeIndexPolicies",
    "logs:DescribeLogGroups",
];
/// What only properties need that the stack does not have.
pub(crate) const UNUSED: &[&str] = &[
    "apigateway:UpdateRestApiPolicy",
    "dynamodb:AssociateTableReplica",
    "dynamodb:BatchWriteItem",
    "dynamodb:CreateTableReplica",
    "dynamodb:DeleteItem",
    "dynamodb:DeleteResourcePolicy",
    "dynamodb:DescribeImport",
    "dynamodb:DisableKinesisStreamingDestination",
    "dynamodb:EnableKinesisStreamingDestination",
    "dynamodb:GetItem",
    "dynamodb:ImportTable",
    "dynamodb:PutItem",
    "dynamodb:PutResourcePolicy",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateContributorInsights",
    "dynamodb:UpdateItem",
    "dynamodb:UpdateKinesisStreamingDestination",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
    "elasticfilesystem:DescribeMountTargets",
    "firehose:TagDeliveryStream",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateServiceLinkedRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DetachGroupPolicy",
    "iam:DetachRolePolicy",
    "iam:DetachUserPolicy",
    "iam:PutRolePermissionsBoundary",
    "kinesis:DescribeStream",
    "kinesis:PutRecords",
    "kms:ListAliases",
    "lambda:AssociateRuntimeAlias",
    "lambda:DeleteFunctionCodeSigningConfig",
    "lambda:GetCodeSigningConfig",
    "lambda:PassCapacityProvider",
    "lambda:PublishVersion",
    "lambda:PutFunctionCodeSigningConfig",
    "lambda:PutFunctionRecursionConfig",
    "lambda:PutFunctionScalingConfig",
    "lambda:PutRuntimeManagementConfig",
    "logs:CreateLogDelivery",
    "logs:CreateLogStream",
    "logs:DeleteDataProtectionPolicy",
    "logs:DeleteIndexPolicy",
    "logs:DeleteResourcePolicy",
    "logs:DescribeLogStreams",
    "logs:DescribeResourcePolicies",
    "logs:PutBearerTokenAuthentication",
    "logs:PutDataProtectionPolicy",
    "logs:PutIndexPolicy",
    "logs:PutLogEvents",
    "logs:PutLogGroupDeletionProtection",
    "logs:PutResourcePolicy",
    "s3:GetObjectMetadata",
    "s3:GetObjectVersion",
    "s3:REST.PUT.OBJECT",
    "s3files:ListMountTargets",
];

/// Actions on the same resources.
struct Part {
    sid: &'static str,
    /// Which actions; an action belongs to the first part that has it.
    has: fn(&str) -> bool,
    resources: Vec<String>,
}

/// The policy for deploying a stack with these settings, and for deleting it.
pub fn deployer(place: &Place, settings: &Settings) -> PolicyDocument {
    let mut wanted = listed(settings);
    wanted.retain(|action| !UNUSED.contains(action));
    let mut take = |has: &dyn Fn(&str) -> bool| -> Vec<&'static str> {
        wanted.extract_if(.., |action| has(action)).collect()
    };
    let everywhere = take(&|action| EVERYWHERE.contains(&action));
    let mut document = PolicyDocument::new(own(place));
    for part in parts(place) {
        let actions = take(&part.has);
        if actions.is_empty() {
            continue;
        }
        let statement = Statement::allow(actions).sid(part.sid).on_each(part.resources);
        document = document.with(match part.sid {
            // A role of the stack is for Lambda alone.
            PASS => statement.when(
                ConditionOperator::StringEquals,
                "iam:PassedToService",
                "lambda.amazonaws.com",
            ),
            _ => statement,
        });
    }
    document.with(Statement::allow(everywhere).sid("Describe").on_everything())
}

/// Every action that the schemas list for what is in the template.
pub(crate) fn listed(settings: &Settings) -> BTreeSet<&'static str> {
    // The expanded template has every resource that SAM would make.
    let settings = Settings { flavour: Flavour::Expanded, ..settings.clone() };
    let template = stack::template(&settings);
    let actions = template.resources().values().flat_map(|resource| {
        deploy_actions(resource.type_name()).expect("every type has a schema").iter().copied()
    });
    actions.collect()
}

/// What the program calls itself, and where packages are.
fn own(place: &Place) -> Vec<Statement> {
    let Place { partition, region, account, stack, .. } = place;
    let bucket = format!("arn:{partition}:s3:::mcp-lambda-{account}-{region}");
    let sam = "transform/Serverless-2016-10-31";
    vec![
        Statement::allow(STACK.iter().copied())
            .sid("Stack")
            .on(place.arn("cloudformation", &format!("stack/{stack}/*"))),
        Statement::allow(["cloudformation:CreateChangeSet"])
            .sid("Transform")
            .on(format!("arn:{partition}:cloudformation:{region}:aws:{sam}")),
        Statement::allow(BUCKET.iter().copied()).sid("Bucket").on(&bucket),
        Statement::allow(OBJECTS.iter().copied()).sid("Packages").on(format!("{bucket}/*")),
        Statement::allow(MAILBOXES.iter().copied())
            .sid("Mailboxes")
            .on(place.arn("sqs", &mailbox_names(&place.identifier))),
        Statement::allow(FIND_MAILBOXES.iter().copied()).sid("FindMailboxes").on_everything(),
    ]
}

/// The part that passes roles on.
const PASS: &str = "PassRoles";

/// What the actions of the schemas are on. The first part that has an action takes it.
fn parts(place: &Place) -> Vec<Part> {
    let mut parts = functions_and_data(place);
    parts.extend(identities(place));
    parts.extend(surroundings(place));
    parts
}

fn part(sid: &'static str, has: fn(&str) -> bool, resources: Vec<String>) -> Part {
    Part { sid, has, resources }
}

fn functions_and_data(place: &Place) -> Vec<Part> {
    let Place { partition, region, identifier, .. } = place;
    let on = |service: &str, resource: &str| place.arn(service, resource);
    vec![
        // Lambda Insights, if it is used, is a layer of another account.
        part(
            "Layers",
            |action| action == "lambda:GetLayerVersion",
            vec![format!("arn:{partition}:lambda:{region}:*:layer:*:*")],
        ),
        part(
            "Functions",
            |action| action.starts_with("lambda:"),
            vec![on("lambda", &format!("function:{identifier}-mcp*"))],
        ),
        part(
            "Tables",
            |action| action.starts_with("dynamodb:"),
            vec![on("dynamodb", &format!("table/{identifier}-mcp-*"))],
        ),
        part(
            "Logs",
            |action| action.starts_with("logs:"),
            vec![
                on("logs", &format!("log-group:/aws/lambda/{identifier}-mcp*")),
                on("logs", &format!("log-group:/aws/apigateway/{identifier}-mcp*")),
            ],
        ),
    ]
}

fn identities(place: &Place) -> Vec<Part> {
    let stack = &place.stack;
    let global = |resource: String| place.global("iam", &resource);
    vec![
        // CloudFormation makes their names out of the stack's.
        part(PASS, |action| action == "iam:PassRole", vec![global(format!("role/{stack}-*"))]),
        part(
            "Roles",
            |action| action.starts_with("iam:") && action.contains("Role"),
            vec![global(format!("role/{stack}-*"))],
        ),
        part(
            "Policies",
            |action| action.starts_with("iam:"),
            vec![global(format!("policy/{stack}-*"))],
        ),
    ]
}

fn surroundings(place: &Place) -> Vec<Part> {
    let Place { partition, region, identifier, stack, .. } = place;
    let on = |service: &str, resource: &str| place.arn(service, resource);
    vec![
        part(
            "Timers",
            |action| action.starts_with("events:"),
            vec![on("events", &format!("rule/{stack}-*"))],
        ),
        part(
            "Alarms",
            |action| action == "cloudwatch:DescribeAlarms",
            vec![on("cloudwatch", "alarm:*")],
        ),
        part(
            "Watching",
            |action| action.starts_with("cloudwatch:"),
            vec![
                on("cloudwatch", &format!("alarm:{identifier}-mcp-*")),
                place.global("cloudwatch", &format!("dashboard/{identifier}-mcp-*")),
            ],
        ),
        part(
            "Network",
            |action| action.starts_with("ec2:"),
            vec![on("ec2", "security-group/*"), on("ec2", "vpc/*")],
        ),
        part(
            "Api",
            |action| action.starts_with("apigateway:"),
            ["/restapis", "/restapis/*", "/tags/*"]
                .map(|path| format!("arn:{partition}:apigateway:{region}::{path}"))
                .into(),
        ),
        part("Keys", |action| action.starts_with("kms:"), vec![on("kms", "key/*")]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place::parse("gateway", "default", Some("us-east-1"), Some("123456789012"))
            .expect("a place")
    }

    #[test]
    fn every_listed_action_is_allowed_or_known_to_be_unused() {
        let settings = Settings::default();
        let document = deployer(&place(), &settings);
        let allowed: BTreeSet<&str> = document
            .statements()
            .iter()
            .flat_map(|one| one.actions())
            .map(String::as_str)
            .collect();
        let listed = listed(&settings);
        let rest: Vec<_> = listed.iter().filter(|action| !allowed.contains(**action)).collect();
        let unused: Vec<_> = UNUSED.iter().collect();
        // Equal, so that none is in the list that no schema has any more.
        assert_eq!(rest, unused);
    }

    #[test]
    fn what_is_not_in_the_template_is_not_allowed() {
        use crate::stack::Api;

        let without = Settings { api: Api::Absent, ..Settings::default() };
        let document = deployer(&place(), &without);
        let actions = document.statements().iter().flat_map(|one| one.actions());
        assert!(!actions.into_iter().any(|action| action.starts_with("apigateway:")));
    }
}
