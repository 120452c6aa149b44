//! How clients are told of a gateway.

use std::io::{Write, stderr};

use serde_json::json;

use crate::cli::client::{ConnectArguments, GatewayArguments, Host};
use crate::client::place::{self, Plane};
use crate::exit::Failure;
use crate::output::Output;

/// Prints the configuration, and on standard error where it goes.
pub(super) async fn print(
    host: Host,
    arguments: &ConnectArguments,
    output: &Output,
) -> Result<(), Failure> {
    let doing = "finding this program's own file";
    let program = std::env::current_exe().map_err(|source| Failure::System { doing, source })?;
    let program = program.to_string_lossy();
    let words = words(&arguments.gateway, |name| std::env::var(name).ok()).await?;
    output.line(render(host, &arguments.name, &program, &words));
    output.flush();
    let token = if arguments.gateway.token.is_some() {
        "; MCP_LAMBDA_TOKEN must be in the client's environment"
    } else {
        ""
    };
    // Without anyone to hear it there is nothing to be done.
    let _ = writeln!(stderr(), "{}{token}", place_of(host));
    Ok(())
}

/// What to type to connect to the same gateway from anywhere: clients that are started from a
/// desktop do not have the environment of a shell.
async fn words(
    arguments: &GatewayArguments,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Vec<String>, Failure> {
    let mut words = vec!["connect".to_owned()];
    let mut signed = true;
    let mut add = |flag: &str, value: Option<String>| {
        if let Some(value) = value {
            words.extend([flag.to_owned(), value]);
        }
    };
    let set = |name: &str| variable(name).filter(|text| !text.is_empty());
    match &arguments.stack {
        Some(stack) => {
            add("--stack", Some(stack.clone()));
            let region = arguments.region.clone().or_else(|| set("AWS_REGION"));
            add("--region", region.or_else(|| set("AWS_DEFAULT_REGION")));
        }
        None => {
            let url = place::url(arguments, Plane::Mcp).await?;
            signed = place::scope(arguments, &url).is_some();
            add("--url", Some(url.to_string()));
            add("--region", arguments.region.clone());
        }
    }
    let profile = || set("AWS_PROFILE").filter(|_| signed);
    add("--profile", arguments.profile.clone().or_else(profile));
    add("--service", arguments.service.clone());
    if arguments.timeout != DEFAULT_TIMEOUT {
        add("--timeout", Some(arguments.timeout.to_string()));
    }
    if arguments.no_sign {
        words.push("--no-sign".to_owned());
    }
    Ok(words)
}

/// What `--timeout` is without being given.
const DEFAULT_TIMEOUT: u64 = 900;

fn render(host: Host, name: &str, program: &str, words: &[String]) -> String {
    let server = json!({"command": program, "args": words});
    let pretty = |value: &serde_json::Value| crate::text::pretty(&value.to_string());
    match host {
        Host::ClaudeDesktop | Host::Cursor => pretty(&json!({"mcpServers": {name: server}})),
        Host::Vscode => {
            let server = json!({"type": "stdio", "command": program, "args": words});
            pretty(&json!({"servers": {name: server}}))
        }
        Host::ClaudeCode => {
            let typed: Vec<String> = std::iter::once(program)
                .chain(words.iter().map(String::as_str))
                .map(quoted)
                .collect();
            format!("claude mcp add {} -- {}", quoted(name), typed.join(" "))
        }
        Host::Codex => {
            // JSON's strings and lists are TOML's too.
            let (program, words) = (json!(program), json!(words));
            format!("[mcp_servers.{}]\ncommand = {program}\nargs = {words}", json!(name))
        }
    }
}

fn place_of(host: Host) -> &'static str {
    match host {
        Host::ClaudeDesktop => {
            "goes into claude_desktop_config.json: Settings, Developer, Edit Config; then start \
             Claude Desktop again"
        }
        Host::ClaudeCode => "is typed in a shell",
        Host::Cursor => "goes into ~/.cursor/mcp.json, or .cursor/mcp.json of a project",
        Host::Vscode => "goes into .vscode/mcp.json of a workspace",
        Host::Codex => "goes into ~/.codex/config.toml",
    }
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_has_its_form() {
        let words = ["connect", "--url", "https://a.example"].map(str::to_owned);
        let of = |host| render(host, "tools", "/opt/my tools/mcp-lambda", &words);
        for host in [Host::ClaudeDesktop, Host::Cursor] {
            let read: serde_json::Value = serde_json::from_str(&of(host)).expect("JSON");
            assert_eq!(read["mcpServers"]["tools"]["args"][2], "https://a.example");
        }
        let read: serde_json::Value = serde_json::from_str(&of(Host::Vscode)).expect("JSON");
        assert_eq!(read["servers"]["tools"]["type"], "stdio");
        assert_eq!(
            of(Host::ClaudeCode),
            "claude mcp add tools -- '/opt/my tools/mcp-lambda' connect --url https://a.example"
        );
        let read: toml::Table = toml::from_str(&of(Host::Codex)).expect("TOML");
        assert_eq!(read["mcp_servers"]["tools"]["args"][0].as_str(), Some("connect"));
    }

    #[test]
    fn words_for_shells() {
        for (word, expected) in [("a", "a"), ("", "''"), ("a b", "'a b'"), ("it's", r"'it'\''s'")] {
            assert_eq!(quoted(word), expected);
        }
    }
}
