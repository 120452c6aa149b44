//! Templates: the sections, filled piece by piece, and the handles by which pieces refer to others.

mod condition;
mod mapping;
mod output;
mod parameter;
mod resource;

use indexmap::IndexMap;

pub use self::condition::{Absent, Condition, If, Predicate, Rule};
pub use self::mapping::{Mapping, Table};
pub use self::output::Output;
pub use self::parameter::{Declared, Parameter, ToParameterDefault};
pub use self::resource::{Declaration, DeletionPolicy, Handle, Resource, UpdateReplacePolicy};
use crate::value::node::{Members, Node};
use crate::value::{ToNode, Value};

/// A CloudFormation template under construction.
///
/// Everything stays in the order in which it was added, so that the same program writes the same
/// bytes. What refers to something needs its handle, which only adding it gives; names are checked
/// when they are added, and the rest by [`check`](crate::check).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    description: Option<String>,
    metadata: Members,
    parameters: IndexMap<String, Declared>,
    rules: IndexMap<String, Rule>,
    mappings: Members,
    conditions: IndexMap<String, Predicate>,
    resources: IndexMap<String, Declaration>,
    outputs: IndexMap<String, Output>,
}

/// Why a piece was not added to a template.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidTemplate {
    /// Names are 1 to 255 ASCII letters and digits.
    #[error("{name:?} names no {section}: names are 1 to {MAX_NAME_BYTES} letters and digits")]
    Name {
        /// What it should have named.
        section: Section,
        /// The name.
        name: String,
    },
    /// The name is taken.
    #[error("there are two of the name {name}, one of them a {section}")]
    Duplicate {
        /// What was to be added.
        section: Section,
        /// The name.
        name: String,
    },
    /// The handle is of another template.
    #[error("no resource of this template is called {0}")]
    Unknown(String),
}

/// What a name may name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Section {
    /// A parameter.
    Parameter,
    /// A rule.
    Rule,
    /// A mapping.
    Mapping,
    /// A condition.
    Condition,
    /// A resource.
    Resource,
    /// An output.
    Output,
}

impl std::fmt::Display for Section {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Parameter => "parameter",
            Self::Rule => "rule",
            Self::Mapping => "mapping",
            Self::Condition => "condition",
            Self::Resource => "resource",
            Self::Output => "output",
        })
    }
}

/// The longest name.
const MAX_NAME_BYTES: usize = 255;

impl Template {
    /// An empty template with a description, of at most 1,024 bytes.
    pub fn new(description: impl Into<String>) -> Self {
        Self { description: Some(description.into()), ..Self::default() }
    }

    /// Adds a parameter and gives its value.
    pub fn parameter<T>(
        &mut self,
        name: &str,
        parameter: Parameter<T>,
    ) -> Result<Value<T>, InvalidTemplate> {
        self.admit(Section::Parameter, name)?;
        self.parameters.insert(name.to_owned(), parameter.declared);
        Ok(Value::reference(name))
    }

    /// Adds a rule.
    pub fn rule(&mut self, name: &str, rule: Rule) -> Result<(), InvalidTemplate> {
        self.admit(Section::Rule, name)?;
        self.rules.insert(name.to_owned(), rule);
        Ok(())
    }

    /// Adds a mapping.
    pub fn mapping<T>(
        &mut self,
        name: &str,
        table: Table<T>,
    ) -> Result<Mapping<T>, InvalidTemplate> {
        self.admit(Section::Mapping, name)?;
        self.mappings.insert(name.to_owned(), Node::Map(table.rows));
        Ok(Mapping::new(name))
    }

    /// Adds a condition.
    pub fn condition(
        &mut self,
        name: &str,
        predicate: Predicate,
    ) -> Result<Condition, InvalidTemplate> {
        self.admit(Section::Condition, name)?;
        self.conditions.insert(name.to_owned(), predicate);
        Ok(Condition::new(name))
    }

    /// Adds a resource under a logical id.
    pub fn add<R: Resource>(
        &mut self,
        logical_id: &str,
        resource: R,
    ) -> Result<Handle<R>, InvalidTemplate> {
        self.admit(Section::Resource, logical_id)?;
        self.resources.insert(logical_id.to_owned(), resource.into_declaration());
        Ok(Handle::new(logical_id))
    }

    /// Adds a resource that exists only if the condition holds.
    pub fn add_when<R: Resource>(
        &mut self,
        condition: &Condition,
        logical_id: &str,
        resource: R,
    ) -> Result<Handle<R>, InvalidTemplate> {
        self.add(logical_id, resource.only_if(condition))
    }

    /// Changes a resource that was added before, such as a role that others gave statements to.
    pub fn update<R: Resource>(
        &mut self,
        handle: &Handle<R>,
        change: impl FnOnce(R) -> R,
    ) -> Result<(), InvalidTemplate> {
        let id = handle.logical_id();
        let Some(declaration) = self.resources.get_mut(id) else {
            return Err(InvalidTemplate::Unknown(id.to_owned()));
        };
        *declaration = change(R::from_declaration(declaration.clone())).into_declaration();
        Ok(())
    }

    /// Adds an output.
    pub fn output(&mut self, name: &str, output: impl Into<Output>) -> Result<(), InvalidTemplate> {
        self.admit(Section::Output, name)?;
        self.outputs.insert(name.to_owned(), output.into());
        Ok(())
    }

    /// Adds something that other programs read; a later one of the same key replaces an earlier one.
    pub fn metadata(&mut self, key: impl Into<String>, value: impl ToNode) {
        self.metadata.insert(key.into(), value.to_node());
    }

    /// What it is, if that was said.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The parameters by name.
    pub fn parameters(&self) -> &IndexMap<String, Declared> {
        &self.parameters
    }

    /// The rules by name.
    pub fn rules(&self) -> &IndexMap<String, Rule> {
        &self.rules
    }

    /// The conditions by name.
    pub fn conditions(&self) -> &IndexMap<String, Predicate> {
        &self.conditions
    }

    /// The mappings by name.
    pub fn mappings(&self) -> &Members {
        &self.mappings
    }

    /// The resources by logical id.
    pub fn resources(&self) -> &IndexMap<String, Declaration> {
        &self.resources
    }

    /// The outputs by name.
    pub fn outputs(&self) -> &IndexMap<String, Output> {
        &self.outputs
    }

    /// Whether AWS SAM must expand it first.
    pub fn is_serverless(&self) -> bool {
        self.resources
            .values()
            .any(|resource| resource.type_name().starts_with("AWS::Serverless::"))
    }

    /// The finished template as a tree. Empty sections are left out.
    pub fn synthesize(&self) -> Node {
        let mut document = Members::new();
        let mut put = |name: &str, node: Node| {
            if node.as_map().is_none_or(|members| !members.is_empty()) {
                document.insert(name.to_owned(), node);
            }
        };
        put("AWSTemplateFormatVersion", "2010-09-09".into());
        if self.is_serverless() {
            put("Transform", "AWS::Serverless-2016-10-31".into());
        }
        if let Some(description) = &self.description {
            put("Description", description.as_str().into());
        }
        put("Metadata", Node::Map(self.all_metadata()));
        put("Parameters", section(&self.parameters, Declared::to_document));
        put("Rules", section(&self.rules, Rule::to_document));
        put("Mappings", Node::Map(self.mappings.clone()));
        put("Conditions", section(&self.conditions, |predicate| predicate.node().clone()));
        put("Resources", section(&self.resources, Declaration::to_document));
        put("Outputs", section(&self.outputs, Output::to_document));
        Node::Map(document)
    }

    /// With what consoles show of the parameters.
    fn all_metadata(&self) -> Members {
        let mut metadata = self.metadata.clone();
        let mut groups: IndexMap<&str, Vec<&str>> = IndexMap::new();
        let mut labels = Members::new();
        for (name, parameter) in &self.parameters {
            if let Some(group) = &parameter.group {
                groups.entry(group).or_default().push(name);
            }
            if let Some(label) = &parameter.label {
                labels.insert(name.clone(), Node::map([("default", label.as_str().into())]));
            }
        }
        let mut interface = Members::new();
        if !groups.is_empty() {
            let groups = groups.into_iter().map(|(heading, names)| {
                let label = Node::map([("default", heading.into())]);
                Node::map([("Label", label), ("Parameters", Node::texts(names))])
            });
            interface.insert("ParameterGroups".to_owned(), Node::List(groups.collect()));
        }
        if !labels.is_empty() {
            interface.insert("ParameterLabels".to_owned(), Node::Map(labels));
        }
        if !interface.is_empty() {
            metadata.insert("AWS::CloudFormation::Interface".to_owned(), Node::Map(interface));
        }
        metadata
    }

    fn admit(&self, section: Section, name: &str) -> Result<(), InvalidTemplate> {
        let is_name = (1..=MAX_NAME_BYTES).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_name {
            return Err(InvalidTemplate::Name { section, name: name.to_owned() });
        }
        let is_taken = match section {
            // `Ref` finds both.
            Section::Parameter | Section::Resource => {
                self.parameters.contains_key(name) || self.resources.contains_key(name)
            }
            Section::Rule => self.rules.contains_key(name),
            Section::Mapping => self.mappings.contains_key(name),
            Section::Condition => self.conditions.contains_key(name),
            Section::Output => self.outputs.contains_key(name),
        };
        if is_taken {
            return Err(InvalidTemplate::Duplicate { section, name: name.to_owned() });
        }
        Ok(())
    }
}

fn section<T>(pieces: &IndexMap<String, T>, to_document: impl Fn(&T) -> Node) -> Node {
    Node::map(pieces.iter().map(|(name, piece)| (name.as_str(), to_document(piece))))
}
