//! `register`: the admin plane from a shell.

mod diff;
mod export;
mod import;
mod source;

use serde_json::{Map, Value};

use crate::cli::client::GatewayArguments;
use crate::cli::register::{
    AddArguments, GetArguments, Kind, ListArguments, Members, RegisterArguments, RegisterCommand,
    RemoveArguments, StatusArguments, UpdateArguments,
};
use crate::client::message::on_one_line;
use crate::client::place::{Gateway, Plane};
use crate::client::refusal::printable;
use crate::client::registry::{Registry, Stored};
use crate::commands;
use crate::commands::input::{json, read};
use crate::exit::Failure;
use crate::output::Output;
use crate::text::{first_sentence, lines, pretty, table};

/// Runs one of the commands.
pub(crate) fn run(arguments: &RegisterArguments, output: &Output) -> Result<(), Failure> {
    commands::run(async {
        match &arguments.command {
            RegisterCommand::Add(arguments) => add(arguments, output).await,
            RegisterCommand::List(arguments) => list(arguments, output).await,
            RegisterCommand::Get(arguments) => get(arguments, output).await,
            RegisterCommand::Update(arguments) => update(arguments, output).await,
            RegisterCommand::Remove(arguments) => remove(arguments, output).await,
            RegisterCommand::Import(arguments) => import::run(arguments, output).await,
            RegisterCommand::Export(arguments) => export::run(arguments, output).await,
            RegisterCommand::Status(arguments) => status(arguments, output).await,
        }
    })
}

async fn registry(arguments: &GatewayArguments) -> Result<Registry, Failure> {
    Ok(Registry::new(Gateway::find(arguments, Plane::Registration).await?))
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Tool => "tool",
        Kind::Resource => "resource",
        Kind::Prompt => "prompt",
    }
}

async fn add(arguments: &AddArguments, output: &Output) -> Result<(), Failure> {
    let mut document = base(&arguments.members)?.unwrap_or_default();
    if let Some(kind) = arguments.kind {
        document.insert("type".to_owned(), word(kind).into());
    }
    document.entry("type").or_insert_with(|| "tool".into());
    if let Some(name) = &arguments.name {
        document.insert("name".to_owned(), name.as_str().into());
    }
    apply(&arguments.members, &mut document)?;
    let text = Value::Object(document).to_string();
    source::check(&text).map_err(Failure::Document)?;
    let made = registry(&arguments.gateway).await?.create(text).await?;
    tell(output, "registered", &made);
    Ok(())
}

async fn update(arguments: &UpdateArguments, output: &Output) -> Result<(), Failure> {
    let registry = registry(&arguments.gateway).await?;
    let stored = registry.get(&arguments.id).await?;
    let mut document = match base(&arguments.members)? {
        Some(document) => document,
        None => object(&stored.text)
            .ok_or_else(|| Failure::Gateway("what is stored is no document".to_owned()))?,
    };
    for own in source::OF_SERVER {
        document.remove(own);
    }
    apply(&arguments.members, &mut document)?;
    let text = Value::Object(document).to_string();
    source::check(&text).map_err(Failure::Document)?;
    let changed = registry.replace(&arguments.id, text, stored.revision).await?;
    tell(output, "updated", &changed);
    Ok(())
}

/// The document of `--file`.
fn base(members: &Members) -> Result<Option<Map<String, Value>>, Failure> {
    let Some(path) = &members.file else { return Ok(None) };
    let text = read(path)?;
    match object(&text) {
        Some(document) => Ok(Some(document)),
        None => Err(Failure::Document(format!(
            "{} holds no JSON object; lists of documents are for register import",
            path.display()
        ))),
    }
}

fn object(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text).ok()
}

/// Sets the members that were given one by one.
fn apply(members: &Members, document: &mut Map<String, Value>) -> Result<(), Failure> {
    for (name, text) in [
        ("title", &members.title),
        ("description", &members.description),
        ("lambdaArn", &members.function),
        ("invokeMode", &members.invoke_mode),
        ("uri", &members.uri),
        ("uriTemplate", &members.uri_template),
        ("mimeType", &members.mime_type),
        ("text", &members.text),
    ] {
        if let Some(text) = text {
            document.insert(name.to_owned(), text.as_str().into());
        }
    }
    if let Some(seconds) = members.timeout_seconds {
        document.insert("timeoutSeconds".to_owned(), seconds.into());
    }
    for (name, flag, given) in [
        ("parameters", "--parameters", &members.parameters),
        ("inputSchema", "--input-schema", &members.input_schema),
        ("outputSchema", "--output-schema", &members.output_schema),
        ("annotations", "--annotations", &members.annotations),
        ("arguments", "--arguments", &members.arguments),
        ("messages", "--messages", &members.messages),
    ] {
        if let Some(given) = given {
            document.insert(name.to_owned(), json(flag, given)?);
        }
    }
    // A tool has its arguments in one form only.
    if members.parameters.is_some() {
        document.remove("inputSchema");
    } else if members.input_schema.is_some() {
        document.remove("parameters");
    }
    Ok(())
}

fn tell(output: &Output, done: &str, stored: &Stored) {
    if output.is_json() {
        return output.line(on_one_line(&stored.text));
    }
    output.line(format!("{} is {done} (revision {})", stored.id, stored.revision));
}

async fn list(arguments: &ListArguments, output: &Output) -> Result<(), Failure> {
    let all = registry(&arguments.gateway).await?.list(arguments.kind.map(word)).await?;
    if output.is_json() {
        all.iter().for_each(|one| output.line(on_one_line(&one.text)));
        return Ok(());
    }
    if all.is_empty() {
        output.line("nothing is registered".to_owned());
        return Ok(());
    }
    let row = |one: &Stored| {
        let target = one.lambda_arn.as_deref().map_or("(static)", function_of);
        let said = match &one.problem {
            Some(problem) => format!("cannot be served: {problem}"),
            None => first_sentence(one.description.as_deref().unwrap_or_default()),
        };
        [one.id.clone(), one.revision.to_string(), target.to_owned(), said]
    };
    let heading = ["ID", "REVISION", "FUNCTION", "DESCRIPTION"];
    output.line(table(heading, all.iter().map(row).collect()));
    Ok(())
}

/// The name, with the alias: the rest of an ARN is mostly the same everywhere.
fn function_of(arn: &str) -> &str {
    arn.split_once(":function:").map_or(arn, |(_, name)| name)
}

async fn get(arguments: &GetArguments, output: &Output) -> Result<(), Failure> {
    let stored = registry(&arguments.gateway).await?.get(&arguments.id).await?;
    let text =
        if output.is_json() { on_one_line(&stored.text) } else { lines(&pretty(&stored.text)) };
    output.line(text);
    Ok(())
}

async fn remove(arguments: &RemoveArguments, output: &Output) -> Result<(), Failure> {
    let registry = registry(&arguments.gateway).await?;
    for id in &arguments.ids {
        registry.remove(id, None).await?;
        output.line(if output.is_json() {
            serde_json::json!({"event": "removed", "id": id}).to_string()
        } else {
            format!("{id} is removed")
        });
    }
    Ok(())
}

async fn status(arguments: &StatusArguments, output: &Output) -> Result<(), Failure> {
    let registry = registry(&arguments.gateway).await?;
    let ids: Vec<String> = match &arguments.id {
        Some(id) => vec![id.clone()],
        None => registry.list(None).await?.into_iter().map(|one| one.id).collect(),
    };
    let (mut rows, mut failing) = (Vec::new(), Vec::new());
    for id in ids {
        let text = registry.status(&id).await?;
        let status: Value = serde_json::from_str(&text).unwrap_or_default();
        if output.is_json() {
            output.line(on_one_line(&text));
        }
        let word = status["status"].as_str().unwrap_or("unknown").to_owned();
        let checks = status["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
        let problems: Vec<String> = checks
            .iter()
            .filter(|check| check["ok"] != true)
            .flat_map(|check| [&check["problem"], &check["command"]])
            .filter_map(|said| said.as_str().map(printable))
            .collect();
        if checks.iter().any(|check| check["ok"] != true) {
            failing.push(id.clone());
        }
        rows.push([id, word, problems.join("; ")]);
    }
    if !output.is_json() {
        output.line(table(["ID", "STATUS", "PROBLEM"], rows));
    }
    if failing.is_empty() {
        return Ok(());
    }
    Err(Failure::Unhealthy(format!("something is wrong with {}", failing.join(", "))))
}
