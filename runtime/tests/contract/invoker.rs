//! Functions run by the local Lambda host, held to the invoker's contract.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use lambda_host::{FunctionConfig, FunctionName, Host, HostOptions, RawFunction};
use mcp_lambda_runtime::embedded::invoker::HostInvoker;
use mcp_lambda_runtime::port::contract::invoker;
use mcp_lambda_test_support::example;

use crate::functions;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_processes() {
    let host = host();
    invoker::all(Arc::new(HostInvoker::new(host.clone())), &functions::well_known()).await;
    host.shutdown().await;
}

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
