//! `chat`: a model of Amazon Bedrock that is offered the gateway's tools.
//!
//! What the model says goes to standard output as it comes; what its tools are asked and answer
//! goes to standard error.

#[path = "enabled/model.rs"]
mod model;
#[path = "enabled/toolbox.rs"]
mod toolbox;

use std::io::{BufRead, IsTerminal, Write, stderr, stdin, stdout};
use std::path::Path;

use aws_sdk_bedrockruntime::types::{ContentBlock, ConversationRole, Message, StopReason};
use serde_json::json;

use self::model::{Model, Turn};
use self::toolbox::{Toolbox, Used};
use crate::cli::client::ChatArguments;
use crate::commands;
use crate::commands::input::read;
use crate::commands::lists::connect;
use crate::exit::Failure;
use crate::output::Output;
use crate::text::lines;

/// Messages of a conversation that go with each question; the oldest are forgotten.
const MAX_MESSAGES: usize = 200;
/// Characters of a tool's turn that are shown.
const MAX_SHOWN: usize = 400;

/// Talks until there is nothing more to say.
pub(crate) fn run(arguments: &ChatArguments, output: &Output) -> Result<(), Failure> {
    commands::run(async {
        let client = connect(&arguments.client).await?;
        let toolbox = Toolbox::of(client, output).await?;
        let model = Model::new(arguments, system(arguments)?, &toolbox).await?;
        let mut chat = Chat { model, toolbox, arguments, output, messages: Vec::new() };
        if let Some(text) = &arguments.text {
            chat.answer(text).await?;
        } else {
            while let Some(text) = ask(output).await? {
                chat.answer(&text).await?;
            }
        }
        chat.toolbox.end().await;
        Ok(())
    })
}

/// What the model is told first: a text, or a file's.
fn system(arguments: &ChatArguments) -> Result<Option<String>, Failure> {
    match &arguments.system {
        Some(text) if Path::new(text).is_file() => Ok(Some(read(Path::new(text))?)),
        other => Ok(other.clone()),
    }
}

/// The next line that is not empty; nothing at the end of the input.
async fn ask(output: &Output) -> Result<Option<String>, Failure> {
    let prompt = stdin().is_terminal() && !output.is_json();
    let reading = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        loop {
            if prompt {
                let _ = stderr().write_all(b"> ").and_then(|()| stderr().flush());
            }
            line.clear();
            if stdin().lock().read_line(&mut line)? == 0 {
                return Ok::<_, std::io::Error>(None);
            }
            if !line.trim().is_empty() {
                return Ok(Some(line.trim().to_owned()));
            }
        }
    });
    tokio::select! {
        line = reading => match line {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(source)) => Err(Failure::System { doing: "reading the question", source }),
            Err(_) => Ok(None),
        },
        _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted("interrupted".to_owned())),
    }
}

struct Chat<'a> {
    model: Model,
    toolbox: Toolbox,
    arguments: &'a ChatArguments,
    output: &'a Output,
    messages: Vec<Message>,
}

impl Chat<'_> {
    /// One question, and all that the model does until it has answered.
    async fn answer(&mut self, text: &str) -> Result<(), Failure> {
        self.push(ConversationRole::User, vec![ContentBlock::Text(text.to_owned())])?;
        for _ in 0..=self.arguments.rounds {
            let turn = self.turn().await?;
            self.push(ConversationRole::Assistant, turn.content)?;
            if turn.stopped != StopReason::ToolUse || turn.calls.is_empty() {
                return self.finish(&turn.stopped);
            }
            let mut results = Vec::new();
            for call in turn.calls {
                self.show_call(&call.name, &call.input);
                let used = self.toolbox.call(call).await;
                self.show_result(&used);
                results.push(ContentBlock::ToolResult(used.result));
            }
            self.push(ConversationRole::User, results)?;
        }
        let text = format!("the model still asks for tools after {} rounds", self.arguments.rounds);
        Err(Failure::Gateway(format!("{text}; allow it more with --rounds")))
    }

    async fn turn(&mut self) -> Result<Turn, Failure> {
        let json = self.output.is_json();
        let turn = self.model.ask(&self.messages, |piece| {
            if !json {
                let _ = stdout().write_all(lines(piece).as_bytes()).and_then(|()| stdout().flush());
            }
        });
        let turn = tokio::select! {
            turn = turn => turn?,
            _ = tokio::signal::ctrl_c() => {
                return Err(Failure::Interrupted("interrupted".to_owned()));
            }
        };
        if json {
            self.output.line(json!({"event": "assistant", "text": turn.text}).to_string());
            self.output.line(
                json!({"event": "usage", "inputTokens": turn.tokens.0,
                       "outputTokens": turn.tokens.1})
                .to_string(),
            );
        } else if !turn.text.is_empty() && !turn.text.ends_with('\n') {
            let _ = stdout().write_all(b"\n");
        }
        Ok(turn)
    }

    fn finish(&self, stopped: &StopReason) -> Result<(), Failure> {
        let is = |reasons: &[StopReason]| reasons.contains(stopped);
        let why = if is(&[StopReason::EndTurn, StopReason::StopSequence, StopReason::ToolUse]) {
            return Ok(());
        } else if is(&[StopReason::MaxTokens]) {
            "the answer is cut off; allow more with --max-tokens"
        } else if is(&[StopReason::ContentFiltered, StopReason::GuardrailIntervened]) {
            "the answer was held back by a filter of Bedrock"
        } else {
            "the model stopped for a reason of its own"
        };
        if self.output.is_json() {
            let event = json!({"event": "stopped", "reason": stopped.as_str()});
            self.output.line(event.to_string());
        } else {
            let _ = writeln!(stderr(), "[{why}]");
        }
        Ok(())
    }

    /// Adds a message; the conversation always begins with one of the user that answers no tool.
    fn push(&mut self, role: ConversationRole, content: Vec<ContentBlock>) -> Result<(), Failure> {
        if content.is_empty() {
            return Ok(());
        }
        let message = Message::builder().role(role).set_content(Some(content)).build();
        self.messages.push(message.map_err(|error| Failure::Bug(error.to_string()))?);
        if self.messages.len() > MAX_MESSAGES {
            let asks = |message: &Message| {
                message.role() == &ConversationRole::User
                    && message.content().iter().all(ContentBlock::is_text)
            };
            let half = self.messages.len() / 2;
            if let Some(first) = self.messages.iter().skip(half).position(asks) {
                self.messages.drain(..half + first);
            }
        }
        Ok(())
    }

    fn show_call(&self, name: &str, input: &serde_json::Value) {
        if self.output.is_json() {
            let event = json!({"event": "tool-call", "name": name, "arguments": input});
            return self.output.line(event.to_string());
        }
        let _ = writeln!(stderr(), "→ {} {}", lines(name), short(&input.to_string()));
    }

    fn show_result(&self, used: &Used) {
        if self.output.is_json() {
            let event = json!({"event": "tool-result", "name": used.name, "isError": used.failed,
                "text": used.said, "ms": used.millis});
            return self.output.line(event.to_string());
        }
        let mark = if used.failed { "✗" } else { "←" };
        let said = short(&used.said);
        let _ = writeln!(stderr(), "{mark} {} {said}  ({} ms)", lines(&used.name), used.millis);
    }
}

/// One line, cut where it is too long.
fn short(text: &str) -> String {
    let line = lines(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_SHOWN {
        return line;
    }
    line.chars().take(MAX_SHOWN).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_turns_are_bounded() {
        let most = "é".repeat(MAX_SHOWN);
        assert_eq!(short(&most), most);
        assert_eq!(short(&format!("{most}x")), format!("{most}…"));
        assert_eq!(short("a\n b"), "a b");
    }
}
