//! Clients that others wrote, signing as their users would.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mcp_lambda_test_support::command::succeed;
use mcp_lambda_test_support::ministack::REGION;
use mcp_lambda_test_support::{install, repository};
use serde_json::{Value, json};

use crate::secrets;
use crate::stack::Stack;
use crate::wire::{Credentials, PATIENCE};

/// How long a client may take for everything that it does.
const SCENARIO: Duration = Duration::from_secs(240);

/// The environment of a user's shell, with nothing of this machine's own.
fn as_user(command: &mut Command, who: &Credentials, home: &Path) {
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", &who.id)
        .env("AWS_SECRET_ACCESS_KEY", &who.secret);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_client_signs() {
    let Some(stack) = Stack::deploy().await else { return };
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let foreign = install::foreign(target).expect("the foreign part runs");
    for tool in ["forecast", "booking"] {
        stack.tool_function(tool).await;
    }
    let home = tempfile::tempdir().expect("a folder");
    let mut client = foreign.python();
    as_user(&mut client, &stack.client, home.path());
    client
        .arg(repository("tests/foreign/aws/client.py"))
        .args([stack.url("mcp"), stack.url("registration")])
        .args(["forecast", "booking"].map(|name| document(name).display().to_string()))
        .env("ADMINISTRATOR_ACCESS_KEY_ID", &stack.administrator.id)
        .env("ADMINISTRATOR_SECRET_ACCESS_KEY", &stack.administrator.secret);
    let finished = succeed(&mut client, SCENARIO).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(finished.stdout, "registers\nmodern\nlegacy\nplanes apart");
    secrets::none_in_logs(&stack, &["mcp", "registration"]).await;
}

fn document(name: &str) -> std::path::PathBuf {
    repository("examples/registrations").join(format!("{name}.json"))
}

/// What somebody types who has read how to register a tool.
const REGISTER: &str = r#"awscurl --service lambda --region "$AWS_REGION" -X POST \
  -H 'Content-Type: application/json' \
  -d @examples/registrations/forecast.json "$REGISTRATION_URL/register""#;
const REGISTERED: &str =
    r#"awscurl --service lambda --region "$AWS_REGION" "$REGISTRATION_URL/register?type=tool""#;
const LIST: &str = r#"awscurl --service lambda --region "$AWS_REGION" -X POST \
  -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \
  -d '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' "$MCP_URL/mcp""#;
const REMOVE: &str = r#"awscurl --service lambda --region "$AWS_REGION" -X DELETE \
  "$REGISTRATION_URL/register/tool-forecast""#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn awscurl_signs() {
    let Some(stack) = Stack::deploy().await else { return };
    stack.tool_function("forecast").await;
    let home = tempfile::tempdir().expect("a folder");
    let awscurl = stack.ministack.emulator().program("awscurl");
    let programs = Path::new(awscurl.get_program()).parent().expect("a folder").to_owned();
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&inherited)));
    let path = path.expect("no colon in the target folder's name");
    let shell = |who: &Credentials, typed: &str| {
        let mut shell = Command::new("sh");
        as_user(&mut shell, who, home.path());
        shell
            .args(["-c", typed])
            .env("PATH", &path)
            .env("MCP_URL", stack.url("mcp"))
            .env("REGISTRATION_URL", stack.url("registration"))
            .current_dir(repository(""));
        succeed(&mut shell, PATIENCE)
    };
    let json = |who: &Credentials, typed: &str| {
        let finished = shell(who, typed).unwrap_or_else(|error| panic!("{error}"));
        serde_json::from_str::<Value>(&finished.stdout).unwrap_or_else(|_| panic!("{finished}"))
    };
    let made = json(&stack.administrator, REGISTER);
    assert_eq!(made["id"], "tool-forecast", "{made}");
    let listed = json(&stack.administrator, REGISTERED);
    assert_eq!(listed["registrations"][0]["name"], "forecast", "{listed}");
    let tools = json(&stack.client, LIST);
    assert_eq!(tools["result"]["tools"][0]["name"], "forecast", "{tools}");
    // Each has the rights of its own plane.
    for (who, typed) in [(&stack.client, REGISTERED), (&stack.administrator, LIST)] {
        let refused = json(who, typed);
        assert_eq!(refused["__type"], "AccessDeniedException", "{refused}");
    }
    shell(&stack.administrator, REMOVE).unwrap_or_else(|error| panic!("{error}"));
    let tools = json(&stack.client, LIST);
    assert_eq!(tools["result"]["tools"], json!([]), "{tools}");
}
