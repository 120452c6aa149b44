//! What goes wrong, and what is said then.

use mcp_lambda_infra::account::{Bucket, BucketError, BucketName, Fault};
use mcp_lambda_infra::deploy::{DeployError, Done};
use mcp_lambda_infra::destroy::destroy;
use mcp_lambda_test_support::ministack::{Key, REGION};
use serde_json::json;

use crate::templates::{failing, order, small};
use crate::world::{Heard, World};

#[tokio::test]
async fn a_first_deployment_that_failed_does_not_stand_in_the_way() {
    let Some(world) = World::open() else { return };
    let heard = Heard::default();
    let broken = order("again", world.package(failing(), "one", &heard).await);
    let refused = world.deploy(&broken, &heard).await.expect_err("it fails");
    let DeployError::NotCreated { cause, status } = &refused else { panic!("{refused}") };
    assert_eq!(status, "ROLLBACK_COMPLETE");
    let said = cause.to_string();
    let begins = "Never (AWS::CloudFormation::WaitCondition) could not be created: ";
    assert!(said.starts_with(begins), "{said}");
    assert!(heard.has("ROLLBACK_COMPLETE AWS::CloudFormation::Stack"), "{heard:?}");

    let heard = Heard::default();
    let whole = order("again", world.package(small(), "one", &heard).await);
    let created = world.deploy(&whole, &heard).await.expect("created");
    assert_eq!(created.done, Done::Created);
    assert!(heard.has("removing failed again"), "{heard:?}");
    assert_eq!(world.invoke("again-mcp"), json!("one"));
}

#[tokio::test]
async fn who_may_not_is_told_so() {
    let Some(world) = World::open() else { return };
    let heard = Heard::default();
    let order = order("denied", world.package(small(), "one", &heard).await);
    let bucket = world.bucket(&heard).await;
    let user = world.ministack.user("visitor");
    world.ministack.allow("visitor", &["sts:GetCallerIdentity", "cloudformation:DescribeStacks"]);
    let visitor = world.seen_by(&user);
    let decide = |_: &mcp_lambda_infra::deploy::ChangeSet| true;
    let refused = mcp_lambda_infra::deploy::deploy(&visitor, &order, &bucket, decide, &heard).await;
    let refused = refused.expect_err("the visitor may not");
    let DeployError::Fault(Fault::Refused { service, .. }) = &refused else { panic!("{refused}") };
    assert_eq!(*service, "CloudFormation");
    assert!(refused.to_string().contains("AccessDenied"), "{refused}");

    let thief = Key { secret: "another-secret".to_owned(), ..user.clone() };
    let fault = world.seen_by(&thief).caller().await.expect_err("not the thief");
    assert!(matches!(fault, Fault::Credentials(_)), "{fault}");
    assert!(!fault.to_string().contains(&user.id), "{fault}");
}

#[tokio::test]
async fn a_bucket_of_somebody_else_is_not_used() {
    let Some(world) = World::open() else { return };
    let heard = Heard::default();
    let mine = world.bucket(&heard).await;
    // Twelve digits as a key are an account of their own.
    let other = Key { id: "111111111111".to_owned(), secret: "test".to_owned() };
    let visitor = world.seen_by(&other);
    let caller = visitor.caller().await.expect("another account");
    assert_eq!(caller.account, "111111111111");
    let taken = Bucket::ensure(&visitor, &caller, mine.name().clone(), &heard).await;
    assert!(matches!(taken, Err(BucketError::NotOurs(_))), "{taken:?}");
    let absent: BucketName = "nowhere-at-all".parse().expect("a name");
    let found = Bucket::find(&visitor, &caller, absent).await;
    assert!(matches!(found, Err(BucketError::Absent(_))), "{found:?}");
}

#[tokio::test]
async fn who_is_not_there_is_told_so() {
    let Some(world) = World::open() else { return };
    let name = "nobody".parse().expect("a name");
    let heard = Heard::default();
    let gone = destroy(&world.account, &name, false, &heard).await.expect_err("nothing is there");
    let expected =
        format!("there is no stack nobody in {REGION}; name another with --stack-name or --region");
    assert_eq!(gone.to_string(), expected);
}

#[tokio::test]
async fn a_template_that_is_not_accepted_leaves_nothing() {
    let Some(world) = World::open() else { return };
    let heard = Heard::default();
    let mut template = small();
    template["Parameters"]["Greeting"]["AllowedValues"] = json!(["hello"]);
    let mut order = order("wrong", world.package(template, "one", &heard).await);
    order.parameters.insert("Greeting".to_owned(), "good day".to_owned());
    let refused = world.deploy(&order, &heard).await.expect_err("not allowed");
    assert!(matches!(refused, DeployError::NotAccepted(_)), "{refused}");
    assert!(refused.to_string().contains("Greeting"), "{refused}");
    order.parameters.remove("Greeting");
    let created = world.deploy(&order, &heard).await.expect("created");
    assert_eq!(created.done, Done::Created);
}
