//! What is given as an argument, in a file, or on standard input.

use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::exit::Failure;

/// Bytes of a file that is read: more than any document or list of documents has.
pub(crate) const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Reads a file of text, or standard input for `-`.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| {
        Failure::Document(format!("cannot read {}: {error}", path.display()))
    };
    let mut text = String::new();
    let mut source: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).map_err(failed)?)
    };
    let read =
        source.by_ref().take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    if read as u64 > MAX_FILE_BYTES {
        return Err(Failure::Document(format!("{} has more than 64 MiB", path.display())));
    }
    Ok(text)
}

/// JSON that was typed, or that a file holds: JSON begins with a bracket, and names of files hardly
/// ever do.
pub(crate) fn json(flag: &str, text: &str) -> Result<Value, Failure> {
    let typed = text.trim_start().starts_with(['{', '[']);
    let text = if typed { text.to_owned() } else { read(Path::new(text))? };
    serde_json::from_str(&text)
        .map_err(|error| Failure::Argument(format!("{flag} is no valid JSON: {error}")))
}

/// Reads `NAME=VALUE`.
pub(crate) fn pair(text: &str) -> Result<(&str, &str), Failure> {
    text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
        Failure::Argument(format!("{text:?} is not NAME=VALUE; see also --arguments"))
    })
}
