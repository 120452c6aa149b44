//! The stack as a template: pinned, linted, scanned, and worked out as CloudFormation would.
#![expect(clippy::wildcard_enum_match_arm, reason = "the kinds of JSON are few and known")]

mod cases;
mod deployed_as;
mod evaluate;
mod findings;
mod installing;
mod pinned;
mod security;
mod terraform;
mod tools;

use std::path::{Path, PathBuf};

use mcp_lambda_infra::core::Template;
use serde_json::Value;

/// A path in the repository.
fn repository(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.expect("this package is one level below the root").join(path)
}

/// A template as JSON.
fn document(template: &Template) -> Value {
    serde_json::from_str(&template.to_json().expect("JSON")).expect("it is JSON")
}

/// The same with the public door at API Gateway, where it asks for access tokens.
fn everything_on_with_api_door() -> Vec<(&'static str, &'static str)> {
    let mut given = everything_on();
    given.retain(|(name, _)| *name != "PublicDoor");
    given.extend([
        ("PublicDoor", "OAUTH"),
        ("PublicDoorAt", "API_GATEWAY"),
        ("OAuthIssuer", "https://issuer.example.com"),
    ]);
    given
}

/// Parameters with which every condition holds that can hold with a public door of its own.
fn everything_on() -> Vec<(&'static str, &'static str)> {
    vec![
        ("VpcEnabled", "true"),
        ("VpcId", "vpc-0123456789abcdef0"),
        ("SubnetIds", "subnet-0123456789abcdef0,subnet-0123456789abcdef1"),
        ("ApiEnabled", "true"),
        ("ApiAccessLog", "true"),
        ("PublicDoor", "BEARER"),
        (
            "LambdaInsightsLayerArn",
            "arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension-Arm64:20",
        ),
        ("AlarmTopicArn", "arn:aws:sns:us-east-1:123456789012:alarms"),
        (
            "KmsKeyArn",
            "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012",
        ),
        ("DeletionProtection", "true"),
        ("McpReservedConcurrency", "100"),
        ("AdminReservedConcurrency", "2"),
    ]
}
