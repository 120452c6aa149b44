//! The commands of a README, and what they become here.

use std::collections::BTreeSet;
use std::net::TcpListener;

/// Where `serve` listens when it is not told.
const DEFAULT_LISTEN: &str = "127.0.0.1:8765";
/// The host of all addresses.
const HOST: &str = "127.0.0.1:";

/// A command and the texts that must be in its output.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Step {
    pub(super) command: String,
    pub(super) expected: Vec<String>,
}

/// Reads the steps of a section, those of its subsections included.
pub(super) fn read(readme: &str, heading: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut depth = None;
    let mut fence: Option<&str> = None;
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            fence = if fence.is_some() { None } else { Some(language.trim()) };
            continue;
        }
        if fence.is_none() && line.starts_with('#') {
            let level = line.chars().take_while(|c| *c == '#').count();
            if line[level..].trim() == heading {
                depth = Some(level);
            } else if depth.is_some_and(|depth| level <= depth) {
                depth = None;
            }
        }
        if depth.is_none() || fence != Some("console") {
            continue;
        }
        if let Some(command) = line.strip_prefix("$ ") {
            let mut command = command.to_owned();
            while command.ends_with('\\')
                && let Some(next) = lines.next()
            {
                command = format!("{command}\n{next}");
            }
            steps.push(Step { command, expected: Vec::new() });
        } else if let (Some(text), Some(step)) = (line.strip_prefix("# => "), steps.last_mut()) {
            step.expected.push(text.to_owned());
        }
    }
    steps
}

/// The steps with the built program in place of Cargo's commands, and with free ports.
///
/// Somebody else could take such a port before our server does; that fails the test.
pub(super) fn on_free_ports(steps: &[Step]) -> Vec<Step> {
    let mut steps: Vec<Step> = steps
        .iter()
        .map(|step| Step { command: with_program(&step.command), ..step.clone() })
        .collect();
    let ports: BTreeSet<String> = steps.iter().flat_map(|step| ports(&step.command)).collect();
    // All are open at once, so that they differ.
    let free: Vec<_> =
        ports.iter().map(|_| TcpListener::bind(format!("{HOST}0")).expect("a free port")).collect();
    for (port, listener) in ports.iter().zip(&free) {
        let address = listener.local_addr().expect("an address").to_string();
        for step in &mut steps {
            for text in std::iter::once(&mut step.command).chain(&mut step.expected) {
                *text = text.replace(&format!("{HOST}{port}"), &address);
            }
        }
    }
    steps
}

fn ports(text: &str) -> Vec<String> {
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect();
    text.split(HOST).skip(1).map(digits).collect()
}

fn with_program(command: &str) -> String {
    if command.starts_with("cargo build") {
        return ":".to_owned();
    }
    let Some((before, after)) = command.split_once("cargo run") else {
        return command.to_owned();
    };
    let after = after.strip_prefix(" --release").unwrap_or(after);
    let after = after.strip_prefix(" --").unwrap_or(after);
    let listen = format!(" serve --listen {DEFAULT_LISTEN}");
    let after = match after.contains("--listen") {
        true => after.to_owned(),
        false if after.contains(" serve") => after.replacen(" serve", &listen, 1),
        // Another command.
        false if after.trim_start().starts_with(char::is_alphabetic) => after.to_owned(),
        false => format!("{listen}{after}"),
    };
    format!("{before}'{}'{after}", env!("CARGO_BIN_EXE_mcp-lambda"))
}
