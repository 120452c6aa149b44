//! Servers with the functions and registrations of this repository.

use std::path::Path;

use serde_json::Value;

use super::server::Server;
use super::{Installed, repository};

/// A server with the functions and registrations of `examples/`.
pub(crate) fn examples(installed: &Installed) -> Server {
    let functions = repository("examples/mcp-lambda.toml");
    let server =
        Server::start_with(&["--functions".as_ref(), functions.as_os_str()], &installed.path());
    let client = server.client();
    let folder = repository("examples/registrations");
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a file");
        client.register(&serde_json::from_str(&text).expect("JSON"));
    }
    server
}

/// A server with what the conformance suite expects, and nothing else; with a door if there is a
/// file with this token.
pub(crate) fn conformance(installed: &Installed, door: Option<(&Path, &str)>) -> Server {
    let functions = repository("tests/conformance/mcp-lambda.toml");
    let mut arguments =
        vec!["--no-examples".as_ref(), "--functions".as_ref(), functions.as_os_str()];
    if let Some((file, _)) = door {
        arguments.extend(["--bearer-token-file".as_ref(), file.as_os_str()]);
    }
    let server = Server::start_with(&arguments, &installed.path());
    let client = match door {
        None => server.client(),
        Some((_, token)) => server.client().bearing(token),
    };
    let text = std::fs::read_to_string(repository("tests/conformance/registrations.json"));
    let bodies: Vec<Value> = serde_json::from_str(&text.expect("a file")).expect("an array");
    for body in &bodies {
        client.register(body);
    }
    // The suite reads its first answers for half a second, cold start included.
    for tool in ["test_simple_text", "test_tool_with_progress"] {
        client.call_tool(tool, &serde_json::json!({})).expect(200);
    }
    server
}
