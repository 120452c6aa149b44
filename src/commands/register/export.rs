//! `register export`: what is registered, as files.

use std::collections::BTreeMap;
use std::io::{Write, stderr};
use std::path::Path;

use mcp_lambda_runtime::registration::agentcore::write::write;
use mcp_lambda_runtime::registration::document::Document;
use serde_json::{Value, json};

use super::source::file_name;
use super::{function_of, registry};
use crate::cli::register::{ExportArguments, Form};
use crate::client::registry::Stored;
use crate::exit::Failure;
use crate::output::Output;
use crate::text::pretty;

/// Writes what is registered.
pub(super) async fn run(arguments: &ExportArguments, output: &Output) -> Result<(), Failure> {
    let mut all = registry(&arguments.gateway).await?.list(None).await?;
    if let Some(function) = &arguments.function {
        all.retain(|one| one.lambda_arn.as_deref() == Some(function));
    }
    let files = match arguments.format {
        Form::Documents => documents(&all, output.is_json())?,
        Form::Agentcore => targets(&all, output.is_json())?,
    };
    match &arguments.folder {
        Some(folder) => save(folder, &files, output),
        None => {
            let all: Vec<&str> = files.values().map(String::as_str).collect();
            let list = format!("[{}]", all.join(","));
            output.line(if output.is_json() { list } else { pretty(&list) });
            Ok(())
        }
    }
}

/// Documents without what the server added, by ids.
fn documents(all: &[Stored], json: bool) -> Result<BTreeMap<String, String>, Failure> {
    let mut files = BTreeMap::new();
    for one in all {
        match Document::read(&one.text) {
            Ok(document) => {
                files.insert(one.id.clone(), document.render());
            }
            Err(_) => warn(&one.id, "", "cannot be understood, and is left out", json),
        }
    }
    Ok(files)
}

/// Configurations of targets by the names of their functions.
fn targets(all: &[Stored], json: bool) -> Result<BTreeMap<String, String>, Failure> {
    let mut tools: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for one in all {
        let document = Document::read(&one.text).ok();
        let (Some(arn), Some(written)) =
            (one.lambda_arn.as_deref(), document.as_ref().and_then(write))
        else {
            warn(&one.id, "", "is no tool, which is all that targets have", json);
            continue;
        };
        for loss in &written.losses {
            warn(&one.id, &loss.pointer, &loss.detail, json);
        }
        tools.entry(arn).or_default().push(written.definition);
    }
    let one = |(arn, definitions): (&str, Vec<Value>)| {
        let name = function_of(arn).replace(':', "-");
        let target = json!({"mcp": {"lambda": {"lambdaArn": arn,
            "toolSchema": {"inlinePayload": definitions}}}});
        (name, target.to_string())
    };
    let count = tools.len();
    let files: BTreeMap<String, String> = tools.into_iter().map(one).collect();
    if files.len() < count {
        return Err(Failure::Usage(
            "functions of the same name in several regions or accounts need --function, one by one",
        ));
    }
    Ok(files)
}

fn warn(id: &str, pointer: &str, detail: &str, json: bool) {
    let mut err = stderr();
    // Without anyone to hear it there is nothing to be done.
    let _ = if json {
        let loss = json!({"event": "loss", "id": id, "pointer": pointer, "detail": detail});
        writeln!(err, "{loss}")
    } else {
        let space = if pointer.is_empty() { "" } else { " " };
        writeln!(err, "{id}{space}{pointer}: {detail}")
    };
}

fn save(folder: &Path, files: &BTreeMap<String, String>, output: &Output) -> Result<(), Failure> {
    let failed = |path: &Path, error: std::io::Error| {
        Failure::Document(format!("cannot write {}: {error}", path.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for (stem, text) in files {
        let path = file_name(folder, stem);
        std::fs::write(&path, pretty(text) + "\n").map_err(|error| failed(&path, error))?;
        output.line(if output.is_json() {
            json!({"event": "written", "file": path}).to_string()
        } else {
            format!("Wrote {}", path.display())
        });
    }
    Ok(())
}
