//! Functions run by the local Lambda host, held to the invoker's contract.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use lambda_host::{FunctionConfig, FunctionName, Host, HostOptions, RawFunction};
use mcp_lambda_runtime::embedded::invoker::HostInvoker;
use mcp_lambda_runtime::port::contract::invoker;

use crate::functions;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_processes() {
    let host = host();
    invoker::all(Arc::new(HostInvoker::new(host.clone())), &functions::well_known()).await;
    host.shutdown().await;
}

fn host() -> Host {
    // Cargo builds examples for integration tests, in a folder beside that of the tests.
    let test = std::env::current_exe().expect("the test's path");
    let program = test.ancestors().nth(2).expect("the target folder");
    let program = program.join("examples/contract_function");
    assert!(program.exists(), "{} is not built; run all tests of the package", program.display());
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
