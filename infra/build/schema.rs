//! The slim form of resource schemas, as `spec/schemas.json` has it.

use indexmap::IndexMap;
use serde::Deserialize;

/// Resource types by name, such as `AWS::SQS::Queue`.
pub(crate) type Schemas = IndexMap<String, Resource>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resource {
    pub(crate) doc: String,
    /// The name of what `Ref` gives.
    #[serde(rename = "ref")]
    pub(crate) reference: Option<String>,
    /// Attributes with their documentation.
    pub(crate) attrs: Vec<(String, String)>,
    /// Another type of which `Ref` and the attributes are.
    pub(crate) kinds: Option<String>,
    /// The IAM actions that CloudFormation needs.
    pub(crate) perms: Vec<String>,
    pub(crate) props: IndexMap<String, Property>,
    pub(crate) types: IndexMap<String, Definition>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Definition {
    pub(crate) doc: String,
    pub(crate) props: IndexMap<String, Property>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Property {
    pub(crate) t: Type,
    pub(crate) doc: String,
    #[serde(default)]
    pub(crate) req: bool,
    /// The attributes that belong here, such as `AWS::IAM::Role.Arn`.
    #[serde(default)]
    pub(crate) rel: Vec<String>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) min_length: Option<u32>,
    pub(crate) max_length: Option<u32>,
    pub(crate) min_items: Option<u32>,
    pub(crate) max_items: Option<u32>,
    pub(crate) pattern: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Type {
    Str,
    Int,
    Num,
    Bool,
    Json,
    Policy,
    Tag,
    Enum(Vec<String>),
    Const(String),
    List(Box<Type>),
    Map(Box<Type>),
    Def(String),
    Union(Vec<Type>),
}

pub(crate) fn read(text: &str) -> Result<Schemas, serde_json::Error> {
    serde_json::from_str(text)
}
