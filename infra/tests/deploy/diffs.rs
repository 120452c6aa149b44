//! Differences in words, as CloudFormation finds them.

use mcp_lambda_infra::deploy::DeployError;
use mcp_lambda_infra::diff::{diff, line, summary};
use mcp_lambda_infra::outputs::outputs;
use serde_json::json;

use crate::templates::{order, small};
use crate::world::{Heard, World};

#[tokio::test]
async fn differences_are_told_in_words() {
    let Some(world) = World::open() else { return };
    let heard = Heard::default();
    let bucket = world.bucket(&heard).await;
    let first = order("told", world.package(small(), "one", &heard).await);
    let new = diff(&world.account, &first, &bucket, &heard).await.expect("compared");
    assert_eq!(summary(&new), "4 added");
    let gone = outputs(&world.account, &first.stack).await.expect_err("comparing deploys nothing");
    assert!(matches!(gone, DeployError::NoStack { .. }), "{gone}");

    world.deploy(&first, &heard).await.expect("created");
    let same = diff(&world.account, &first, &bucket, &heard).await.expect("compared");
    assert_eq!(summary(&same), "nothing changes");

    let mut template = small();
    template["Resources"]["Rows"]["Properties"]["TableName"] = json!("another");
    template["Resources"]["Function"]["Properties"]
        .as_object_mut()
        .expect("properties")
        .remove("FunctionUrlConfig");
    template["Outputs"] = json!({});
    template["Resources"]["Mail"] = json!({"Type": "AWS::SQS::Queue"});
    let changed = order("told", world.package(template, "two", &heard).await);
    let changes = diff(&world.account, &changed, &bucket, &heard).await.expect("compared");
    let said: Vec<String> = changes
        .iter()
        .map(line)
        .map(|line| format!("{} {} {} {}", line.sign, line.kind, line.id, line.words))
        .collect();
    assert_eq!(
        said,
        [
            "~ AWS::Lambda::Function Function changes: Code",
            "- AWS::Lambda::Url FunctionUrl is removed",
            "+ AWS::SQS::Queue Mail is added",
            "± AWS::DynamoDB::Table Rows is replaced, for TableName cannot be changed; ITS DATA IS LOST",
        ]
    );
    assert_eq!(summary(&changes), "1 added, 1 changed, 1 replaced, 1 removed");
}
