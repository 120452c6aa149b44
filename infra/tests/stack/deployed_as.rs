//! What parameters and settings make of the stack.

use std::collections::BTreeSet;

use mcp_lambda_infra::check::{Accepted, Concern, check, without_accepted};
use mcp_lambda_infra::stack::{self, Api, Settings};
use mcp_lambda_runtime::deployment::variables;
use serde_json::{Value, json};

use crate::cases::{cases, expanded};
use crate::evaluate::{Deployment, members, text};
use crate::{document, everything_on};

/// The properties by which AWS tells resources of a kind apart, in an account and Region.
const NAMES: [&str; 7] = [
    "FunctionName",
    "TableName",
    "LogGroupName",
    "AlarmName",
    "DashboardName",
    "RoleName",
    "ManagedPolicyName",
];

fn deploy(settings: &Settings, given: &[(&str, &str)]) -> Result<Deployment, String> {
    Deployment::new(&document(&stack::template(settings)), given)
}

fn names(given: &[(&str, &str)]) -> BTreeSet<String> {
    let deployment = deploy(&expanded(), given).expect("right parameters");
    let mut found = BTreeSet::new();
    for (id, resource) in deployment.resources() {
        // These name what they belong to, and roles have names of CloudFormation's.
        let kind = text(&resource["Type"]);
        if ["AWS::Lambda::Permission", "AWS::Lambda::EventInvokeConfig"].contains(&kind) {
            continue;
        }
        let properties = deployment.properties(id);
        for name in NAMES.iter().filter_map(|name| properties.get(*name)) {
            assert!(found.insert(format!("{kind} {}", text(name))), "{id}: {name}");
        }
    }
    found
}

#[test]
fn stacks_live_side_by_side() {
    let with = |identifier: &'static str| {
        let mut given = everything_on();
        given.push(("StackIdentifier", identifier));
        names(&given)
    };
    let (one, other) = (with("one"), with("other"));
    assert!(one.len() >= 20 && one.len() == other.len(), "{one:?}");
    assert!(one.is_disjoint(&other), "{:?}", one.intersection(&other).collect::<Vec<_>>());
    assert!(one.iter().all(|name| name.contains("one")), "{one:?}");
    assert!(!one.iter().any(|name| name.starts_with("AWS::IAM::")), "CAPABILITY_IAM is enough");
}

#[test]
fn names_and_outputs_are_the_origins() {
    let deployment = deploy(&expanded(), &[]).expect("the defaults are right");
    for (id, property, name) in [
        ("McpFunction", "FunctionName", "default-mcp"),
        ("RegistrationFunction", "FunctionName", "default-mcp-registration"),
        ("RegistrationsTable", "TableName", "default-mcp-registrations"),
        ("SessionsTable", "TableName", "default-mcp-sessions"),
    ] {
        assert_eq!(deployment.properties(id)[property], name, "{id}");
    }
    for (output, value) in [
        ("McpFunctionUrl", "https://McpFunctionUrl.lambda-url.us-east-1.on.aws/"),
        ("RegistrationFunctionUrl", "https://RegistrationFunctionUrl.lambda-url.us-east-1.on.aws/"),
    ] {
        assert_eq!(deployment.output(output), Some(json!(value)), "{output}");
    }
    assert_eq!(deployment.output("McpApiUrl"), None);
    let with_api = deploy(&expanded(), &[("ApiEnabled", "true"), ("ApiStage", "dev")]);
    let url = with_api.expect("right parameters").output("McpApiUrl");
    assert_eq!(url, Some(json!("https://McpApi-id.execute-api.us-east-1.amazonaws.com/dev")));
}

#[test]
fn a_vpc_needs_an_id_and_subnets() {
    let refused = |given: &[(&str, &str)]| deploy(&Settings::default(), given).err();
    let (on, vpc) = (("VpcEnabled", "true"), ("VpcId", "vpc-12345678"));
    let subnets = ("SubnetIds", "subnet-1,subnet-2");
    assert_eq!(refused(&[on, subnets]).as_deref(), Some("VpcEnabled needs VpcId"));
    assert_eq!(refused(&[on, vpc]).as_deref(), Some("VpcEnabled needs SubnetIds"));
    assert_eq!(
        refused(&[on, vpc, ("SubnetIds", "subnet-1,")]).as_deref(),
        Some("VpcEnabled needs SubnetIds")
    );
    assert_eq!(refused(&[on, vpc, subnets]), None);
    // Whatever is said of a VPC that is not used.
    assert_eq!(refused(&[vpc]), None);

    let inside = deploy(&Settings::default(), &[on, vpc, subnets]).expect("right parameters");
    let group = inside.properties("McpSecurityGroup");
    let out = group["SecurityGroupEgress"].as_array().expect("rules");
    assert_eq!(out.len(), 1);
    assert_eq!((&out[0]["FromPort"], &out[0]["ToPort"]), (&json!(443), &json!(443)));
    assert!(group.get("SecurityGroupIngress").is_none());
    for id in ["McpFunction", "RegistrationFunction", "SweeperFunction"] {
        let subnets = &inside.properties(id)["VpcConfig"]["SubnetIds"];
        assert_eq!(*subnets, json!(["subnet-1", "subnet-2"]), "{id}");
    }
    let outside = deploy(&Settings::default(), &[]).expect("the defaults are right");
    assert!(outside.properties("McpFunction").get("VpcConfig").is_none());
    assert!(!outside.resources().any(|(id, _)| id == "McpSecurityGroup"));
}

#[test]
fn parameters_take_what_the_runtime_takes() {
    let refused = |name: &str, value: &str| deploy(&Settings::default(), &[(name, value)]).is_err();
    let longest = "i".repeat(mcp_lambda_runtime::deployment::MAX_STACK_CHARACTERS);
    for (name, value) in [
        ("StackIdentifier", longest.as_str()),
        ("Architecture", "x86_64"),
        ("MemorySize", "128"),
        ("Timeout", "15"),
        ("ApiStage", "dev"),
        ("LogRetentionDays", "7"),
        ("LimitPrincipal", "100/1m"),
        ("LimitSessions", "none"),
        ("SessionIdle", "30m"),
        ("McpReservedConcurrency", "0"),
    ] {
        assert!(!refused(name, value), "{name}={value}");
    }
    for (name, value) in [
        ("StackIdentifier", format!("{longest}i").as_str()),
        ("StackIdentifier", ""),
        ("StackIdentifier", "a_b"),
        ("StackIdentifier", "-a"),
        ("Architecture", "i386"),
        ("MemorySize", "127"),
        ("Timeout", "901"),
        ("LogRetentionDays", "8"),
        ("LimitPrincipal", "often"),
        ("SessionIdle", "0m"),
        ("KmsKeyArn", "alias/mine"),
        ("McpReservedConcurrency", "-2"),
    ] {
        assert!(refused(name, value), "{name}={value}");
    }
}

/// The functions that there are, and their variables.
fn variables_of(deployment: &Deployment) -> Vec<(String, Value)> {
    let functions = deployment.resources().filter(|(_, resource)| {
        ["AWS::Serverless::Function", "AWS::Lambda::Function"].contains(&text(&resource["Type"]))
    });
    let variables = |id: &String| deployment.properties(id)["Environment"]["Variables"].clone();
    functions.map(|(id, _)| (id.clone(), variables(id))).collect()
}

#[test]
fn functions_are_told_how_they_are_called() {
    for settings in [Settings::default(), expanded()] {
        let deployment = deploy(&settings, &everything_on()).expect("right parameters");
        for (id, told) in variables_of(&deployment) {
            let mode = told.get(variables::INVOKE_MODE).cloned();
            let expected = match id.as_str() {
                "SweeperFunction" => None,
                "RegistrationFunction" => Some(json!("BUFFERED")),
                _ => Some(json!("RESPONSE_STREAM")),
            };
            assert_eq!(mode, expected, "{id}");
            assert_eq!(told[variables::STACK], "default", "{id}");
            let gateway = told.get(variables::GATEWAY_FUNCTION_ARN);
            assert_eq!(gateway.is_some(), id == "RegistrationFunction", "{id}");
        }
    }
    let split = Settings { api: Api::Split, ..expanded() };
    let deployment = deploy(&split, &everything_on()).expect("right parameters");
    let planes: BTreeSet<String> = variables_of(&deployment)
        .into_iter()
        .filter_map(|(_, told)| Some(text(told.get(variables::PLANES)?).to_owned()))
        .collect();
    assert_eq!(planes, ["mcp", "sse", "message"].map(str::to_owned).into());
}

#[test]
fn everything_that_takes_tags_has_them() {
    // Nothing of a stack is billed by these, or they take no tags.
    let untagged = ["Permission", "Url", "EventInvokeConfig", "Rule", "ManagedPolicy", "Dashboard"];
    let deployment = deploy(&expanded(), &everything_on()).expect("right parameters");
    for (id, resource) in deployment.resources() {
        let kind = text(&resource["Type"]);
        let name = kind.rsplit("::").next().expect("a name");
        let api = ["Deployment", "Method", "Resource"].contains(&name);
        if api || untagged.contains(&name) {
            continue;
        }
        let properties = deployment.properties(id);
        let keys: Vec<&str> = properties["Tags"]
            .as_array()
            .unwrap_or_else(|| panic!("{id} has no tags"))
            .iter()
            .map(|tag| text(&tag["Key"]))
            .collect();
        assert_eq!(keys, ["mcp-lambda:stack", "application:group", "application:owner"], "{id}");
    }
}

#[test]
fn another_api_is_another_deployment() {
    let deployment = |api: Api| {
        let template = document(&stack::template(&Settings { api, ..expanded() }));
        let mut ids = members(&template["Resources"]).keys();
        ids.find(|id| id.starts_with("McpApiDeployment")).cloned()
    };
    assert_eq!(deployment(Api::Absent), None);
    assert!(deployment(Api::Whole).is_some());
    assert_ne!(deployment(Api::Whole), deployment(Api::Split));
}

/// What lets everybody call the public door, and nothing else.
const PUBLIC: [&str; 2] = [
    "resource McpPublicFunctionUrlPublicPermissions",
    "resource McpPublicFunctionURLInvokeAllowPublicAccess",
];

#[test]
fn the_check_pass_has_nothing_against_templates() {
    let large = Accepted {
        concern: Concern::Size,
        place: "",
        reason: "whatever is deployed is packaged first, so that there is a bucket to deploy from",
    };
    for case in cases() {
        let found = check(&case.template());
        let has_size = found.iter().any(|finding| finding.concern == Concern::Size);
        let mut accepted = if has_size { vec![large] } else { Vec::new() };
        accepted.extend(found.iter().filter(|one| one.concern == Concern::Wildcard).filter_map(
            |one| {
                let place = PUBLIC.iter().find(|place| place.ends_with(&one.place.name))?;
                let reason = "the public door asks for a token itself, if it is wanted at all";
                Some(Accepted { concern: Concern::Wildcard, place, reason })
            },
        ));
        let open = without_accepted(found, &accepted);
        assert!(open.is_empty(), "{}: {open:#?}", case.name);
    }
}
