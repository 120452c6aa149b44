//! The check pass as a whole: names, what is unused, what is accepted, and the repository's list.

use mcp_lambda_infra::aws::{iam, lambda, sns, sqs};
use mcp_lambda_infra::check::{
    Accepted, Concern, Level, check, check_for_repository, without_accepted,
};
use mcp_lambda_infra::core::*;

use crate::{found, template, thumbnails};

#[test]
fn the_example_has_no_findings() {
    let template = thumbnails::template().expect("a template");
    assert_eq!(check(&template), []);
    assert_eq!(check_for_repository(&template), []);
}

#[test]
fn names_are_letters_and_digits_and_unique() {
    let mut template = Template::new("A test");
    let mut add = |name: &str| template.add(name, sqs::Queue::new()).map(|_| ());
    assert!(add(&"a".repeat(255)).is_ok());
    for name in ["", "a-b", "ä", "a b", "a.b", &"a".repeat(256)] {
        assert!(matches!(add(name), Err(InvalidTemplate::Name { .. })), "{name}");
    }
    assert!(add("Queue").is_ok());
    let error = add("Queue").expect_err("a duplicate");
    assert_eq!(error.to_string(), "there are two of the name Queue, one of them a resource");
    let error = template.parameter("Queue", Parameter::text()).expect_err("Ref finds both");
    assert_eq!(error.to_string(), "there are two of the name Queue, one of them a parameter");
    assert!(template.output("Queue", Output::new("x")).is_ok(), "outputs have names of their own");
}

#[test]
fn a_handle_of_another_template_changes_nothing() {
    let mut one = Template::new("One");
    let queue = one.add("Queue", sqs::Queue::new()).expect("a queue");
    let mut other = Template::new("Other");
    let error = other.update(&queue, |queue| queue.delay_seconds(1)).expect_err("no such queue");
    assert_eq!(error, InvalidTemplate::Unknown("Queue".to_owned()));
    one.update(&queue, |queue| queue.delay_seconds(1)).expect("a queue");
    assert_eq!(one.resources()["Queue"].properties["DelaySeconds"], Node::Integer(1));
}

#[test]
fn what_is_not_used_is_found() {
    let template = template(|template| {
        template.parameter("P", Parameter::text())?;
        let q = template.parameter("Q", Parameter::text())?;
        template.condition("C", q.equals("x"))?;
        template.mapping("M", Table::new().row("a", [("b", "c")]))?;
        template.add("Topic", sns::Topic::new())?;
        Ok(())
    });
    let findings: Vec<String> = check(&template).iter().map(ToString::to_string).collect();
    assert_eq!(
        findings,
        [
            "warning: parameter P: The parameter P is not used",
            "warning: mapping M: The mapping M is not used",
            "warning: condition C: The condition C is not used",
        ]
    );
}

#[test]
fn what_is_accepted_is_not_found_and_must_be_there() {
    let template = template(|template| {
        let wide = Statement::allow(["sqs:SendMessage"]).on_everything();
        template.add("Policy", iam::ManagedPolicy::new(PolicyDocument::new([wide])))?;
        Ok(())
    });
    assert_eq!(check(&template).len(), 1);
    let accepted = |place| Accepted { concern: Concern::Wildcard, place, reason: "a test" };
    assert_eq!(without_accepted(check(&template), &[accepted("resource Policy/")]), []);
    let left = without_accepted(check(&template), &[accepted("resource Other/")]);
    assert_eq!(left.len(), 2);
    assert_eq!((left[1].concern, left[1].level), (Concern::Acceptance, Level::Warning));
}

#[test]
fn the_repository_takes_what_is_on_its_list() {
    let template = template(|template| {
        let role = template
            .add("Role", iam::Role::new(PolicyDocument::assumed_by("lambda.amazonaws.com")))?;
        let code = lambda::function::Code::new().s3_bucket("b").s3_key("k");
        let function = template.add("Function", lambda::Function::new(code, role.arn()))?;
        template.add("Url", lambda::Url::new(lambda::url::AuthType::AwsIam, function.arn()))?;
        let wide = Statement::allow(["iam:PassRole"]).on_everything();
        template.add("Policy", iam::ManagedPolicy::new(PolicyDocument::new([wide])))?;
        template.update(&role, |role| {
            role.managed_policy_arns([sub!(
                "arn:${AWS::Partition}:iam::aws:policy/AWSLambda_FullAccess"
            )])
        })
    });
    let findings: Vec<String> =
        check_for_repository(&template).iter().map(ToString::to_string).collect();
    assert_eq!(
        findings,
        [
            "error: resource Role/Properties: It refuses the managed policy AWSLambda_FullAccess",
            "error: resource Url/Type: AWS::Lambda::Url is not among the types that it takes",
            "error: resource Policy/Properties/PolicyDocument/Statement/0: It refuses iam:PassRole on everything",
        ]
    );
}

#[test]
fn resources_without_a_builder_are_written_and_checked() {
    let template = template(|template| {
        let bucket = template.add(
            "Bucket",
            Declaration::new("AWS::S3::Bucket")
                .with("BucketName", "pictures")
                .deletion_policy(DeletionPolicy::Retain)
                .metadata("why", "kept"),
        )?;
        template.add(
            "Queue",
            Declaration::new("AWS::SQS::Queue")
                .with("DelaySeconds", 901)
                .with("Colour", "red")
                .depends_on(&bucket),
        )?;
        template.output("BucketArn", bucket.attribute("Arn"))
    });
    assert_eq!(
        found(&template),
        [
            "error: resource Queue/Properties/DelaySeconds: Is 901, but may be no more than 900",
            "error: resource Queue/Properties/Colour: Colour is unknown",
        ]
    );
    let yaml = template.to_yaml().expect("YAML");
    assert!(yaml.contains("    DependsOn: Bucket\n"), "{yaml}");
    assert!(
        yaml.contains("    DeletionPolicy: Retain\n    Metadata:\n      why: kept\n"),
        "{yaml}"
    );
}
