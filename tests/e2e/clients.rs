//! The official clients in every mode they have, and the AWS SDK for Python.

use std::process::Command;
use std::time::Duration;

use crate::support::command::succeed;
use crate::support::{Installed, fixture, foreign, gate};

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
