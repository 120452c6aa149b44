//! What who installs from the Serverless Application Repository is told.

use std::collections::BTreeSet;

use mcp_lambda_infra::stack::{Flavour, Settings};
use serde_json::Value;

use crate::cases::{Case, cases};
use crate::{document, repository};

/// Types that ask for `CAPABILITY_IAM`, by the developer guide of the repository ("Application
/// capabilities") and by CloudFormation's, and the properties that name them.
const IDENTITIES: [(&str, &str); 6] = [
    ("AWS::IAM::Group", "GroupName"),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Policy", ""),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
];
/// Types that ask for `CAPABILITY_RESOURCE_POLICY`.
const RESOURCE_POLICIES: [&str; 8] = [
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::Events::EventBusPolicy",
    "AWS::IAM::Policy",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
];
/// Types that ask for `CAPABILITY_AUTO_EXPAND`.
const NESTED: [&str; 2] = ["AWS::CloudFormation::Stack", "AWS::Serverless::Application"];

/// What the repository asks for a template.
fn capabilities(template: &Value) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for one in template["Resources"].as_object().expect("resources").values() {
        let kind = one["Type"].as_str().expect("a type");
        if let Some((_, name)) = IDENTITIES.iter().find(|(known, _)| *known == kind) {
            let named = one["Properties"].get(name).is_some();
            found.insert(if named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" });
        }
        if RESOURCE_POLICIES.contains(&kind) {
            found.insert("CAPABILITY_RESOURCE_POLICY");
        }
        if NESTED.contains(&kind) {
            found.insert("CAPABILITY_AUTO_EXPAND");
        }
    }
    found
}

/// The templates that `package` writes for publishing, and what SAM makes of them.
fn published() -> Vec<Case> {
    let Settings { flavour, api, application, .. } = Settings::default();
    let published = |case: &Case| {
        let settings = &case.settings;
        (settings.flavour, settings.api) == (flavour, api) && settings.application == application
    };
    let expand = |case: Case| {
        let settings = Settings { flavour: Flavour::Expanded, ..case.settings.clone() };
        [Case { name: case.name, settings }, case]
    };
    cases().into_iter().filter(published).flat_map(expand).collect()
}

fn text() -> String {
    let document = repository("docs").join("publishing.md");
    std::fs::read_to_string(document).expect("the document")
}

#[test]
fn the_document_names_the_capabilities_that_the_templates_ask_for() {
    let text = text();
    let command = text.lines().find_map(|line| line.trim().strip_prefix("--capabilities "));
    let command = command.expect("the command").trim_end_matches('\\').split_whitespace();
    let command: BTreeSet<&str> = command.collect();
    let table = text.lines().filter_map(|line| line.strip_prefix("| `CAPABILITY_"));
    let table: BTreeSet<String> = table
        .map(|row| format!("CAPABILITY_{}", row.split('`').next().unwrap_or_default()))
        .collect();
    assert_eq!(command, table.iter().map(String::as_str).collect());
    let published = published();
    assert!(published.len() >= 6, "{}", published.len());
    for case in published {
        assert_eq!(capabilities(&document(&case.template())), command, "{}", case.name);
    }
}

#[test]
fn the_parameters_of_the_document_are_the_template_s() {
    let text = text();
    let template = document(&cases()[0].template());
    let named = text.split("Name=").skip(1).map(|rest| rest.split(',').next().unwrap_or_default());
    let named: Vec<&str> = named.collect();
    assert!(!named.is_empty());
    for name in named {
        assert!(template["Parameters"].get(name).is_some(), "{name} is no parameter");
    }
}
