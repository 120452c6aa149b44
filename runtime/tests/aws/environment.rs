//! Credentials and endpoint from the environment, in a process of its own that has no other.

use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use mcp_lambda_runtime::aws;
use mcp_lambda_runtime::aws::lambda::LambdaInvoker;
use mcp_lambda_runtime::port::Invoker;

use crate::server::{self, full};
use crate::{SECRET, invocation};

/// Set in the process that this test starts of itself.
const ENDPOINT: &str = "AWS_ENDPOINT_URL_LAMBDA";
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_environment_says_who_and_where() {
    let is_inner = std::env::var("AWS_ACCESS_KEY_ID").is_ok_and(|id| id == "AKIDINNER");
    if is_inner {
        let invoker = LambdaInvoker::new(aws::configuration().await);
        let answer = invoker.invoke(invocation("f", PATIENCE)).await.expect("an answer");
        assert_eq!(answer.payload, Bytes::from_static(b"42"));
        return;
    }
    let address = server::start(|request: http::Request<hyper::body::Incoming>| async move {
        let signed = request.headers().get("authorization").expect("a signature");
        let signed = signed.to_str().expect("ASCII").contains("AKIDINNER/");
        http::Response::new(full(if signed { "42" } else { "0" }))
    })
    .await;
    let mut inner = tokio::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "environment::the_environment_says_who_and_where"])
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", "AKIDINNER")
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env(ENDPOINT, format!("http://{address}"))
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("a process");
    let status = tokio::time::timeout(PATIENCE, inner.wait()).await.expect("an end");
    assert!(status.expect("a status").success());
}
