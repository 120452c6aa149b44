//! A registration's entry in a list, as JSON text made once.

use serde_json::value::RawValue;

use crate::protocol::json;
use crate::protocol::version::Version;

/// The text of a list entry for each era; most are the same for both.
#[derive(Clone, Debug)]
pub struct Listing {
    modern: String,
    legacy: Option<String>,
}

impl Listing {
    /// An entry that reads the same in every revision.
    pub fn same(text: String) -> Self {
        Self { modern: text, legacy: None }
    }

    /// An entry that differs.
    pub fn by_era(modern: String, legacy: String) -> Self {
        Self { legacy: (legacy != modern).then_some(legacy), modern }
    }

    /// The text for a revision.
    pub fn text(&self, version: Version) -> &str {
        match (&self.legacy, version) {
            (Some(legacy), Version::Legacy(_)) => legacy,
            _ => &self.modern,
        }
    }
}

/// Writes a JSON object member by member, leaving out what is absent.
#[derive(Debug)]
pub struct ObjectText(String);

impl ObjectText {
    /// An object with nothing in it.
    pub fn new() -> Self {
        Self("{".to_owned())
    }

    /// Adds a string.
    pub fn string(self, name: &str, value: Option<&str>) -> Self {
        match value {
            None => self,
            Some(value) => self.text(name, &json::string(value)),
        }
    }

    /// Adds JSON as it is.
    pub fn raw(self, name: &str, value: Option<&RawValue>) -> Self {
        match value {
            None => self,
            Some(value) => self.text(name, value.get()),
        }
    }

    /// Adds JSON text.
    pub fn text(mut self, name: &str, value: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        json::write_string(&mut self.0, name);
        self.0.push(':');
        self.0.push_str(value);
        self
    }

    /// The object's text.
    pub fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

impl Default for ObjectText {
    fn default() -> Self {
        Self::new()
    }
}
