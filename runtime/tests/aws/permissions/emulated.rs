//! Resource policies of functions in the emulated AWS.

use std::path::Path;
use std::sync::Arc;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use aws_types::SdkConfig;
use mcp_lambda_runtime::aws::permissions::LambdaPermissions;
use mcp_lambda_runtime::deployment::actions;
use mcp_lambda_runtime::port::contract::permissions::{self as contract, Functions};
use mcp_lambda_runtime::port::permissions::{PermissionError, Permissions};
use mcp_lambda_runtime::registration::arn::FunctionArn;
use mcp_lambda_test_support::ministack::{Key, Ministack};
use serde_json::Value;

use super::{role, statement};
use crate::sqs::world::as_user;
use crate::{arn, package};

fn start(auth: bool) -> Option<Ministack> {
    Ministack::start(Path::new(env!("CARGO_TARGET_TMPDIR")), auth)
}

fn shared(ministack: &Ministack, key: &Key) -> SdkConfig {
    as_user(ministack.endpoint(), &key.id, &key.secret)
}

/// A function with the alias `live`.
async fn function(client: &Client, name: &str) -> FunctionArn {
    let archive = package::archive(&[("index.py", b"def handler(event, context): return 1")]);
    client
        .create_function()
        .function_name(name)
        .runtime(Runtime::Python311)
        .handler("index.handler")
        .role(role().as_str())
        .code(FunctionCode::builder().zip_file(Blob::new(archive)).build())
        .publish(true)
        .send()
        .await
        .expect("a function");
    let alias = client.create_alias().function_name(name).name("live").function_version("1");
    alias.send().await.expect("an alias");
    arn(name)
}

async fn functions(ministack: &Ministack, client: &Client) -> Functions {
    let trust = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
    let form = format!(
        "Action=CreateRole&Version=2010-05-08&RoleName=gateway&AssumeRolePolicyDocument={trust}"
    );
    let made = ministack.request(&Key::root(), "iam", &form);
    assert!(made.contains(role().as_str()), "{made}");
    let external = "arn:aws:lambda:us-east-1:111111111111:function:f";
    Functions {
        plain: function(client, "f").await,
        qualified: arn("f:live"),
        other: function(client, "g").await,
        missing: Some(arn("missing")),
        external: Some(FunctionArn::parse(external).expect("an ARN")),
    }
}

/// The statements of a function, version or alias.
async fn policy(client: &Client, name: &str, qualifier: Option<&str>) -> Vec<Value> {
    let request = client.get_policy().function_name(name);
    let found = request.set_qualifier(qualifier.map(str::to_owned)).send().await;
    let Ok(found) = found else { return Vec::new() };
    let policy: Value = serde_json::from_str(found.policy().expect("a policy")).expect("JSON");
    policy["Statement"].as_array().expect("statements").clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_contract_holds() {
    let Some(ministack) = start(false) else { return };
    let shared = shared(&ministack, &Key::root());
    let functions = functions(&ministack, &Client::new(&shared)).await;
    contract::all(Arc::new(LambdaPermissions::new(shared, role())), &functions).await;
}

/// What is granted is exactly the gateway's role's call of this function.
#[tokio::test]
async fn statements_are_as_they_should_be() {
    let Some(ministack) = start(false) else { return };
    let shared = shared(&ministack, &Key::root());
    let client = Client::new(&shared);
    let functions = functions(&ministack, &client).await;
    let permissions = LambdaPermissions::new(shared, role());
    let id = statement("tool-a.b");
    permissions.grant(&functions.qualified, &id).await.expect("granted");
    let [granted] = policy(&client, "f", Some("live")).await.try_into().expect("one statement");
    assert_eq!(granted["Sid"], id.as_str());
    assert_eq!(granted["Resource"], functions.qualified.as_str(), "not the function as a whole");
    assert_eq!(granted["Effect"], "Allow");
    assert_eq!(granted["Action"], "lambda:InvokeFunction");
    assert_eq!(granted["Principal"]["AWS"], role().as_str());
    assert!(granted.get("Condition").is_none_or(|condition| condition == &Value::Null));
    permissions.revoke(&functions.qualified, &id).await.expect("revoked");

    // The newest code has no policy of its own.
    permissions.grant(&arn("f:$LATEST"), &id).await.expect("granted");
    let [granted] = policy(&client, "f", None).await.try_into().expect("one statement");
    assert_eq!(granted["Resource"], functions.plain.as_str());
}

/// A statement of our name that permits something else is replaced; others are left alone.
#[tokio::test]
async fn a_statement_that_permits_something_else_is_replaced() {
    let Some(ministack) = start(false) else { return };
    let shared = shared(&ministack, &Key::root());
    let client = Client::new(&shared);
    let functions = functions(&ministack, &client).await;
    let permissions = LambdaPermissions::new(shared, role());
    for (sid, principal) in [
        ("MCP-Execute-tool-a", "arn:aws:iam::000000000000:role/an-older-one"),
        ("somebody-else", "s3.amazonaws.com"),
    ] {
        let add = client.add_permission().function_name("f").statement_id(sid);
        let add = add.action("lambda:InvokeFunction").principal(principal);
        add.send().await.expect("added");
    }
    let id = statement("tool-a");
    assert_eq!(
        permissions.granted(&functions.plain, std::slice::from_ref(&id)).await,
        Ok(vec![false])
    );
    permissions.grant(&functions.plain, &id).await.expect("granted");
    assert_eq!(permissions.granted(&functions.plain, &[id]).await, Ok(vec![true]));
    let mut sids: Vec<String> = policy(&client, "f", None)
        .await
        .iter()
        .map(|statement| statement["Sid"].as_str().expect("an id").to_owned())
        .collect();
    sids.sort_unstable();
    assert_eq!(sids, ["MCP-Execute-tool-a", "somebody-else"]);
}

/// The actions that the stack allows are those that are needed, and each of them is.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_actions_are_enough_and_all_needed() {
    let Some(ministack) = start(true) else { return };
    let user = ministack.user("u");
    let functions = functions(&ministack, &Client::new(&shared(&ministack, &Key::root()))).await;
    let permissions = || LambdaPermissions::new(shared(&ministack, &user), role());
    ministack.allow("u", actions::PERMISSIONS);
    contract::all(Arc::new(permissions()), &functions).await;
    let denied = || PermissionError::Denied(functions.plain.to_string());
    let (id, plain) = (statement("tool-a"), &functions.plain);
    let without = |action: &str| -> Vec<&str> {
        actions::PERMISSIONS.iter().copied().filter(|allowed| *allowed != action).collect()
    };
    ministack.allow("u", &without("lambda:AddPermission"));
    assert_eq!(permissions().grant(plain, &id).await, Err(denied()));
    ministack.allow("u", &without("lambda:RemovePermission"));
    permissions().grant(plain, &id).await.expect("granted");
    assert_eq!(permissions().revoke(plain, &id).await, Err(denied()));
    ministack.allow("u", &without("lambda:GetPolicy"));
    assert_eq!(permissions().granted(plain, std::slice::from_ref(&id)).await, Err(denied()));
    assert_eq!(permissions().grant(plain, &id).await, Err(denied()), "it is there already");
}
