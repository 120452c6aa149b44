//! Packages for one architecture and for both.

use std::path::Path;

use mcp_lambda_infra::account::Silent;
use mcp_lambda_infra::deploy::{Done, Order};
use mcp_lambda_infra::package::{
    Architecture, Artifact, PackageError, Packaged, Template, package,
};
use mcp_lambda_infra::publish::{NotPublishable, PublishError, Sharing, plan};
use mcp_lambda_infra::stack::{self, Settings};
use mcp_lambda_test_support::application_repository::ApplicationRepository;
use serde_json::{Value as Json, json};

use crate::templates::{order, small};
use crate::world::{Heard, World, artifact};

async fn pack(
    world: &World,
    template: Json,
    artifacts: &[Artifact],
) -> Result<Packaged, PackageError> {
    let bucket = world.bucket(&Heard::default()).await;
    let template = Template::from_json(template).expect("a template");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    package(&world.account, template, artifacts, &folder, &bucket, &Silent).await
}

fn artifact_for(architecture: Architecture, says: &str) -> Artifact {
    Artifact { architecture, ..artifact(says) }
}

#[tokio::test]
async fn one_template_serves_both_architectures() {
    let Some(world) = World::open() else { return };
    let both =
        [artifact_for(Architecture::Arm64, "arm"), artifact_for(Architecture::X86_64, "intel")];
    let packaged = pack(&world, small(), &both).await.expect("packaged");
    for (stack, architecture, says) in [("arm", "arm64", "arm"), ("intel", "x86_64", "intel")] {
        let mut order = order(stack, packaged.clone());
        order.parameters.insert("Architecture".to_owned(), architecture.to_owned());
        let created = world.deploy(&order, &Heard::default()).await.expect("created");
        assert_eq!(created.done, Done::Created);
        assert_eq!(world.invoke(&format!("{stack}-mcp")), json!(says));
    }
}

#[tokio::test]
async fn one_architecture_is_the_only_one() {
    let Some(world) = World::open() else { return };
    let one = [artifact_for(Architecture::X86_64, "intel")];
    let packaged = pack(&world, small(), &one).await.expect("packaged");
    let order = Order::new("one".parse().expect("a name"), packaged);
    assert_eq!(order.parameters["Architecture"], "x86_64");
    let mut other = order.clone();
    other.parameters.insert("Architecture".to_owned(), "arm64".to_owned());
    world.deploy(&other, &Heard::default()).await.expect_err("there is no such program");
    world.deploy(&order, &Heard::default()).await.expect("created");

    let mut fixed = small();
    fixed["Parameters"].as_object_mut().expect("parameters").remove("Architecture");
    fixed["Resources"]["Function"]["Properties"]["Architectures"] = json!(["arm64"]);
    let refused = pack(&world, fixed.clone(), &one).await.expect_err("the other one").to_string();
    assert_eq!(refused, "the program is for x86_64, but Function wants [\"arm64\"]");
    let two =
        [artifact_for(Architecture::Arm64, "arm"), artifact_for(Architecture::X86_64, "intel")];
    let refused = pack(&world, fixed, &two).await.expect_err("no choice").to_string();
    assert!(refused.starts_with("the template has no parameter Architecture"), "{refused}");
}

#[tokio::test]
async fn what_is_packaged_is_not_packaged_again() {
    let Some(world) = World::open() else { return };
    let one = [artifact_for(Architecture::Arm64, "arm")];
    let packaged = pack(&world, small(), &one).await.expect("packaged");
    let again: Json = serde_json::from_str(&packaged.template().to_text()).expect("JSON");
    let refused = pack(&world, again, &one).await.expect_err("again").to_string();
    assert!(refused.ends_with("it is packaged already"), "{refused}");
    let none = pack(&world, small(), &[]).await.expect_err("nothing").to_string();
    assert_eq!(none, "there is no program to package");
}

/// The gateway's own template.
#[tokio::test]
async fn the_gateway_can_be_packaged_and_published() {
    let Some(world) = World::open() else { return };
    let template = stack::template(&Settings::default()).to_json().expect("a template");
    let template: Json = serde_json::from_str(&template).expect("JSON");
    let one = [artifact_for(Architecture::Arm64, "gateway")];
    let packaged = pack(&world, template.clone(), &one).await.expect("packaged");
    let repository = ApplicationRepository::open(world.ministack.emulator());
    let account = world.account.clone().with_repository(repository.endpoint());
    let plan_of_one = plan(&account, &packaged, &Sharing::Private).await.expect("a plan");
    plan_of_one.carry_out(&account, &Silent).await.expect("published");
    let changes = |one: &&String| !one.contains(r#""method": "GET""#);
    assert_eq!(repository.requests().iter().filter(changes).count(), 1);

    let two =
        [artifact_for(Architecture::Arm64, "arm"), artifact_for(Architecture::X86_64, "intel")];
    let both = pack(&world, template, &two).await.expect("packaged");
    let refused = plan(&account, &both, &Sharing::Private).await.expect_err("no plain address");
    assert!(matches!(refused, PublishError::Refused(NotPublishable::Code(_))), "{refused}");
}
