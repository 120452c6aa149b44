//! `tools`, `resources` and `prompts`: what a client of the gateway sees.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::cli::client::{
    ClientArguments, PromptsArguments, ResourcesArguments, Revision, ToolsArguments,
};
use crate::client::mcp::{self, Mcp};
use crate::client::message::on_one_line;
use crate::client::place::{Gateway, Plane};
use crate::commands::call::{Terminal, show_block};
use crate::commands::input::pair;
use crate::commands::run;
use crate::exit::Failure;
use crate::output::Output;
use crate::text::{first_sentence, lines, pretty, table};

/// Connects as the arguments say.
pub(super) async fn connect(arguments: &ClientArguments) -> Result<Mcp, Failure> {
    let gateway = Gateway::find(&arguments.gateway, Plane::Mcp).await?;
    let revision = match arguments.revision {
        Revision::Auto => mcp::Revision::Any,
        Revision::Modern => mcp::Revision::Modern,
        Revision::Legacy => mcp::Revision::Legacy,
    };
    Ok(Mcp::connect(gateway, revision).await?)
}

/// Lists tools, or shows one.
pub(crate) fn tools(arguments: &ToolsArguments, output: &Output) -> Result<(), Failure> {
    run(async {
        let client = connect(&arguments.client).await?;
        let tools = client.list("tools/list", "tools").await?;
        client.end().await;
        match &arguments.name {
            None => list(output, &tools, ["TOOL", "DESCRIPTION"], "name", "no tools"),
            Some(name) => match tools.iter().find(|tool| text(&read(tool), "name") == *name) {
                Some(tool) => show_tool(output, tool),
                None => return Err(no_tool(name, &tools)),
            },
        }
        Ok(())
    })
}

/// Names the tools that there are.
pub(super) fn no_tool(name: &str, tools: &[Box<RawValue>]) -> Failure {
    let mut names: Vec<String> = tools.iter().map(|tool| text(&read(tool), "name")).collect();
    names.truncate(MAX_NAMED);
    let there = if names.is_empty() { "there are none".to_owned() } else { names.join(", ") };
    Failure::Argument(format!("the gateway has no tool {name:?}; it has: {there}"))
}

/// So many tools are named.
const MAX_NAMED: usize = 20;

fn show_tool(output: &Output, tool: &RawValue) {
    if output.is_json() {
        return output.line(on_one_line(tool.get()));
    }
    let members: std::collections::HashMap<String, Box<RawValue>> =
        serde_json::from_str(tool.get()).unwrap_or_default();
    let whole = read(tool);
    output.line(lines(&text(&whole, "name")));
    for member in ["title", "description"] {
        if let Some(said) = whole[member].as_str() {
            output.line(lines(said));
        }
    }
    for (member, heading) in [
        ("inputSchema", "Arguments"),
        ("outputSchema", "Structured result"),
        ("annotations", "Annotations"),
    ] {
        if let Some(raw) = members.get(member) {
            output.line(format!("\n{heading}:\n{}", lines(&pretty(raw.get()))));
        }
    }
}

/// Lists resources and families of them, or reads one.
pub(crate) fn resources(arguments: &ResourcesArguments, output: &Output) -> Result<(), Failure> {
    run(async {
        let client = connect(&arguments.client).await?;
        match &arguments.uri {
            None => {
                let mut all = client.list("resources/list", "resources").await?;
                let templates = client.list("resources/templates/list", "resourceTemplates").await;
                all.extend(templates?);
                list(output, &all, ["RESOURCE", "DESCRIPTION"], "uri", "no resources");
            }
            Some(uri) => {
                let mut params = Map::new();
                params.insert("uri".to_owned(), uri.as_str().into());
                let terminal = Terminal::new(output);
                let result = client.request("resources/read", params, &terminal).await?;
                show_contents(output, &result);
            }
        }
        client.end().await;
        Ok(())
    })
}

fn show_contents(output: &Output, result: &RawValue) {
    if output.is_json() {
        return output.line(on_one_line(result.get()));
    }
    for content in read(result)["contents"].as_array().into_iter().flatten() {
        match (content["text"].as_str(), content["blob"].as_str()) {
            (Some(text), _) => output.line(lines(text).trim_end().to_owned()),
            // Base64 of whatever it is can be piped on.
            (None, Some(blob)) => output.line(blob.to_owned()),
            (None, None) => {}
        }
    }
}

/// Lists prompts, or gets one.
pub(crate) fn prompts(arguments: &PromptsArguments, output: &Output) -> Result<(), Failure> {
    let mut given = Map::new();
    for text in &arguments.pairs {
        let (name, value) = pair(text)?;
        given.insert(name.to_owned(), value.into());
    }
    run(async {
        let client = connect(&arguments.client).await?;
        match &arguments.name {
            None => {
                let all = client.list("prompts/list", "prompts").await?;
                list(output, &all, ["PROMPT", "DESCRIPTION"], "name", "no prompts");
            }
            Some(name) => {
                let mut params = Map::new();
                params.insert("name".to_owned(), name.as_str().into());
                params.insert("arguments".to_owned(), given.into());
                let terminal = Terminal::new(output);
                let result = client.request("prompts/get", params, &terminal).await?;
                show_messages(output, &result);
            }
        }
        client.end().await;
        Ok(())
    })
}

fn show_messages(output: &Output, result: &RawValue) {
    if output.is_json() {
        return output.line(on_one_line(result.get()));
    }
    for message in read(result)["messages"].as_array().into_iter().flatten() {
        output.line(format!("{}:", lines(message["role"].as_str().unwrap_or("message"))));
        show_block(output, &message["content"]);
    }
}

/// One line for each entry.
fn list(output: &Output, entries: &[Box<RawValue>], heading: [&str; 2], member: &str, none: &str) {
    if output.is_json() {
        return entries.iter().for_each(|entry| output.line(on_one_line(entry.get())));
    }
    if entries.is_empty() {
        return output.line(none.to_owned());
    }
    let row = |entry: Value| {
        let family = entry["uriTemplate"].as_str().filter(|_| member == "uri");
        let name = family.map_or_else(|| text(&entry, member), str::to_owned);
        [name, first_sentence(entry["description"].as_str().unwrap_or_default())]
    };
    output.line(table(heading, entries.iter().map(|entry| read(entry)).map(row).collect()));
}

pub(super) fn read(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

pub(super) fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}
