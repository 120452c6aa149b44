//! What tools, resources and prompts say of themselves, as the documents of registrations.

use std::collections::BTreeSet;

use mcp_lambda_runtime::registration::Registration;
use mcp_lambda_runtime::registration::document::Document;
use mcp_lambda_runtime::registration::parse::Trust;
use serde_json::{Map, Value, json};

use crate::prompt::PromptDefinition;
use crate::resource::ResourceDefinition;
use crate::server::{Handler, InvalidServer};
use crate::tool::{Hints, ToolDefinition};

/// The place of a handler, as the ARN of a function that is nowhere but here.
pub(super) fn arn(place: usize) -> String {
    format!("arn:aws:lambda:us-east-1:000000000000:function:handler-{place}")
}

/// The place that a function's name tells.
pub(super) fn place(function_name: &str) -> Option<usize> {
    function_name.strip_prefix("handler-")?.parse().ok()
}

/// A document for each handler, in their order.
pub(super) fn documents(handlers: &[Handler]) -> Vec<Value> {
    let one = |(place, handler): (usize, &Handler)| {
        let mut document = match handler {
            Handler::Tool(tool) => of_tool(tool.definition()),
            Handler::Resource(resource) => of_resource(resource.definition()),
            Handler::Prompt(prompt) => of_prompt(prompt.definition()),
        };
        document["lambdaArn"] = arn(place).into();
        if let Value::Object(members) = &mut document {
            members.retain(|_, member| !member.is_null());
        }
        document
    };
    handlers.iter().enumerate().map(one).collect()
}

fn of_tool(tool: ToolDefinition) -> Value {
    let hints = (tool.hints != Hints::default()).then_some(tool.hints);
    json!({
        "type": "tool", "name": tool.name, "title": tool.title, "description": tool.description,
        "invokeMode": "stream", "timeoutSeconds": tool.timeout_seconds,
        "inputSchema": tool.input, "outputSchema": tool.output, "annotations": hints
    })
}

fn of_resource(resource: ResourceDefinition) -> Value {
    let is_template = resource.uri.contains('{');
    let completions: Map<String, Value> =
        resource.completions.into_iter().map(|(name, values)| (name, values.into())).collect();
    let mut document = json!({
        "type": "resource", "name": resource.name, "title": resource.title,
        "description": resource.description, "mimeType": resource.mime_type,
        // The texts of its errors are for clients.
        "invokeMode": "auto", "exceptionLevel": "DEBUG",
        "timeoutSeconds": resource.timeout_seconds
    });
    document[if is_template { "uriTemplate" } else { "uri" }] = resource.uri.into();
    if is_template && !completions.is_empty() {
        document["completions"] = completions.into();
    }
    document
}

fn of_prompt(prompt: PromptDefinition) -> Value {
    let arguments = prompt.arguments.into_iter().map(|argument| {
        let mut wire = json!({ "name": argument.name, "required": argument.required });
        if let Some(description) = argument.description {
            wire["description"] = description.into();
        }
        if !argument.completions.is_empty() {
            wire["completions"] = argument.completions.into();
        }
        wire
    });
    json!({
        "type": "prompt", "name": prompt.name, "title": prompt.title,
        "description": prompt.description, "invokeMode": "jsonrpc",
        "timeoutSeconds": prompt.timeout_seconds, "arguments": arguments.collect::<Vec<_>>()
    })
}

/// What names a document among all: its kind and name.
pub(super) fn id(document: &Value) -> String {
    let member = |name| document[name].as_str().unwrap_or_default();
    format!("{}-{}", member("type"), member("name"))
}

/// Lists everything that is wrong.
pub(super) fn check(documents: &[Value]) -> Result<(), InvalidServer> {
    let mut faults = Vec::new();
    let (mut ids, mut uris) = (BTreeSet::new(), BTreeSet::new());
    for document in documents {
        let (kind, name) = (&document["type"], &document["name"]);
        let named = format!("{} {name}", kind.as_str().unwrap_or_default());
        if !ids.insert(id(document)) {
            faults.push(format!("{named} is there twice: give one of them another name"));
        }
        let uri = [&document["uri"], &document["uriTemplate"]].into_iter().find_map(Value::as_str);
        if let Some(uri) = uri
            && !uris.insert(uri)
        {
            faults.push(format!("{named}: another resource has the URI {uri}"));
        }
        let parsed = Document::read(&document.to_string())
            .and_then(|document| Registration::parse(document, Trust::Checked));
        if let Err(error) = parsed {
            faults.push(format!("{named}: {error}"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(InvalidServer(faults)) }
}

/// A page about everything that is served.
pub(super) fn markdown(name: &str, version: &str, handlers: &[Handler]) -> String {
    let mut page = format!("# {name} {version}\n");
    for handler in handlers {
        match handler {
            Handler::Tool(tool) => {
                let tool = tool.definition();
                page.push_str(&format!("\n## Tool `{}`\n\n{}\n", tool.name, tool.description));
                let schema: Value = serde_json::from_str(tool.input.get()).unwrap_or_default();
                page.push_str(&arguments_table(&schema));
            }
            Handler::Resource(resource) => {
                let resource = resource.definition();
                let (uri, about) = (&resource.uri, &resource.description);
                page.push_str(&format!("\n## Resource `{uri}`\n\n{about}\n"));
            }
            Handler::Prompt(prompt) => {
                let prompt = prompt.definition();
                page.push_str(&format!(
                    "\n## Prompt `{}`\n\n{}\n",
                    prompt.name, prompt.description
                ));
                for (index, argument) in prompt.arguments.iter().enumerate() {
                    let about = argument.description.as_deref().unwrap_or_default();
                    let row = row(&argument.name, "string", argument.required, about);
                    page.push_str(if index == 0 { HEAD } else { "" });
                    page.push_str(&row);
                }
            }
        }
    }
    page
}

const HEAD: &str = "\n| argument | type | required | |\n|---|---|---|---|\n";

fn arguments_table(schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object().filter(|all| !all.is_empty()) else {
        return String::new();
    };
    let required = |name: &str| {
        schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
    };
    let rows = properties.iter().map(|(name, property)| {
        let kinds = property["type"].as_array();
        let kinds = kinds.map(|kinds| kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        let kind = match kinds {
            Some(kinds) => kinds.join(" or "),
            None => property["type"].as_str().unwrap_or("any").to_owned(),
        };
        let about = property["description"].as_str().unwrap_or_default();
        row(name, &kind, required(name), about)
    });
    HEAD.to_owned() + &rows.collect::<String>()
}

fn row(name: &str, kind: &str, required: bool, about: &str) -> String {
    let about = about.replace(['\n', '|'], " ");
    format!("| `{name}` | {kind} | {} | {about} |\n", if required { "yes" } else { "no" })
}
