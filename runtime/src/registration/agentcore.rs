//! Tool definitions of Bedrock AgentCore Gateway targets, as registrations.

pub mod write;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::json;
use crate::registration::document::Document;
use crate::registration::problem::{InvalidRegistration, Problem};
use crate::registration::{InvokeMode, limits};

/// One `ToolDefinition`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ToolDefinition {
    name: String,
    description: String,
    input_schema: Box<RawValue>,
    #[serde(default)]
    output_schema: Option<Box<RawValue>>,
}

/// Reads an `inlinePayload` file: the array itself, or the object that holds it as
/// `inlinePayload`, `toolSchema.inlinePayload` or `lambda.toolSchema.inlinePayload`.
pub fn read(
    text: &str,
    lambda_arn: &str,
    target: Option<&str>,
) -> Result<Vec<Document>, InvalidRegistration> {
    let fault =
        |detail: String| InvalidRegistration(vec![Problem { pointer: String::new(), detail }]);
    let payload = find_payload(text).ok_or_else(|| {
        fault("must be an array of tool definitions, or hold \"inlinePayload\"".into())
    })?;
    let tools: Vec<json::Object<ToolDefinition>> =
        serde_json::from_str(payload).map_err(|error| fault(error.to_string()))?;
    if tools.is_empty() || tools.len() > limits::MAX_IMPORT {
        return Err(fault(format!("must hold 1 to {} tools", limits::MAX_IMPORT)));
    }
    let document = |json::Object(tool): json::Object<ToolDefinition>| {
        let mut document = Document::tool(tool.name, lambda_arn.to_owned());
        document.description = Some(tool.description);
        document.invoke_mode = Some(InvokeMode::Agentcore);
        document.target_name = target.map(str::to_owned);
        document.input_schema = Some(tool.input_schema);
        document.output_schema = tool.output_schema;
        document
    };
    Ok(tools.into_iter().map(document).collect())
}

fn find_payload(text: &str) -> Option<&str> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Holder<'a> {
        #[serde(borrow, default)]
        inline_payload: Option<&'a RawValue>,
        #[serde(borrow, default)]
        tool_schema: Option<&'a RawValue>,
        #[serde(borrow, default)]
        lambda: Option<&'a RawValue>,
    }
    let text = text.trim();
    if text.starts_with('[') {
        return Some(text);
    }
    let holder: Holder<'_> = json::object(text).ok()?;
    match (holder.inline_payload, holder.tool_schema.or(holder.lambda)) {
        (Some(payload), _) => Some(payload.get()),
        (None, Some(inner)) => find_payload(inner.get()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOLS: &str =
        r#"[{"name":"a","description":"d","inputSchema":{"type":"object","properties":{}}}]"#;

    #[test]
    fn the_array_and_its_holders() {
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
        for text in [
            TOOLS.to_owned(),
            format!(r#"{{"inlinePayload":{TOOLS}}}"#),
            format!(r#"{{"toolSchema":{{"inlinePayload":{TOOLS}}}}}"#),
            format!(r#"{{"lambda":{{"lambdaArn":"x","toolSchema":{{"inlinePayload":{TOOLS}}}}}}}"#),
        ] {
            let documents = read(&text, arn, Some("target")).expect("one tool");
            assert_eq!(documents[0].invoke_mode, Some(InvokeMode::Agentcore));
            assert_eq!(documents[0].target_name.as_deref(), Some("target"));
        }
        for text in ["", "{}", "[]", "7", r#"[{"name":"a"}]"#] {
            assert!(read(text, arn, None).is_err(), "{text}");
        }
    }
}
