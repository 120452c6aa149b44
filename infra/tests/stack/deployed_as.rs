//! What parameters and settings make of the stack.

use std::collections::BTreeSet;

use mcp_lambda_infra::check::{Accepted, Concern, check, without_accepted};
use mcp_lambda_infra::stack::{self, Api, Settings};
use mcp_lambda_runtime::deployment::variables;
use serde_json::{Value, json};

use crate::cases::{cases, expanded};
use crate::evaluate::{Deployment, members, text};
use crate::{document, everything_on, everything_on_with_api_door};

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
        ("PublicUrl", "https://tools.example.com"),
        ("PublicUrl", "https://tools.example.com/mcp/prod"),
        ("PublicUrl", "http://127.0.0.1:4566"),
        ("OAuthIssuer", "https://issuer.example.com/"),
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
        ("PublicUrl", "https://tools.example.com/"),
        ("PublicUrl", "http://tools.example.com"),
        ("OAuthIssuer", "http://issuer.example.com"),
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
                "SweeperFunction" | "AuthorizerFunction" => None,
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
        let api = ["Authorizer", "Deployment", "GatewayResponse", "Method", "Resource"];
        let api = api.contains(&name);
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

/// The methods of the API, with how they authorize: path, verb, how.
fn methods(deployment: &Deployment) -> BTreeSet<(String, String, String)> {
    let root = deployment.value(&json!({"Fn::GetAtt": ["McpApi", "RootResourceId"]}));
    let path = |id: &Value| {
        let (mut id, mut path) = (id.clone(), String::new());
        while id != root {
            let resource = text(&id).trim_end_matches("-id").to_owned();
            let resource = deployment.properties(&resource);
            path = format!("/{}{path}", text(&resource["PathPart"]));
            id = resource["ParentId"].clone();
        }
        if path.is_empty() { "/".to_owned() } else { path }
    };
    let methods = deployment
        .resources()
        .filter(|(_, resource)| resource["Type"] == "AWS::ApiGateway::Method")
        .map(|(id, _)| deployment.properties(id));
    methods
        .map(|method| {
            let how = text(&method["AuthorizationType"]);
            assert_eq!(method.get("AuthorizerId").is_some(), how == "CUSTOM", "{method}");
            (path(&method["ResourceId"]), text(&method["HttpMethod"]).to_owned(), how.to_owned())
        })
        .collect()
}

fn method(path: &str, verb: &str, how: &str) -> (String, String, String) {
    (path.to_owned(), verb.to_owned(), how.to_owned())
}

#[test]
fn the_public_door_is_where_it_is_wanted() {
    let at_api = everything_on_with_api_door();
    for api in [Api::Whole, Api::Split] {
        let settings = Settings { api, ..expanded() };
        let deployment = deploy(&settings, &at_api).expect("right parameters");
        let there = |id: &str| deployment.resources().any(|(one, _)| one == id);
        assert!(there("AuthorizerFunction") && !there("McpPublicFunction"));
        assert!(!there("ApiClientPolicy"));
        let mut expected = BTreeSet::new();
        let split: &[&str] = match api {
            Api::Split => &[
                "/sse",
                "/message",
                "/s/{server}/sse",
                "/s/{server}/message",
                "/s/{server}/{proxy+}",
            ],
            Api::Whole | Api::Absent => &[],
        };
        for path in [&["/", "/{proxy+}"], split].concat() {
            expected.insert(method(path, "ANY", "CUSTOM"));
            expected.insert(method(path, "OPTIONS", "NONE"));
        }
        for path in ["/health", "/.well-known/{proxy+}"] {
            expected.insert(method(path, "ANY", "NONE"));
        }
        assert_eq!(methods(&deployment), expected);
        // Whoever is behind the authorizer asks once more.
        let url = "https://McpApi-id.execute-api.us-east-1.amazonaws.com/prod";
        assert_eq!(deployment.output("McpPublicUrl"), Some(json!(url)));
        for (id, told) in variables_of(&deployment) {
            if !id.starts_with("McpApi") && id != "AuthorizerFunction" {
                continue;
            }
            assert_eq!(told[variables::AUTHENTICATION], "OAUTH", "{id}");
            assert_eq!(told[variables::PUBLIC_URL], url, "{id}");
            assert!(told.get(variables::DIRECT_INVOKE).is_none(), "{id}");
        }
        let challenge = &deployment.properties("McpApiUnauthorized")["ResponseParameters"];
        assert_eq!(
            challenge["gatewayresponse.header.WWW-Authenticate"],
            format!(
                "'Bearer resource_metadata=\"{url}/.well-known/oauth-protected-resource/mcp\"'"
            )
        );
    }
    let at_url = deploy(&expanded(), &everything_on()).expect("right parameters");
    assert!(methods(&at_url).iter().all(|(_, _, how)| how == "AWS_IAM"));
    assert!(!at_url.resources().any(|(id, _)| id == "AuthorizerFunction"));
    let url = "https://McpPublicFunctionUrl.lambda-url.us-east-1.on.aws/";
    assert_eq!(at_url.output("McpPublicUrl"), Some(json!(url)));
    let signed = deploy(&expanded(), &[("ApiEnabled", "true")]).expect("right parameters");
    assert_eq!(signed.output("McpPublicUrl"), None);
    let told = variables_of(&at_url);
    let (_, behind) = told.iter().find(|(id, _)| id == "McpApiFunction").expect("it is there");
    assert_eq!(behind[variables::AUTHENTICATION], "NONE");
    let refused = deploy(&expanded(), &[("PublicDoor", "BEARER"), ("PublicDoorAt", "API_GATEWAY")]);
    assert_eq!(refused.err().as_deref(), Some("PublicDoorAt API_GATEWAY needs ApiEnabled"));
}

#[test]
fn another_door_is_another_deployment() {
    let deployed = |kind: &str| {
        let at_api = [("PublicDoorAt", "API_GATEWAY"), ("OAuthIssuer", "https://i.example")];
        let given = [&at_api[..], &[("ApiEnabled", "true"), ("PublicDoor", kind)]].concat();
        let deployment = deploy(&expanded(), &given).expect("right parameters");
        let ids: Vec<String> = deployment
            .resources()
            .filter(|(_, resource)| resource["Type"] == "AWS::ApiGateway::Deployment")
            .map(|(id, _)| id.clone())
            .collect();
        assert_eq!(ids.len(), 1, "{ids:?}");
        let used = text(&deployment.properties("McpApiStage")["DeploymentId"]).to_owned();
        assert_eq!(used, format!("{}-id", ids[0]));
        ids[0].clone()
    };
    let all: BTreeSet<String> = ["NONE", "BEARER", "OAUTH"].map(deployed).into();
    assert_eq!(all.len(), 3, "{all:?}");
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
