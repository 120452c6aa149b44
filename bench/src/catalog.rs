//! What both servers offer: the same tools, one fixed resource and one prompt.

use serde_json::{Value, json};

/// The built-in function of `mcp-lambda serve` that says back what it is told.
pub const ECHO: &str = "example-echo";
/// A function whose answer is large; only [`crate::gateway::AtOnce`] has it.
pub const LARGE: &str = "large";
/// The tool whose function is [`LARGE`].
pub const LARGE_TOOL: &str = "tool_00000";
/// The fixed resource.
pub const RESOURCE: &str = "bench://guide";
/// The prompt.
pub const PROMPT: &str = "introduction";
/// The text of the fixed resource, 1.6 KB.
pub const RESOURCE_TEXT: &str = include_str!("guide.md");
/// The prompt's message, with its argument in braces.
pub const PROMPT_TEXT: &str = "Introduce the tools of this server to {{audience}}.";

/// The name of a tool; tool 0 is [`LARGE_TOOL`].
pub fn tool_name(index: usize) -> String {
    format!("tool_{index:05}")
}

/// A tool as clients see it: about 1 KB, with a schema that constrains every argument.
pub fn tool(index: usize) -> Value {
    json!({
        "name": tool_name(index),
        "title": format!("Forecast of region {index}"),
        "description": format!(
            "The weather of the next days in region {index}: temperature, wind, and how likely it \
             is to rain. Use it when somebody asks what to wear or whether to travel."
        ),
        "inputSchema": {
            "type": "object",
            "properties": {
                "text": {
                    "type": "string", "minLength": 1, "maxLength": 200,
                    "description": format!("A place in region {index}, such as a city or a valley.")
                },
                "days": {
                    "type": "integer", "minimum": 1, "maximum": 10,
                    "description": "How many days, beginning with today."
                },
                "units": {
                    "type": "string", "enum": ["metric", "imperial"],
                    "description": "The units of temperatures and speeds."
                }
            },
            "required": ["text"],
            "additionalProperties": false
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": true}
    })
}

/// The bodies of `POST /register`: so many tools, the resource and the prompt.
pub fn registrations(tools: usize) -> impl Iterator<Item = Value> {
    let resource = json!({
        "type": "resource", "name": "guide", "title": "First steps", "uri": RESOURCE,
        "description": "What this server can tell, and in what form.",
        "mimeType": "text/markdown", "text": RESOURCE_TEXT
    });
    let prompt = json!({
        "type": "prompt", "name": PROMPT, "title": "Introduction",
        "description": "Asks the model to introduce the tools of this server.",
        "arguments": [{"name": "audience", "description": "For whom.", "required": true}],
        "messages": [{"role": "user", "content": {"type": "text", "text": PROMPT_TEXT}}]
    });
    (0..tools).map(tool_registration).chain([resource, prompt])
}

/// The registration of a tool.
pub fn tool_registration(index: usize) -> Value {
    let function = if index == 0 { LARGE } else { ECHO };
    let mut registration = tool(index);
    registration["type"] = "tool".into();
    registration["lambdaArn"] =
        format!("arn:aws:lambda:us-east-1:000000000000:function:{function}").into();
    registration
}
