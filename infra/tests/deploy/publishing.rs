//! Publishing, beside what `sam publish` asks.

use mcp_lambda_infra::account::Silent;
use mcp_lambda_infra::package::{Packaged, Template};
use mcp_lambda_infra::publish::{PublishError, Request, Sharing, plan};
use mcp_lambda_test_support::ministack::{Key, REGION};
use mcp_lambda_test_support::repository as path;
use serde_json::{Value as Json, json};

use crate::repository::Repository;
use crate::templates::small;
use crate::world::{Heard, World};

const APPLICATION: &str = "AWS::ServerlessRepo::Application";

fn read(name: &str) -> String {
    std::fs::read_to_string(path("tests/foreign/sar").join(name)).expect("a file of the tests")
}

fn packaged(version: &str) -> Packaged {
    let mut template: Json = serde_json::from_str(&read("packaged.json")).expect("JSON");
    template["Metadata"][APPLICATION]["SemanticVersion"] = json!(version);
    let template = Template::from_json(template).expect("a template");
    Packaged::parse(template).expect("everything is uploaded")
}

/// The same request however its template is written.
fn comparable(mut request: Json) -> Json {
    if let Some(template) = request["body"].get("templateBody").and_then(Json::as_str) {
        // JSON is YAML.
        let template: Json = serde_saphyr::from_str(template).expect("a template");
        request["body"]["templateBody"] = template;
    }
    request
}

/// Makes the bucket that the recorded template lies in.
async fn bucket(world: &World) {
    let name = "packages".parse().expect("a name");
    let caller = world.account.caller().await.expect("root may ask");
    let made = mcp_lambda_infra::account::Bucket::ensure(&world.account, &caller, name, &Silent);
    made.await.expect("a bucket");
}

#[tokio::test]
async fn requests_are_those_of_sam_publish() {
    let Some(world) = World::open() else { return };
    let repository = Repository::open(world.ministack.emulator());
    let account = world.account.clone().with_repository(repository.endpoint());
    bucket(&world).await;
    let heard = Heard::default();
    for (version, sharing) in [("1.0.0", Sharing::Private), ("1.1.0", Sharing::Public)] {
        let plan = plan(&account, &packaged(version), sharing).await.expect("a plan");
        let published = plan.carry_out(&account, &heard).await.expect("published");
        let arn = format!("arn:aws:serverlessrepo:{REGION}:000000000000:applications/mcp-lambda");
        assert_eq!((published.arn.as_str(), published.version.as_str()), (arn.as_str(), version));
    }
    let expected = read("sam-publish.jsonl");
    let expected = expected.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let expected: Vec<Json> = expected.map(comparable).collect();
    let asked: Vec<Json> = repository.changes().into_iter().map(comparable).collect();
    assert_eq!(asked, expected);
    assert!(heard.has("publishing create mcp-lambda with version 1.0.0"), "{heard:?}");
    assert!(heard.has("publishing let everybody deploy it"), "{heard:?}");
}

#[tokio::test]
async fn versions_and_licences_do_not_change() {
    let Some(world) = World::open() else { return };
    let repository = Repository::open(world.ministack.emulator());
    let account = world.account.clone().with_repository(repository.endpoint());
    bucket(&world).await;
    let heard = Heard::default();
    let first = plan(&account, &packaged("1.0.0"), Sharing::Private).await.expect("a plan");
    first.carry_out(&account, &heard).await.expect("published");
    let again = plan(&account, &packaged("1.0.0"), Sharing::Private).await.expect_err("the same");
    assert!(matches!(again, PublishError::SameVersion { .. }), "{again}");
    let mut other: Json = serde_json::from_str(&read("packaged.json")).expect("JSON");
    other["Metadata"][APPLICATION]["SpdxLicenseId"] = json!("Apache-2.0");
    other["Metadata"][APPLICATION]["SemanticVersion"] = json!("2.0.0");
    let other = Packaged::parse(Template::from_json(other).expect("a template")).expect("uploaded");
    let refused = plan(&account, &other, Sharing::Private).await.expect_err("another licence");
    assert!(matches!(refused, PublishError::OtherLicense { .. }), "{refused}");
    assert_eq!(repository.changes().len(), 1);
}

#[tokio::test]
async fn a_plan_asks_nothing() {
    let Some(world) = World::open() else { return };
    let repository = Repository::open(world.ministack.emulator());
    let account = world.account.clone().with_repository(repository.endpoint());
    let plan = plan(&account, &packaged("1.0.0"), Sharing::Public).await.expect("a plan");
    let said: Vec<String> = plan.requests().iter().map(Request::to_string).collect();
    assert_eq!(
        said,
        [
            "let the repository read the packages in packages",
            "create mcp-lambda with version 1.0.0",
            "let everybody deploy it"
        ]
    );
    assert_eq!(repository.changes(), Vec::<Json>::new());
}

#[tokio::test]
async fn what_was_packaged_here_can_be_published() {
    let Some(world) = World::open() else { return };
    let repository = Repository::open(world.ministack.emulator());
    let account = world.account.clone().with_repository(repository.endpoint());
    let heard = Heard::default();
    let recorded: Json = serde_json::from_str(&read("packaged.json")).expect("JSON");
    let mut template = small();
    template["Metadata"] = recorded["Metadata"].clone();
    template["Metadata"][APPLICATION]["LicenseUrl"] = json!("../LICENSE");
    template["Metadata"][APPLICATION]["ReadmeUrl"] = json!("../README.md");

    let local = Template::from_json(template.clone()).expect("a template");
    let refused = Packaged::parse(local).expect_err("nothing is uploaded").to_string();
    assert!(refused.ends_with("which is a file of this machine; run package first"), "{refused}");

    let packaged = world.package(template, "published", &heard).await;
    // Once for the stack's own bucket, however often it is published.
    for version in ["1.0.0", "1.0.1"] {
        let mut text: Json = serde_json::from_str(&packaged.template().to_text()).expect("JSON");
        text["Metadata"][APPLICATION]["SemanticVersion"] = json!(version);
        let packaged = Template::from_json(text).expect("a template");
        let packaged = Packaged::parse(packaged).expect("everything is uploaded");
        let plan = plan(&account, &packaged, Sharing::Private).await.expect("a plan");
        plan.carry_out(&account, &heard).await.expect("published");
    }
    let policy = world.bucket_policy("mcp-lambda-000000000000-us-east-1");
    let statements = policy["Statement"].as_array().expect("statements");
    let ours: Vec<&Json> =
        statements.iter().filter(|one| one["Sid"] == "McpLambdaServerlessRepo").collect();
    assert_eq!(ours.len(), 1, "{policy}");
    assert_eq!(ours[0]["Principal"]["Service"], "serverlessrepo.amazonaws.com");
    assert_eq!(ours[0]["Condition"]["StringEquals"]["aws:SourceAccount"], "000000000000");
    let created = &repository.changes()[0]["body"];
    let begins = "s3://mcp-lambda-000000000000-us-east-1/mcp-lambda/";
    assert!(created["licenseUrl"].as_str().expect("a URL").starts_with(begins), "{created}");
    assert!(!created["templateBody"].as_str().expect("a template").contains(APPLICATION));
}

#[tokio::test]
async fn unsigned_and_unknown_is_refused() {
    let Some(world) = World::open() else { return };
    let stranger = Key { id: "AKIAUNKNOWNUNKNOWN00".to_owned(), secret: "secret".to_owned() };
    let refused = plan(&world.seen_by(&stranger), &packaged("1.0.0"), Sharing::Private).await;
    let refused = refused.expect_err("nobody knows the stranger").to_string();
    assert!(refused.starts_with("there are no usable AWS credentials"), "{refused}");
}
