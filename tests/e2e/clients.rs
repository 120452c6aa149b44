//! The official clients in every mode they have, the MCP Inspector, and the AWS SDK for Python.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use mcp_lambda_test_support::inspector::inspector;
use serde_json::Value;

use crate::support::command::{Finished, run, succeed};
use crate::support::server::Server;
use crate::support::{Installed, fixture, foreign, gate, repository};

/// How long a script may take; each of its steps has 30 seconds.
const SCRIPT: Duration = Duration::from_secs(120);

fn check(name: &str, endpoint: &str, modes: &[&str]) {
    let Some(installed) = foreign() else { return };
    let _pass = gate::enter();
    let server = fixture::examples(installed);
    let url = format!("{}{endpoint}", server.url());
    let mut script = interpreter(installed, name);
    script
        .arg(installed.script(name))
        .arg(url)
        .args(modes)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("NO_PROXY", "127.0.0.1");
    let steps = match succeed(&mut script, SCRIPT) {
        Ok(finished) => finished.stdout,
        Err(error) => panic!("{error}\n{}", server.said()),
    };
    assert!(
        steps.lines().all(|step| step.contains(r#""ok":true"#) || step.contains(r#""ok": true"#))
    );
    assert!(steps.lines().count() > 5, "too few steps: {steps}");
    server.stop();
}

fn interpreter(installed: &Installed, script: &str) -> Command {
    if script.ends_with(".py") { installed.python() } else { installed.node() }
}

/// One test for each line of the table in `tests/foreign/README.md`.
macro_rules! clients {
    ($($test:ident: $script:literal $endpoint:literal $($mode:literal)*;)*) => {$(
        #[test]
        fn $test() {
            check($script, $endpoint, &[$($mode),*]);
        }
    )*};
}

clients! {
    typescript_2_legacy: "ts2.mjs" "/mcp" "http" "legacy";
    typescript_2_auto: "ts2.mjs" "/mcp" "http" "auto";
    typescript_2_modern: "ts2.mjs" "/mcp" "http" "modern";
    typescript_2_sse: "ts2.mjs" "/sse" "sse";
    typescript_1_http: "ts1.mjs" "/mcp" "http";
    typescript_1_sse: "ts1.mjs" "/sse" "sse";
    python_auto: "client.py" "/mcp" "auto";
    python_legacy: "client.py" "/mcp" "legacy";
    python_session: "client.py" "/mcp" "session";
    python_sse: "client.py" "/sse" "sse";
    aws_sdk_for_python: "lambda_host.py" "";
}

/// The Inspector's lines in the README, as typed, at another address.
#[test]
fn the_inspector() {
    let Some(installed) = foreign() else { return };
    let inspector = inspector(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("the foreign part");
    let server = Server::start::<&str>(&[]);
    let inspect = |arguments: &str| -> Finished {
        let mut command = inspector.command(&installed.node());
        command.args(arguments.split(' ')).env("NO_PROXY", "127.0.0.1").stdin(Stdio::null());
        run(&mut command, SCRIPT).expect("an end")
    };
    let text = |file: &str| std::fs::read_to_string(repository(file)).expect("a file");
    let (readme, page) = (text("README.md"), text("src/serve/page/index.html"));
    let typed = "npx @modelcontextprotocol/inspector ";
    let lines: Vec<&str> =
        readme.lines().filter_map(|line| line.trim().strip_prefix(typed)).collect();
    let [list, call] = lines[..] else { panic!("two lines of the Inspector: {lines:?}") };
    // The page says the same.
    let said = list.replace("http://127.0.0.1:8765", "${base}");
    assert!(page.contains(&format!("`{typed}{said}`")), "{said}");

    let here = |line: &str| line.replace("http://127.0.0.1:8765", server.url());
    let answer = |arguments: &str| -> Value {
        let finished = inspect(arguments);
        assert_eq!(finished.code, Some(0), "{finished}\n{}", server.said());
        serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("{finished}"))
    };
    let listed = answer(&here(list));
    let names: Vec<&Value> =
        listed["tools"].as_array().expect("tools").iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["example_clock", "example_echo"]);
    let called = answer(&here(call));
    assert_eq!(called["content"][0]["text"], "hello", "{called}");
    let older = here(call).replace("/mcp --transport http", "/sse --transport sse");
    assert_eq!(answer(&older)["content"], called["content"]);
    // Its own code for a tool that failed.
    let failed = inspect(&here(call).replace("text=hello", "txt=hello"));
    assert_eq!(failed.code, Some(5), "{failed}");
    assert!(failed.stdout.contains("is a required property"), "{failed}");
    server.stop();
}
