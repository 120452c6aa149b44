//! What tools for security find in the stack and its policies, all of it with a reason.

use std::collections::{BTreeMap, BTreeSet};

use mcp_lambda_infra::core::ToNode;
use mcp_lambda_infra::policy::{Place, deployer};
use mcp_lambda_infra::stack::{self, Settings};
use serde_json::Value;

use crate::cases::expanded;
use crate::evaluate::{ACCOUNT, Deployment, PARTITION, REGION, STACK_NAME, members, text};
use crate::findings::{self, Rows};
use crate::tools::{Findings, audit, guard, lint, scan, tools};
use crate::{document, everything_on, everything_on_with_api_door};

#[test]
fn findings_are_those_that_are_explained() {
    let Some(tools) = tools() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let template = document(&stack::template(&expanded()));
    // The public door is at one place only, so everything is on in two ways.
    let states = [Vec::new(), everything_on(), everything_on_with_api_door()];
    let files: Vec<_> = states
        .iter()
        .zip(["defaults.json", "everything.json", "api-door.json"])
        .map(|(given, name)| {
            let plain = Deployment::new(&template, given).expect("right parameters").plain();
            let file = folder.path().join(name);
            std::fs::write(&file, plain.to_string()).expect("a file");
            file
        })
        .collect();
    let mut rows = Rows::new();
    let paths: Vec<_> = files.iter().map(std::path::PathBuf::as_path).collect();
    for (state, found) in scan(tools, &paths).into_iter().enumerate() {
        findings::add(&mut rows, "checkov", state.min(1), found);
    }
    for (state, path) in paths.iter().enumerate() {
        findings::add(&mut rows, "cfn-guard", state.min(1), guard(tools, path));
    }
    for (state, report) in lint(tools, &files).into_iter().enumerate() {
        assert_eq!(report.findings, [""; 0]);
        findings::add(&mut rows, "cfn-lint-serverless", state.min(1), report.serverless);
    }
    for (state, given) in states.iter().enumerate() {
        let policies = policies(&template, given);
        assert!(policies.len() >= 10, "{policies:?}");
        let mut found = Findings::new();
        for (name, findings) in audit(tools, &policies) {
            for finding in findings {
                let kind = finding.split(':').next().expect("a kind").to_owned();
                found.entry(kind).or_default().insert(name.clone());
            }
        }
        findings::add(&mut rows, "parliament", state.min(1), found);
    }
    findings::compare(&rows);
}

/// Every policy of the stack and around it, as AWS would see it.
fn policies(template: &Value, given: &[(&str, &str)]) -> BTreeMap<String, Value> {
    let deployment = Deployment::new(template, given).expect("right parameters");
    let mut policies = BTreeMap::new();
    for (id, resource) in deployment.resources() {
        let properties = || deployment.properties(id);
        match text(&resource["Type"]) {
            "AWS::IAM::Role" => {
                for policy in properties()["Policies"].as_array().expect("policies") {
                    let name = format!("{id}/{}", text(&policy["PolicyName"]));
                    policies.insert(name, policy["PolicyDocument"].clone());
                }
            }
            "AWS::IAM::ManagedPolicy" => {
                policies.insert(id.clone(), properties()["PolicyDocument"].clone());
            }
            _ => {}
        }
    }
    let place = place();
    for (name, policy) in [
        ("client", place.client()),
        ("administrator", place.administrator()),
        ("deployer", deployer(&place, &Settings::default())),
    ] {
        policies.insert(name.to_owned(), json(&policy));
    }
    policies
}

fn place() -> Place {
    Place::parse(STACK_NAME, "default", Some(REGION), Some(ACCOUNT)).expect("a place")
}

fn json(policy: &impl ToNode) -> Value {
    serde_json::to_value(policy.to_node()).expect("a policy is JSON")
}

/// Statements of all policies, each with where it stands.
fn statements(given: &[(&str, &str)]) -> Vec<(String, Value)> {
    let template = document(&stack::template(&expanded()));
    let of = |(name, policy): (String, Value)| {
        let all = policy["Statement"].as_array().expect("statements").clone();
        all.into_iter().map(move |statement| (name.clone(), statement)).collect::<Vec<_>>()
    };
    policies(&template, given).into_iter().flat_map(of).collect()
}

/// One or several texts.
fn texts(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        one => BTreeSet::from([text(one)]),
    }
}

#[test]
fn statements_name_actions_and_resources() {
    // Actions for which AWS knows no resources, or none that are known before.
    let everywhere = |action: &str| {
        action == "sqs:ListQueues"
            || action.starts_with("xray:Put")
            || action.starts_with("ec2:")
            || action.contains(":Describe")
    };
    for given in [Vec::new(), everything_on()] {
        for (name, statement) in statements(&given) {
            let (actions, resources) = (texts(&statement["Action"]), texts(&statement["Resource"]));
            assert!(statement.get("Principal").is_none() && statement.get("NotAction").is_none());
            for action in actions {
                assert!(!action.contains('*'), "{name}: {statement}");
                let all = resources.contains("*");
                assert!(!all || everywhere(action), "{name}: {statement}");
            }
        }
    }
}

#[test]
fn callers_need_both_rights_and_the_second_through_the_url_alone() {
    let expected = |function: &str| {
        let arn = format!("arn:{PARTITION}:lambda:{REGION}:{ACCOUNT}:function:{function}");
        serde_json::json!([
            {"Sid": "CallTheUrl", "Effect": "Allow", "Action": "lambda:InvokeFunctionUrl",
             "Resource": arn,
             "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}},
            {"Sid": "CallTheFunctionThroughTheUrl", "Effect": "Allow",
             "Action": "lambda:InvokeFunction", "Resource": arn,
             "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}},
        ])
    };
    let template = document(&stack::template(&expanded()));
    let policies = policies(&template, &[]);
    for (name, function) in [
        ("client", "default-mcp"),
        ("ClientPolicy", "default-mcp"),
        ("administrator", "default-mcp-registration"),
        ("AdministratorPolicy", "default-mcp-registration"),
    ] {
        assert_eq!(policies[name]["Statement"], expected(function), "{name}");
    }
}

#[test]
fn functions_are_for_signed_callers_and_for_services_with_a_source() {
    let template = document(&stack::template(&expanded()));
    let deployment = Deployment::new(&template, &everything_on()).expect("right parameters");
    let (mut urls, mut permissions) = (0, 0);
    for (id, resource) in deployment.resources() {
        let properties = deployment.properties(id);
        match text(&resource["Type"]) {
            "AWS::Lambda::Url" => {
                let open = id == "McpPublicFunctionUrl";
                let callers = if open { "NONE" } else { "AWS_IAM" };
                assert_eq!(properties["AuthType"], callers, "{id}");
                urls += 1;
            }
            "AWS::Lambda::Permission" => {
                permissions += 1;
                // Everybody may call the public door's URL, and the function through that alone.
                if id == "McpPublicFunctionUrlPublicPermissions" {
                    assert_eq!(properties["Action"], "lambda:InvokeFunctionUrl");
                    assert_eq!(properties["FunctionUrlAuthType"], "NONE");
                    continue;
                }
                if id == "McpPublicFunctionURLInvokeAllowPublicAccess" {
                    assert_eq!(properties["Action"], "lambda:InvokeFunction");
                    assert_eq!(properties["InvokedViaFunctionUrl"], true);
                    continue;
                }
                let principal = text(&properties["Principal"]);
                assert!(principal.ends_with(".amazonaws.com"), "{id}: {principal}");
                assert!(properties["SourceArn"].is_string(), "{id}");
            }
            "AWS::ApiGateway::Method" => {
                assert_eq!(properties["AuthorizationType"], "AWS_IAM", "{id}");
            }
            // Whom nobody has verified is served behind API Gateway alone.
            "AWS::Lambda::Function" => {
                let variables = members(&properties["Environment"]["Variables"]);
                let open = variables.get("MCP_LAMBDA_AUTHENTICATION").is_some_and(|v| v == "NONE");
                assert_eq!(open, id == "McpApiFunction", "{id}");
                let door =
                    variables.get("MCP_LAMBDA_AUTHENTICATION").is_some_and(|v| v == "BEARER");
                assert_eq!(door, id == "McpPublicFunction", "{id}");
            }
            _ => {}
        }
    }
    assert_eq!((urls, permissions), (3, 5));
}
