//! Publishing, beside what `sam publish` asks.

use std::process::Command;
use std::time::Duration;

use mcp_lambda_infra::account::Silent;
use mcp_lambda_infra::package::{Packaged, Template};
use mcp_lambda_infra::publish::{Audience, Plan, PublishError, Request, Sharing, plan};
use mcp_lambda_test_support::application_repository::ApplicationRepository;
use mcp_lambda_test_support::command::{run, succeed};
use mcp_lambda_test_support::ministack::{Key, REGION};
use mcp_lambda_test_support::repository as path;
use serde_json::{Value as Json, json};

use crate::templates::small;
use crate::world::{Heard, World};

const PATIENCE: Duration = Duration::from_secs(60);
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

/// The requests that change something.
fn changes(repository: &ApplicationRepository) -> Vec<Json> {
    let requests = repository.requests().into_iter();
    let requests = requests.map(|request| serde_json::from_str(&request).expect("JSON"));
    requests.filter(|request: &Json| request["method"] != "GET").collect()
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
    let repository = ApplicationRepository::open(world.ministack.emulator());
    let account = world.account.clone().with_repository(repository.endpoint());
    bucket(&world).await;
    let heard = Heard::default();
    for (version, sharing) in [("1.0.0", Sharing::Private), ("1.1.0", Sharing::Public)] {
        let plan = plan(&account, &packaged(version), &sharing).await.expect("a plan");
        let published = plan.carry_out(&account, &heard).await.expect("published");
        let arn = format!("arn:aws:serverlessrepo:{REGION}:000000000000:applications/mcp-lambda");
        assert_eq!((published.arn.as_str(), published.version.as_str()), (arn.as_str(), version));
    }
    let expected = read("sam-publish.jsonl");
    let expected = expected.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let expected: Vec<Json> = expected.map(comparable).collect();
    let asked: Vec<Json> = changes(&repository).into_iter().map(comparable).collect();
    assert_eq!(asked, expected);
    assert!(heard.has("publishing create mcp-lambda with version 1.0.0"), "{heard:?}");
    assert!(heard.has("publishing let everybody deploy it"), "{heard:?}");
}

/// A command that uses boto3 as the AWS CLI does.
fn boto3(world: &World, script: &str, endpoint: &str) -> Command {
    let mut command = world.ministack.emulator().python();
    command
        .arg(path("tests/foreign/sar").join(script))
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY", endpoint);
    command
}

/// Those with whom the document shares, with the policy that it shows for each.
fn shared() -> Vec<(Sharing, Json)> {
    let document = std::fs::read_to_string(path("docs/publishing.md")).expect("a document");
    let policies = document.split("```json\n").skip(1);
    let policies = policies.map(|rest| rest.split("```").next().expect("its end"));
    let policies: Vec<Json> =
        policies.map(|text| serde_json::from_str(text).expect("JSON")).collect();
    let accounts = || ["111122223333", "444455556666"].map(|id| id.parse().expect("an account"));
    let organization = || Some("o-a1b2c3d4e5".parse().expect("an organization"));
    let with = |audience| Sharing::With(audience);
    let sharings = [
        with(Audience::new(accounts(), None).expect("somebody")),
        with(Audience::new([], organization()).expect("somebody")),
        Sharing::Public,
    ];
    assert_eq!(policies.len(), sharings.len(), "{document}");
    sharings.into_iter().zip(policies).collect()
}

#[tokio::test]
async fn policies_are_those_of_the_document_and_sent_as_boto3_sends_them() {
    let Some(world) = World::open() else { return };
    let repository = ApplicationRepository::open(world.ministack.emulator());
    let account = world.account.clone().with_repository(repository.endpoint());
    bucket(&world).await;
    let mut sharings = shared();
    let both = Audience::new(
        ["111122223333".parse().expect("an account")],
        Some("o-a1b2c3d4e5".parse().expect("an organization")),
    );
    let both = Sharing::With(both.expect("somebody"));
    let policy = both.policy().expect("a policy").to_json();
    sharings.push((both, policy));
    for (minor, (sharing, document)) in sharings.into_iter().enumerate() {
        let heard = Heard::default();
        let plan: Plan =
            plan(&account, &packaged(&format!("1.{minor}.0")), &sharing).await.expect("a plan");
        let arn = plan.arn().to_owned();
        plan.carry_out(&account, &heard).await.expect("published");
        assert!(heard.has("deploy it"), "{heard:?}");
        assert_eq!(sharing.policy().expect("a policy").to_json(), document);
        let put = &mut boto3(&world, "share.py", repository.endpoint());
        succeed(put.args([&arn, &document.to_string()]), PATIENCE).expect("boto3 sends it");
        let asked = changes(&repository);
        let [.., ours, theirs] = asked.as_slice() else { panic!("{asked:?}") };
        assert_eq!(ours["status"], 200, "{ours}");
        assert_eq!(ours, theirs);
    }
    // An organization must be let end it.
    let put = &mut boto3(&world, "share.py", repository.endpoint());
    let arn = format!("arn:aws:serverlessrepo:{REGION}:000000000000:applications/mcp-lambda");
    let lacking = json!([
        {"Principals": ["*"], "PrincipalOrgIDs": ["o-a1b2c3d4e5"], "Actions": ["Deploy"]}
    ]);
    let refused = run(put.args([&arn, &lacking.to_string()]), PATIENCE).expect("it ends");
    assert!(refused.stderr.contains("UnshareApplication"), "{refused}");
}

/// Every option of every command is one, all that are needed are there, and what is JSON fits.
#[tokio::test]
async fn commands_of_the_document_are_those_of_the_aws_cli() {
    let Some(world) = World::open() else { return };
    let look = &mut boto3(&world, "commands.py", "http://127.0.0.1:1");
    let said = succeed(look.arg(path("docs/publishing.md")), PATIENCE);
    let said = said.unwrap_or_else(|error| panic!("{error}")).stdout;
    let commands: Vec<&str> = said.lines().collect();
    for wanted in [
        "serverlessrepo create-application",
        "serverlessrepo put-application-policy",
        "serverlessrepo create-cloud-formation-change-set",
        "cloudformation wait change-set-create-complete",
        "cloudformation execute-change-set",
    ] {
        assert!(commands.contains(&wanted), "{wanted} is not among {commands:?}");
    }
}

#[tokio::test]
async fn versions_and_licences_do_not_change() {
    let Some(world) = World::open() else { return };
    let repository = ApplicationRepository::open(world.ministack.emulator());
    let account = world.account.clone().with_repository(repository.endpoint());
    bucket(&world).await;
    let heard = Heard::default();
    let first = plan(&account, &packaged("1.0.0"), &Sharing::Private).await.expect("a plan");
    first.carry_out(&account, &heard).await.expect("published");
    let again = plan(&account, &packaged("1.0.0"), &Sharing::Private).await.expect_err("the same");
    assert!(matches!(again, PublishError::SameVersion { .. }), "{again}");
    let mut other: Json = serde_json::from_str(&read("packaged.json")).expect("JSON");
    other["Metadata"][APPLICATION]["SpdxLicenseId"] = json!("Apache-2.0");
    other["Metadata"][APPLICATION]["SemanticVersion"] = json!("2.0.0");
    let other = Packaged::parse(Template::from_json(other).expect("a template")).expect("uploaded");
    let refused = plan(&account, &other, &Sharing::Private).await.expect_err("another licence");
    assert!(matches!(refused, PublishError::OtherLicense { .. }), "{refused}");
    assert_eq!(changes(&repository).len(), 1);
}

#[tokio::test]
async fn a_plan_asks_nothing() {
    let Some(world) = World::open() else { return };
    let repository = ApplicationRepository::open(world.ministack.emulator());
    let account = world.account.clone().with_repository(repository.endpoint());
    let plan = plan(&account, &packaged("1.0.0"), &Sharing::Public).await.expect("a plan");
    let said: Vec<String> = plan.requests().iter().map(Request::to_string).collect();
    assert_eq!(
        said,
        [
            "let the repository read the packages in packages",
            "create mcp-lambda with version 1.0.0",
            "let everybody deploy it"
        ]
    );
    assert_eq!(changes(&repository), Vec::<Json>::new());
}

#[tokio::test]
async fn what_was_packaged_here_can_be_published() {
    let Some(world) = World::open() else { return };
    let repository = ApplicationRepository::open(world.ministack.emulator());
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
        let plan = plan(&account, &packaged, &Sharing::Private).await.expect("a plan");
        plan.carry_out(&account, &heard).await.expect("published");
    }
    let policy = world.bucket_policy("mcp-lambda-000000000000-us-east-1");
    let statements = policy["Statement"].as_array().expect("statements");
    let ours: Vec<&Json> =
        statements.iter().filter(|one| one["Sid"] == "McpLambdaServerlessRepo").collect();
    assert_eq!(ours.len(), 1, "{policy}");
    assert_eq!(ours[0]["Principal"]["Service"], "serverlessrepo.amazonaws.com");
    assert_eq!(ours[0]["Condition"]["StringEquals"]["aws:SourceAccount"], "000000000000");
    let created = &changes(&repository)[0]["body"];
    let begins = "s3://mcp-lambda-000000000000-us-east-1/mcp-lambda/";
    assert!(created["licenseUrl"].as_str().expect("a URL").starts_with(begins), "{created}");
    assert!(!created["templateBody"].as_str().expect("a template").contains(APPLICATION));
}

#[tokio::test]
async fn unsigned_and_unknown_is_refused() {
    let Some(world) = World::open() else { return };
    let stranger = Key { id: "AKIAUNKNOWNUNKNOWN00".to_owned(), secret: "secret".to_owned() };
    let refused = plan(&world.seen_by(&stranger), &packaged("1.0.0"), &Sharing::Private).await;
    let refused = refused.expect_err("nobody knows the stranger").to_string();
    assert!(refused.starts_with("there are no usable AWS credentials"), "{refused}");
}
