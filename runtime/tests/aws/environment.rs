//! Credentials and endpoints from the environment and from profiles, in processes of their own
//! that have nothing else.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use http::Response;
use mcp_lambda_runtime::aws;
use mcp_lambda_runtime::aws::lambda::LambdaInvoker;
use mcp_lambda_runtime::port::Invoker;
use tokio::process::Command;

use crate::server::{self, full};
use crate::{SECRET, invocation};

const PATIENCE: Duration = Duration::from_secs(30);
/// Says to the process that this test starts of itself what its call must come to.
const EXPECTED: &str = "MCP_LAMBDA_TEST_EXPECTED";

/// Answers with the id of the key that a call is signed with, and lends keys to roles.
async fn endpoint() -> SocketAddr {
    server::start(|request| async move {
        let signed = request.headers().get("authorization").expect("a signature");
        let signed = signed.to_str().expect("ASCII").to_owned();
        let key = signed.split(['=', '/']).nth(1).expect("a key").to_owned();
        let role = request.uri().path() == "/" && key == "AKIDBASE";
        Response::new(full(if role { LENT.to_owned() } else { format!("{key:?}") }))
    })
    .await
}

const LENT: &str = "\
<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
<AccessKeyId>AKIDROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>\
</Credentials></AssumeRoleResult></AssumeRoleResponse>";

const PROFILES: &str = "\
[profile role]
role_arn = arn:aws:iam::123456789012:role/caller
source_profile = base
[profile base]
aws_access_key_id = AKIDBASE
aws_secret_access_key = the-secret-key
[profile sso]
sso_session = session
sso_account_id = 123456789012
sso_role_name = caller
[sso-session session]
sso_region = eu-west-1
sso_start_url = https://start.invalid
[profile process]
credential_process = echo '{\"Version\":1,\"AccessKeyId\":\"AKIDPROCESS\",\"SecretAccessKey\":\"s\"}'
";

#[tokio::test]
async fn the_environment_says_who_and_where() {
    if let Ok(expected) = std::env::var(EXPECTED) {
        let invoker = LambdaInvoker::new(aws::profiles::configuration().await);
        let told = match invoker.invoke(invocation("f", PATIENCE)).await {
            Ok(answer) => String::from_utf8(answer.payload.to_vec()).expect("UTF-8"),
            Err(error) => error.to_string(),
        };
        assert!(told.contains(&expected), "{told}");
        assert!(!told.contains(SECRET), "{told}");
        return;
    }
    let url = format!("http://{}", endpoint().await);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config");
    std::fs::write(&file, PROFILES).expect("a file");
    let file = file.to_str().expect("UTF-8");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDENV"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let everywhere = [("AWS_ENDPOINT_URL", url.as_str())];
    let nowhere = [("AWS_ENDPOINT_URL", "http://127.0.0.1:9"), ("AWS_ENDPOINT_URL_LAMBDA", &url)];
    let profile = |name| [("AWS_CONFIG_FILE", file), ("AWS_PROFILE", name)];
    for (expected, variables) in [
        ("AKIDENV", [&keys[..], &everywhere].concat()),
        ("AKIDENV", [&keys[..], &nowhere].concat()),
        ("AKIDROLE", [&profile("role")[..], &everywhere].concat()),
        ("AKIDPROCESS", [&profile("process")[..], &everywhere].concat()),
        ("SSO token", [&profile("sso")[..], &everywhere].concat()),
        ("no credentials found in chain", everywhere.to_vec()),
    ] {
        inner(expected, &variables).await;
    }
}

/// Makes a call in a process with these variables and no others.
async fn inner(expected: &str, variables: &[(&str, &str)]) {
    let inner = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "environment::the_environment_says_who_and_where"])
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("PATH", "/usr/bin:/bin")
        .env(EXPECTED, expected)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let inner = tokio::time::timeout(PATIENCE, inner).await.expect("an end").expect("a process");
    let told = String::from_utf8_lossy(&inner.stdout);
    assert!(inner.status.success(), "{variables:?} does not come to {expected}: {told}");
}
