//! The generator: names, and what it makes of one resource.

// The generator is the build script's, and is compiled here once more to be tested.
#[path = "../../build/docs.rs"]
mod docs;
#[path = "../../build/model.rs"]
mod model;
#[path = "../../build/names.rs"]
mod names;
#[path = "../../build/render.rs"]
mod render;
#[path = "../../build/schema.rs"]
mod schema;

use mcp_lambda_infra::aws;

use crate::pinned;

const SCHEMAS: &str = include_str!("../../spec/schemas.json");

#[test]
fn a_service_is_pinned() {
    let schemas = schema::read(SCHEMAS).expect("schemas");
    let mut services = model::build(&schemas).expect("services");
    services.retain(|name, _| name == "sqs");
    pinned("infra-generated-sqs", &render::rust(&services));
}

#[test]
fn names_of_functions() {
    for (name, expected) in [
        ("QueueName", "queue_name"),
        ("SSESpecification", "sse_specification"),
        ("KMSMasterKeyId", "kms_master_key_id"),
        ("ProviderARNs", "provider_arns"),
        ("OKActions", "ok_actions"),
        ("Type", "r#type"),
        ("deadLetterTargetArn", "dead_letter_target_arn"),
        ("Ipv6AllowedForDualStack", "ipv6_allowed_for_dual_stack"),
    ] {
        assert_eq!(names::snake(name), expected);
    }
}

#[test]
fn names_of_words() {
    for (word, expected) in [
        ("PAY_PER_REQUEST", "PayPerRequest"),
        ("python3.13", "Python3_13"),
        ("provided.al2023", "ProvidedAl2023"),
        ("x86_64", "X86_64"),
        ("arm64", "Arm64"),
        ("AWS_IAM", "AwsIam"),
        ("S", "S"),
        ("http/s", "HttpS"),
        ("*", "Any"),
        ("7", "V7"),
    ] {
        assert_eq!(names::pascal(word), expected);
    }
}

#[test]
fn names_of_elements() {
    for (list, expected) in
        [("Architectures", "Architecture"), ("Policies", "Policy"), ("Address", "Address")]
    {
        assert_eq!(names::singular(list), expected);
    }
}

#[test]
fn a_schema_that_refers_to_nothing_is_an_error() {
    let faulty = |prop: &str| {
        let text = format!(
            r#"{{"AWS::A::B": {{"doc": "", "ref": null, "attrs": [], "perms": [], "types": {{}},
               "props": {{"P": {prop}}}}}}}"#
        );
        model::build(&schema::read(&text).expect("a schema")).err()
    };
    assert_eq!(faulty(r#"{"t": "str", "doc": ""}"#), None);
    assert_eq!(
        faulty(r#"{"t": {"def": "C"}, "doc": ""}"#),
        Some("AWS::A::B: no type C".to_owned())
    );
    assert_eq!(
        faulty(r#"{"t": "str", "rel": ["AWS::C::D.Arn"], "doc": ""}"#),
        Some("AWS::A::B: unknown kind AWS::C::D.Arn".to_owned())
    );
}

#[test]
fn every_type_says_which_actions_deploy_it() {
    for name in schema::read(SCHEMAS).expect("schemas").keys() {
        let actions = aws::deploy_actions(name).expect("a builder");
        assert!(!actions.is_empty(), "{name}");
    }
    assert_eq!(aws::deploy_actions("AWS::S3::Bucket"), None);
}
