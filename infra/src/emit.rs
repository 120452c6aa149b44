//! Emission: a template as YAML with short tags, or as JSON.
//!
//! Both say the same; CloudFormation, AWS SAM and the Serverless Application Repository read either.

use serde::ser::{Serialize, Serializer};
use serde_saphyr::{LitStr, Tagged, ser_options};

use crate::template::Template;
use crate::value::node::{Intrinsic, Node, number};

/// Why a template could not be written.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// The tree has no form in YAML, such as a number that is not finite.
    #[error("no YAML: {0}")]
    Yaml(#[from] serde_saphyr::SerializeError),
    /// The tree has no form in JSON, such as a number that is not finite.
    #[error("no JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl Template {
    /// The template as YAML. Texts that an old parser would take for something else are quoted.
    pub fn to_yaml(&self) -> Result<String, EmitError> {
        yaml(&self.synthesize())
    }

    /// The template as JSON, indented by two spaces, with a line feed at its end.
    pub fn to_json(&self) -> Result<String, EmitError> {
        let mut text = serde_json::to_string_pretty(&self.synthesize())?;
        text.push('\n');
        Ok(text)
    }
}

/// A tree as YAML, its functions as short tags such as `!Ref`.
pub fn yaml(node: &Node) -> Result<String, EmitError> {
    let options = ser_options! { compact_list_indent: false, prefer_block_scalars: false };
    Ok(serde_saphyr::to_string_with_options(&Short(node), options)?)
}

/// A tree that is written with short tags.
struct Short<'a>(&'a Node);

impl Serialize for Short<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Node::Bool(value) => serializer.serialize_bool(*value),
            Node::Integer(value) => serializer.serialize_i64(*value),
            Node::Number(value) => number(*value, serializer),
            Node::Text(text) if is_block(text) => LitStr(text).serialize(serializer),
            Node::Text(text) => serializer.serialize_str(text),
            Node::List(elements) => serializer.collect_seq(elements.iter().map(Short)),
            Node::Map(members) => {
                serializer.collect_map(members.iter().map(|(name, node)| (name, Short(node))))
            }
            Node::Intrinsic(intrinsic) => short(intrinsic, serializer),
        }
    }
}

/// Whether a text of several lines is written as such. Parsers differ over lines that begin with white
/// space and over characters that do not show; such texts are quoted.
fn is_block(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
        && text.lines().all(|line| {
            let shows = |char: char| char == ' ' || char.is_ascii_graphic();
            line.starts_with(|char: char| char.is_ascii_graphic()) && line.chars().all(shows)
        })
}

fn short<S: Serializer>(intrinsic: &Intrinsic, serializer: S) -> Result<S::Ok, S::Error> {
    let name = intrinsic.name();
    let argument = match intrinsic {
        Intrinsic::GetAtt { resource, attribute } => Node::from(format!("{resource}.{attribute}")),
        Intrinsic::Ref(_)
        | Intrinsic::Sub { .. }
        | Intrinsic::If { .. }
        | Intrinsic::FindInMap { .. }
        | Intrinsic::Select { .. }
        | Intrinsic::Split { .. }
        | Intrinsic::Join { .. }
        | Intrinsic::Base64(_)
        | Intrinsic::ImportValue(_)
        | Intrinsic::Condition(_)
        | Intrinsic::Logic { .. } => intrinsic.argument(),
    };
    // Two tags may not stand before one value, so that the outer function takes its long form.
    if argument.as_intrinsic().is_some() {
        return serializer.collect_map([(name, Short(&argument))]);
    }
    let tag = format!("!{}", name.strip_prefix("Fn::").unwrap_or(name));
    Tagged(Short(&argument), Some(tag)).serialize(serializer)
}
