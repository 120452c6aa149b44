//! The adapters for AWS before endpoints on loopback: the local Lambda host, which the same
//! contract holds for, and scripted answers.

mod documents;
mod dynamodb;
mod environment;
mod frames;
#[path = "../deployed/package.rs"]
mod package;
mod permissions;
mod refusals;
mod request;
mod server;
mod sqs;
mod streams;
mod tokens;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_lambda::config::{BehaviorVersion, Credentials, SharedCredentialsProvider};
use aws_types::SdkConfig;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use lambda_host::{FunctionConfig, FunctionName, Host, HostOptions, RawFunction, api};
use mcp_lambda_runtime::aws;
use mcp_lambda_runtime::aws::lambda::LambdaInvoker;
use mcp_lambda_runtime::port::Invocation;
use mcp_lambda_runtime::port::contract::invoker::{self, Functions};
use mcp_lambda_runtime::registration::arn::FunctionArn;
use mcp_lambda_test_support::example;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contract() {
    let host = host();
    let functions = Functions {
        echo: arn("echo"),
        fail: arn("fail"),
        slow: arn("slow"),
        stream: arn("stream"),
        missing: arn("missing"),
    };
    let invoker = LambdaInvoker::new(configuration(serve(host.clone()).await));
    invoker::all(Arc::new(invoker), &functions).await;
    host.shutdown().await;
}

/// The Invoke API of a host.
async fn serve(host: Host) -> SocketAddr {
    server::start(move |request| {
        let host = host.clone();
        async move {
            let answer = api::answer(&host, request.map(Full::new)).await;
            answer.map(|body| body.map_err(|never| match never {}).boxed_unsync())
        }
    })
    .await
}

fn arn(name: &str) -> FunctionArn {
    let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
    FunctionArn::parse(&arn).expect("an ARN")
}

fn invocation(name: &str, timeout: Duration) -> Invocation {
    let payload = Bytes::from_static(b"{}");
    Invocation { function: arn(name), payload, client_context: None, trace: None, timeout }
}

/// What somebody would have whose endpoint is at an address.
fn configuration(endpoint: SocketAddr) -> SdkConfig {
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, Some(TOKEN.to_owned()), None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws::http_client())
        .endpoint_url(format!("http://{endpoint}"))
        .build()
}

const SECRET: &str = "the-secret-key";
const TOKEN: &str = "the-session-token";

fn host() -> Host {
    let program = example("contract_function");
    let function = |name: &str| {
        let parsed = FunctionName::parse(name).expect("a name");
        let command = vec![program.to_str().expect("UTF-8").to_owned(), name.to_owned()];
        let raw = RawFunction { command, ..RawFunction::default() };
        let config = FunctionConfig::from_raw(&parsed, raw, Path::new("/")).expect("a function");
        (parsed, config)
    };
    let functions = BTreeMap::from(["echo", "fail", "slow", "stream"].map(function));
    Host::new(functions, HostOptions::default())
}
