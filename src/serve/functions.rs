//! The functions of this machine, from a TOML file and the built-in examples.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lambda_host::{FunctionConfig, FunctionName, RawFunction};
use serde::Deserialize;
use toml::Spanned;

use crate::cli::{InvokeWhere, ServeArguments};
use crate::examples;
use crate::exit::Failure;

/// The file that is taken where none is named.
const DEFAULT_FILE: &str = "mcp-lambda.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    functions: BTreeMap<Spanned<String>, RawFunction>,
}

/// All functions that the host will have.
pub(super) fn load(
    arguments: &ServeArguments,
) -> Result<BTreeMap<FunctionName, FunctionConfig>, Failure> {
    if arguments.invoke == InvokeWhere::Aws {
        return match arguments.functions {
            None => Ok(BTreeMap::new()),
            Some(_) => Err(Failure::Usage(
                "--functions is for this machine and --invoke aws calls none here; \
                 leave one of the two out",
            )),
        };
    }
    let mut functions =
        if arguments.no_examples { BTreeMap::new() } else { examples::functions()? };
    let default = PathBuf::from(DEFAULT_FILE);
    let path = match &arguments.functions {
        Some(path) => Some(path.clone()),
        None => default.exists().then_some(default),
    };
    if let Some(path) = path {
        functions.extend(read(&path)?);
    }
    Ok(functions)
}

fn read(path: &Path) -> Result<BTreeMap<FunctionName, FunctionConfig>, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| Failure::FunctionsUnreadable { path: path.to_owned(), source })?;
    let invalid = |reason: String| Failure::FunctionsInvalid { path: path.to_owned(), reason };
    let file: File = toml::from_str(&text).map_err(|error| invalid(sentence(&text, &error)))?;
    let base = path.parent().unwrap_or(Path::new("."));
    let one = |(name, raw): (Spanned<String>, RawFunction)| {
        let at = line_of(&text, name.span().start);
        let refused = |reason: String| invalid(format!("line {at}: {reason}"));
        let name = FunctionName::parse(name.as_ref())
            .map_err(|error| refused(format!("[functions.{}]: {error}", name.as_ref())))?;
        let config = FunctionConfig::from_raw(&name, raw, base)
            .map_err(|error| refused(error.to_string()))?;
        Ok((name, config))
    };
    file.functions.into_iter().map(one).collect()
}

/// The number of the line in which a byte stands.
fn line_of(text: &str, byte: usize) -> usize {
    text.as_bytes().iter().take(byte).filter(|byte| **byte == b'\n').count() + 1
}

/// TOML's own message has several lines with a picture; one sentence names the line.
fn sentence(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map(|span| line_of(text, span.start));
    let message = error.message().lines().collect::<Vec<_>>().join(" ");
    match line {
        Some(line) => format!("line {line}: {message}"),
        None => message,
    }
}
