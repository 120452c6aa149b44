//! Functions for a local Lambda.

use std::collections::BTreeMap;
use std::path::Path;

use lambda_host::{FunctionConfig, FunctionName, RawFunction};
use mcp_lambda_test_support::install::Installed;
use mcp_lambda_test_support::repository;
use serde_json::{Value, json};

/// Seconds that a tool may take, longer than anything is waited for.
const TIMEOUT: f64 = 60.0;

/// Functions with what is registered for them.
pub(crate) struct Tools {
    pub(crate) functions: BTreeMap<FunctionName, FunctionConfig>,
    pub(crate) registrations: Vec<Value>,
}

pub(crate) fn name(text: &str) -> FunctionName {
    FunctionName::parse(text).expect("a name")
}

/// A function by its name.
pub(crate) fn function(text: &str, raw: RawFunction) -> (FunctionName, FunctionConfig) {
    let name = name(text);
    let config = FunctionConfig::from_raw(&name, raw, Path::new("/")).expect("a function");
    (name, config)
}

/// Which handler of which folder a function is, by the ending of the module's file.
fn handler(
    installed: &Installed,
    text: &str,
    folder: &str,
    file: &str,
    export: &str,
) -> (FunctionName, FunctionConfig) {
    let (module, ending) = file.rsplit_once('.').expect("an ending");
    let (interpreter, bootstrap): (_, &[&str]) = match ending {
        "py" => (installed.python(), &["-m", "awslambdaric"]),
        _ => (installed.node(), &["{node-bootstrap}"]),
    };
    let program = interpreter.get_program().to_str().expect("a path in UTF-8").to_owned();
    let mut command = vec![program];
    command.extend(bootstrap.iter().map(|word| (*word).to_owned()));
    command.push(format!("{module}.{export}"));
    let directory = Some(repository(folder));
    function(
        text,
        RawFunction { command, directory, timeout: Some(TIMEOUT), ..RawFunction::default() },
    )
}

/// The tools of these tests.
pub(crate) fn own(installed: &Installed) -> Tools {
    let folder = "runtime/tests/instances/functions";
    let functions = ["whole", "stream"];
    let of = |export: &str| handler(installed, export, folder, "tools.mjs", export);
    let streams = ["steps", "talk", "unanswered"].map(|tool| (tool, "stream", "stream"));
    let whole = ["once", "question", "questions", "rounds", "model"];
    let whole = whole.map(|tool| (tool, "whole", "auto"));
    let tool = |(tool, function, mode): (&str, &str, &str)| {
        json!({
            "type": "tool", "name": tool, "description": tool, "invokeMode": mode,
            "lambdaArn": format!("arn:aws:lambda:us-east-1:000000000000:function:{function}"),
            "timeoutSeconds": 60, "inputSchema": {"type": "object"}
        })
    };
    let resource = |name: &str| {
        json!({
            "type": "resource", "name": name, "description": name,
            "uri": format!("test://{name}"), "text": name
        })
    };
    let mut registrations: Vec<Value> = streams.into_iter().chain(whole).map(tool).collect();
    registrations.extend(["one", "two"].map(resource));
    Tools { functions: functions.map(of).into(), registrations }
}

/// What the conformance suite expects.
pub(crate) fn conformance(installed: &Installed) -> Tools {
    let folder = "tests/conformance/functions";
    let functions = [
        handler(installed, "conformance-py", folder, "fixtures.py", "handler"),
        handler(installed, "conformance-node", folder, "streams.mjs", "handler"),
    ];
    let text = std::fs::read_to_string(repository("tests/conformance/registrations.json"));
    let registrations = serde_json::from_str(&text.expect("a file")).expect("an array");
    Tools { functions: functions.into(), registrations }
}

/// What `examples/` has: a function for each module, named after it.
pub(crate) fn examples(installed: &Installed) -> Tools {
    let mut functions = BTreeMap::new();
    for folder in ["examples/python", "examples/node"] {
        for file in files(folder).filter(|file| file.ends_with(".py") || file.ends_with(".mjs")) {
            let name = file.split('.').next().expect("a module");
            functions.extend([handler(installed, name, folder, &file, "handler")]);
        }
    }
    let read = |file: String| {
        let text = std::fs::read_to_string(repository("examples/registrations").join(file));
        serde_json::from_str(&text.expect("a file")).expect("JSON")
    };
    Tools { functions, registrations: files("examples/registrations").map(read).collect() }
}

fn files(folder: &str) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(repository(folder)).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
}
