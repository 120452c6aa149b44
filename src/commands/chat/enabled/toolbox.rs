//! The gateway's tools as a model is offered them.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_bedrockruntime::types::{
    Tool, ToolConfiguration, ToolInputSchema, ToolResultBlock, ToolResultContentBlock,
    ToolResultStatus, ToolSpecification,
};
use aws_smithy_types::{Document, Number};
use serde_json::Value;
use tokio::time::Instant;

use crate::client::mcp::Mcp;
use crate::commands::call::Terminal;
use crate::commands::lists::{read, text};
use crate::exit::Failure;
use crate::output::Output;

/// Characters of a tool's answer that the model gets: models have less room than functions.
const MAX_ANSWER: usize = 200_000;
/// Tools that are offered; Bedrock's models take few hundred, and are lost among more.
const MAX_TOOLS: usize = 200;

/// The tools by the names under which the model knows them.
pub(super) struct Toolbox {
    client: Mcp,
    tools: HashMap<String, Value>,
    terminal: Terminal,
}

/// What a model asks of a tool.
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    /// `null` if it was no JSON.
    pub(super) input: Value,
}

/// What a tool answered.
pub(super) struct Used {
    pub(super) name: String,
    pub(super) result: ToolResultBlock,
    pub(super) said: String,
    pub(super) failed: bool,
    pub(super) millis: u128,
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.tools.keys()).finish()
    }
}

impl Toolbox {
    /// The tools of a gateway.
    pub(super) async fn of(client: Mcp, output: &Output) -> Result<Self, Failure> {
        let all = client.list("tools/list", "tools").await?;
        if all.len() > MAX_TOOLS {
            return Err(Failure::Gateway(format!(
                "the gateway has {} tools, and a model is offered {MAX_TOOLS} at most",
                all.len()
            )));
        }
        let mut tools = HashMap::new();
        for tool in &all {
            let tool = read(tool);
            let mut name = offered(&text(&tool, "name"));
            // Two names that differ in a dot alone.
            while tools.contains_key(&name) {
                name.push('_');
            }
            tools.insert(name, tool);
        }
        Ok(Self { client, tools, terminal: Terminal::new(output) })
    }

    /// As Bedrock takes them; nothing if there are none, because an empty list is refused.
    pub(super) fn configuration(&self) -> Result<Option<ToolConfiguration>, Failure> {
        if self.tools.is_empty() {
            return Ok(None);
        }
        let bug =
            |error: aws_sdk_bedrockruntime::error::BuildError| Failure::Bug(error.to_string());
        let mut names: Vec<&String> = self.tools.keys().collect();
        names.sort();
        let mut configuration = ToolConfiguration::builder();
        for name in names {
            let tool = &self.tools[name];
            let description = tool["description"].as_str().filter(|text| !text.is_empty());
            let specification = ToolSpecification::builder()
                .name(name)
                .set_description(description.map(str::to_owned))
                .input_schema(ToolInputSchema::Json(to_document(&tool["inputSchema"])))
                .build()
                .map_err(bug)?;
            configuration = configuration.tools(Tool::ToolSpec(specification));
        }
        configuration.build().map(Some).map_err(bug)
    }

    /// Calls a tool; whatever goes wrong is told to the model, which may do better.
    pub(super) async fn call(&self, call: Call) -> Used {
        let started = Instant::now();
        let (said, failed) = match self.tools.get(&call.name) {
            None => ("there is no tool of this name".to_owned(), true),
            Some(_) if !call.input.is_object() => {
                ("the arguments are no JSON object".to_owned(), true)
            }
            Some(tool) => match self.client.call(tool, call.input, &self.terminal).await {
                Ok(result) => {
                    let result = read(&result);
                    (words(&result), result["isError"] == true)
                }
                Err(error) => (error.to_string(), true),
            },
        };
        let said: String = said.chars().take(MAX_ANSWER).collect();
        let status = if failed { ToolResultStatus::Error } else { ToolResultStatus::Success };
        // Bedrock refuses blank text.
        let told = if said.trim().is_empty() { "(nothing)".to_owned() } else { said.clone() };
        let result = ToolResultBlock::builder()
            .tool_use_id(call.id)
            .content(ToolResultContentBlock::Text(told))
            .status(status)
            .build()
            .expect("the id and the content are set");
        let millis = started.elapsed().as_millis();
        Used { name: call.name, result, said, failed, millis }
    }

    /// Says goodbye.
    pub(super) async fn end(&self) {
        self.client.end().await;
    }
}

/// Names at Bedrock have no dots.
fn offered(name: &str) -> String {
    name.replace('.', "_")
}

/// A result in words: its texts, or else what is structured; of the rest, what it is.
fn words(result: &Value) -> String {
    let blocks = result["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    let one = |block: &Value| match block["type"].as_str() {
        Some("text") => text(block, "text"),
        Some("resource") => match block["resource"]["text"].as_str() {
            Some(text) => text.to_owned(),
            None => format!("[resource {}]", text(&block["resource"], "uri")),
        },
        Some("resource_link") => format!("[resource {}]", text(block, "uri")),
        Some(kind) => format!("[{kind} {}]", text(block, "mimeType")),
        None => block.to_string(),
    };
    let said: Vec<String> = blocks.iter().map(one).collect();
    if said.iter().all(|text| text.trim().is_empty()) && !result["structuredContent"].is_null() {
        return result["structuredContent"].to_string();
    }
    said.join("\n")
}

/// JSON as the SDK carries it.
pub(super) fn to_document(value: &Value) -> Document {
    match value {
        Value::Null => Document::Null,
        Value::Bool(value) => Document::Bool(*value),
        Value::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Number::PosInt(number),
            (None, Some(number)) => Number::NegInt(number),
            (None, None) => Number::Float(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Document::String(text.clone()),
        Value::Array(all) => Document::Array(all.iter().map(to_document).collect()),
        Value::Object(members) => Document::Object(
            members.iter().map(|(name, value)| (name.clone(), to_document(value))).collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn results_in_words() {
        let text = |text: &str| json!({"type": "text", "text": text});
        assert_eq!(words(&json!({"content": [text("a"), text("b")]})), "a\nb");
        assert_eq!(words(&json!({"content": [], "structuredContent": {"a": 1}})), r#"{"a":1}"#);
        let image = json!({"type": "image", "mimeType": "image/png", "data": ""});
        assert_eq!(words(&json!({"content": [image]})), "[image image/png]");
    }

    #[test]
    fn numbers_keep_their_kind() {
        for (value, expected) in [
            (json!(7), Number::PosInt(7)),
            (json!(-7), Number::NegInt(-7)),
            (json!(0.5), Number::Float(0.5)),
        ] {
            assert_eq!(to_document(&value), Document::Number(expected));
        }
        assert_eq!(offered("a.b-c_d"), "a_b-c_d");
    }
}
