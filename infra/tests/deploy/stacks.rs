//! Stacks from nothing to their end.

use mcp_lambda_infra::account::Silent;
use mcp_lambda_infra::deploy::{DeployError, Done, Gateway, deploy};
use mcp_lambda_infra::destroy::{Left, destroy, retained};
use mcp_lambda_infra::outputs::outputs;
use mcp_lambda_infra::package::{Architecture, Artifact};
use mcp_lambda_test_support::ministack::Key;
use serde_json::json;

use crate::templates::{failing, order, small};
use crate::world::{Heard, World, program};

#[tokio::test]
async fn a_stack_from_nothing_to_its_end() {
    let Some(world) = World::open() else { return };
    let heard = Heard::default();
    let packaged = world.package(small(), "one", &heard).await;
    assert!(heard.has("bucket mcp-lambda-000000000000-us-east-1"), "{heard:?}");
    assert!(heard.has("uploading mcp-lambda/"), "{heard:?}");

    let first = order("first", packaged);
    let heard = Heard::default();
    let created = world.deploy(&first, &heard).await.expect("created");
    assert_eq!(created.done, Done::Created);
    assert!(heard.has("CREATE_IN_PROGRESS AWS::Lambda::Function Function"), "{heard:?}");
    assert!(heard.has("CREATE_COMPLETE AWS::CloudFormation::Stack first"), "{heard:?}");
    assert_eq!(created.outputs.get("RowsName"), Some("first-rows"));
    assert!(created.outputs.mcp_url().expect("a URL").ends_with("/mcp"), "{created:?}");
    assert_eq!(world.invoke("first-mcp"), json!("one"));

    let heard = Heard::default();
    let same = order("first", world.package(small(), "one", &heard).await);
    assert!(heard.has("there mcp-lambda/") && !heard.has("uploading"), "{heard:?}");
    let unchanged = world.deploy(&same, &heard).await.expect("unchanged");
    assert_eq!(unchanged.done, Done::Unchanged);
    assert_eq!(unchanged.outputs, created.outputs);

    let heard = Heard::default();
    let second = order("first", world.package(small(), "two", &heard).await);
    let updated = world.deploy(&second, &heard).await.expect("updated");
    assert_eq!(updated.done, Done::Updated);
    assert!(heard.has("UPDATE_COMPLETE AWS::Lambda::Function Function"), "{heard:?}");
    // Of an earlier operation nothing is told again.
    assert!(!heard.has("CREATE_COMPLETE AWS::Lambda::Function Function"), "{heard:?}");
    assert_eq!(world.invoke("first-mcp"), json!("two"));

    let heard = Heard::default();
    let third = order("first", world.package(failing(), "three", &heard).await);
    let refused = world.deploy(&third, &heard).await.expect_err("it fails");
    let DeployError::NotUpdated { cause, status } = &refused else { panic!("{refused}") };
    assert_eq!(cause.resource.as_deref(), Some("Never"), "{refused}");
    assert_eq!(status, "UPDATE_ROLLBACK_COMPLETE");
    assert!(heard.has("UPDATE_ROLLBACK_COMPLETE AWS::CloudFormation::Stack"), "{heard:?}");
    assert_eq!(world.invoke("first-mcp"), json!("two"));

    let name = "first".parse().expect("a name");
    let description = outputs(&world.account, &name).await.expect("described");
    assert_eq!(description.outputs, created.outputs);
    assert_eq!(description.status, "UPDATE_ROLLBACK_COMPLETE");

    let heard = Heard::default();
    let rows = Left { kind: "AWS::DynamoDB::Table".to_owned(), name: "first-rows".to_owned() };
    assert_eq!(retained(&world.account, &name).await, Ok(vec![rows.clone()]));
    let left = destroy(&world.account, &name, false, &heard).await.expect("destroyed");
    assert!(heard.has("DELETE_COMPLETE AWS::Lambda::Function Function"), "{heard:?}");
    assert_eq!(left, [rows]);
    assert!(world.has_table("first-rows"));
    let gone = outputs(&world.account, &name).await.expect_err("it is gone");
    assert!(matches!(gone, DeployError::NoStack { .. }), "{gone}");
}

/// The README's example, with the gateway's own template.
#[tokio::test]
async fn one_call_packages_uploads_and_deploys_with_tags() {
    let Some(world) = World::open() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bootstrap");
    std::fs::write(&path, program("weather")).expect("written");
    let outputs = crate::example::deploy(&world.account, &path).await.expect("deployed");
    assert!(outputs.mcp_url().expect("a URL").ends_with("/mcp"), "{outputs:?}");
    assert!(outputs.sse_url().expect("a URL").ends_with("/sse"), "{outputs:?}");
    assert!(outputs.message_url().expect("a URL").ends_with("/message"), "{outputs:?}");
    assert!(outputs.registration_url().expect("a URL").ends_with("/register"), "{outputs:?}");
    // The new stack's identifier is its name.
    assert_eq!(world.invoke("weather-mcp"), json!("weather"));
    let function = world.function("weather-mcp");
    assert_eq!(function["Configuration"]["MemorySize"], 512, "{function}");
    let tags = || {
        let asked = "Version=2010-05-15&Action=DescribeStacks&StackName=weather";
        let described = world.ministack.request(&Key::root(), "cloudformation", asked);
        described.split_once("<Tags>").expect("tags").1.to_owned()
    };
    let forecasts = ["<Key>team</Key>", "<Value>forecasts</Value>"];
    assert!(forecasts.iter().all(|part| tags().contains(part)), "{}", tags());

    // Again, without tags and values: both stay.
    let artifact = Artifact::read(&path, Architecture::Arm64).expect("a script");
    let again = Gateway::new("weather".parse().expect("a name"), artifact);
    let decide = |_: &mcp_lambda_infra::deploy::ChangeSet| true;
    let again = again.deploy(&world.account, decide, &Silent).await.expect("deployed");
    assert_eq!(again.done, Done::Unchanged);
    assert_eq!(again.outputs, outputs);
    assert!(forecasts.iter().all(|part| tags().contains(part)), "{}", tags());
}

#[tokio::test]
async fn two_stacks_side_by_side() {
    let Some(world) = World::open() else { return };
    let heard = Heard::default();
    let one = order("one", world.package(small(), "I am one", &heard).await);
    let other = order("other", world.package(small(), "I am the other", &heard).await);
    let (first, second) = tokio::join!(world.deploy(&one, &heard), world.deploy(&other, &heard));
    let (first, second) = (first.expect("created"), second.expect("created"));
    assert_ne!(first.outputs.mcp_url(), second.outputs.mcp_url());
    assert_eq!(world.invoke("one-mcp"), json!("I am one"));
    assert_eq!(world.invoke("other-mcp"), json!("I am the other"));

    let session = "0123456789abcdef0123456789abcdef";
    let queues = ["one", "other", "one-more"].map(|stack| format!("mcp-{stack}-{session}.fifo"));
    for queue in &queues {
        world.make_queue(queue);
    }
    let heard = Heard::default();
    let name = "one".parse().expect("a name");
    let left = destroy(&world.account, &name, true, &heard).await.expect("destroyed");
    assert_eq!(left, []);
    assert!(heard.has("deleted one-rows") && heard.has("deleted 1 mailboxes"), "{heard:?}");
    let kept = world.queues();
    assert_eq!(queues.map(|queue| kept.contains(&queue)), [false, true, true], "{kept}");
    assert!(!world.has_table("one-rows") && world.has_table("other-rows"));
    assert_eq!(world.invoke("other-mcp"), json!("I am the other"));
}

#[tokio::test]
async fn what_is_not_said_stays_as_it_was() {
    let Some(world) = World::open() else { return };
    let heard = Heard::default();
    let mut first = order("kept", world.package(small(), "one", &heard).await);
    first.parameters.insert("Greeting".to_owned(), "good day".to_owned());
    first.tags.insert("team".to_owned(), "tools".to_owned());
    world.deploy(&first, &heard).await.expect("created");
    // A parameter that is not given keeps its value, which the template would set back.
    let mut second = order("kept", world.package(small(), "one", &heard).await);
    second.parameters.clear();
    let kept = world.deploy(&second, &heard).await.expect("the same");
    assert_eq!(kept.done, Done::Unchanged);
    second.parameters.insert("Greeting".to_owned(), "hello".to_owned());
    let changed = world.deploy(&second, &heard).await.expect("changed");
    assert_eq!(changed.done, Done::Updated);
}

#[tokio::test]
async fn what_is_declined_leaves_nothing() {
    let Some(world) = World::open() else { return };
    let heard = Heard::default();
    let order = order("declined", world.package(small(), "one", &heard).await);
    let bucket = world.bucket(&heard).await;
    let mut asked = 0;
    let decide = |changes: &mcp_lambda_infra::deploy::ChangeSet| {
        assert!(changes.is_new());
        asked = changes.changes().len();
        false
    };
    let declined =
        deploy(&world.account, &order, &bucket, decide, &heard).await.expect("no failure");
    assert_eq!(declined.done, Done::Declined);
    assert!(asked >= 4, "{asked}");
    let gone = outputs(&world.account, &order.stack).await.expect_err("there is nothing");
    assert!(matches!(gone, DeployError::NoStack { .. }), "{gone}");
}

#[tokio::test]
async fn large_templates_go_through_the_bucket() {
    let Some(world) = World::open() else { return };
    let heard = Heard::default();
    let mut template = small();
    template["Metadata"] = json!({"Long": "x".repeat(60_000)});
    let order = order("large", world.package(template, "large", &heard).await);
    let heard = Heard::default();
    let created = world.deploy(&order, &heard).await.expect("created");
    assert_eq!(created.done, Done::Created);
    assert!(heard.has(".template.json"), "{heard:?}");
    assert_eq!(world.invoke("large-mcp"), json!("large"));
}
