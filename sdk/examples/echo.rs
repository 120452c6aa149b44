//! A tool, a resource, a family of resources and a prompt, all of which say what they are told.

use mcp_lambda_sdk::prelude::*;

/// Says what it is told.
///
/// # Arguments
///
/// * `text` - what to say
/// * `times` - how often, once if it is left out
#[tool(title = "Echo", read_only, idempotent)]
async fn echo(text: String, #[schemars(range(min = 1, max = 10))] times: Option<u8>) -> String {
    vec![text; usize::from(times.unwrap_or(1))].join(" ")
}

/// What this server is for.
#[resource(uri = "echo://about", mime_type = "text/plain")]
async fn about() -> &'static str {
    "It says what it is told."
}

/// A word, said again.
#[resource(uri = "echo://words/{word}{?times}", mime_type = "text/plain")]
async fn word(#[complete("hey", "hello")] word: String, times: Option<u8>) -> Option<String> {
    // No contents: there is no such resource.
    (word != "silence").then(|| vec![word; usize::from(times.unwrap_or(1))].join(" "))
}

/// Lets the model repeat something.
#[prompt]
async fn repeat(
    /** What to repeat. */
    text: String,
    /** How often: a number. */
    times: Option<u8>,
) -> Result<Vec<Message>, ToolError> {
    let times = times.unwrap_or(1);
    if times == 0 {
        return Err(ToolError::new("times must be at least 1"));
    }
    Ok(vec![
        Message::user(format!("Say it {times} times: {text}")),
        Message::assistant("Here it is:"),
    ])
}

fn main() -> ExitCode {
    Server::new("echo", env!("CARGO_PKG_VERSION"))
        .instructions("Everything here says what it is told.")
        .tool(echo)
        .resource(about)
        .resource(word)
        .prompt(repeat)
        .serve()
}
