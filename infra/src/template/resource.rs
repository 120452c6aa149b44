//! Resources: what is declared of them, and the handles by which others refer to them.

use std::fmt;
use std::marker::PhantomData;

use crate::template::Condition;
use crate::value::node::{Intrinsic, Members, Node};
use crate::value::{ToNode, Value};

/// What a template says of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    type_name: String,
    /// The properties, in the order in which they are written.
    pub properties: Members,
    /// The name of the condition under which the resource exists.
    pub condition: Option<String>,
    /// The logical ids of what must be created before, and deleted after.
    pub depends_on: Vec<String>,
    /// What becomes of it when it leaves the stack.
    pub deletion_policy: Option<DeletionPolicy>,
    /// What becomes of it when an update replaces it.
    pub update_replace_policy: Option<UpdateReplacePolicy>,
    /// What other programs read of it.
    pub metadata: Members,
}

impl Declaration {
    /// A resource of a type, such as `AWS::S3::Bucket`, for which there may be no builder.
    pub fn new(type_name: impl Into<String>) -> Self {
        Self {
            type_name: type_name.into(),
            properties: Members::new(),
            condition: None,
            depends_on: Vec::new(),
            deletion_policy: None,
            update_replace_policy: None,
            metadata: Members::new(),
        }
    }

    /// The name of its type.
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// With a property; a later one of the same name replaces an earlier one.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl ToNode) -> Self {
        self.properties.insert(name.into(), value.to_node());
        self
    }

    /// What stands behind its logical id in a template.
    pub(crate) fn to_document(&self) -> Node {
        let mut members = Members::new();
        let mut put = |name: &str, node: Node| members.insert(name.to_owned(), node);
        put("Type", self.type_name.as_str().into());
        if let Some(condition) = &self.condition {
            put("Condition", condition.as_str().into());
        }
        match self.depends_on.as_slice() {
            [] => None,
            [one] => put("DependsOn", one.as_str().into()),
            several => put("DependsOn", Node::texts(several)),
        };
        if let Some(policy) = self.deletion_policy {
            put("DeletionPolicy", policy.as_str().into());
        }
        if let Some(policy) = self.update_replace_policy {
            put("UpdateReplacePolicy", policy.as_str().into());
        }
        if !self.metadata.is_empty() {
            put("Metadata", Node::Map(self.metadata.clone()));
        }
        if !self.properties.is_empty() {
            put("Properties", Node::Map(self.properties.clone()));
        }
        Node::Map(members)
    }
}

/// A builder of a resource, and what every resource may have beside its properties.
pub trait Resource: Sized {
    /// Takes up what was declared.
    fn from_declaration(declaration: Declaration) -> Self;

    /// What is declared so far.
    fn declaration(&mut self) -> &mut Declaration;

    /// What is declared.
    fn into_declaration(self) -> Declaration;

    /// Created after another resource, and deleted before it. References imply it.
    #[must_use]
    fn depends_on<R: Resource>(mut self, other: &Handle<R>) -> Self {
        self.declaration().depends_on.push(other.logical_id().to_owned());
        self
    }

    /// What becomes of it when it leaves the stack.
    #[must_use]
    fn deletion_policy(mut self, policy: DeletionPolicy) -> Self {
        self.declaration().deletion_policy = Some(policy);
        self
    }

    /// What becomes of it when an update replaces it.
    #[must_use]
    fn update_replace_policy(mut self, policy: UpdateReplacePolicy) -> Self {
        self.declaration().update_replace_policy = Some(policy);
        self
    }

    /// With something that other programs read.
    #[must_use]
    fn metadata(mut self, key: impl Into<String>, value: impl ToNode) -> Self {
        self.declaration().metadata.insert(key.into(), value.to_node());
        self
    }

    /// Existing only if the condition holds.
    #[must_use]
    fn only_if(mut self, condition: &Condition) -> Self {
        self.declaration().condition = Some(condition.name().to_owned());
        self
    }
}

impl Resource for Declaration {
    fn from_declaration(declaration: Declaration) -> Self {
        declaration
    }

    fn declaration(&mut self) -> &mut Declaration {
        self
    }

    fn into_declaration(self) -> Declaration {
        self
    }
}

/// A resource of a template, to refer to.
///
/// The builders' modules add a function for each attribute.
pub struct Handle<R> {
    logical_id: String,
    of: PhantomData<fn() -> R>,
}

impl<R> Handle<R> {
    pub(crate) fn new(logical_id: &str) -> Self {
        Self { logical_id: logical_id.to_owned(), of: PhantomData }
    }

    /// Its name in the template.
    pub fn logical_id(&self) -> &str {
        &self.logical_id
    }

    pub(crate) fn ref_as<T>(&self) -> Value<T> {
        Value::reference(&self.logical_id)
    }

    pub(crate) fn attribute_as<T>(&self, attribute: &str) -> Value<T> {
        let resource = self.logical_id.clone();
        let attribute = attribute.to_owned();
        Value::from_node(Intrinsic::GetAtt { resource, attribute }.into())
    }
}

impl Handle<Declaration> {
    /// `Ref`.
    pub fn reference(&self) -> Value<String> {
        self.ref_as()
    }

    /// `Fn::GetAtt`.
    pub fn attribute(&self, name: &str) -> Value<String> {
        self.attribute_as(name)
    }
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        Self::new(&self.logical_id)
    }
}

impl<R> fmt::Debug for Handle<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Handle").field(&self.logical_id).finish()
    }
}

/// What becomes of a resource when it leaves the stack.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DeletionPolicy {
    /// It is deleted.
    Delete,
    /// It is kept.
    Retain,
    /// It is kept, unless the stack's creation failed.
    RetainExceptOnCreate,
    /// A snapshot is kept, where the type knows them.
    Snapshot,
}

impl DeletionPolicy {
    /// The word in the template.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Retain => "Retain",
            Self::RetainExceptOnCreate => "RetainExceptOnCreate",
            Self::Snapshot => "Snapshot",
        }
    }
}

/// What becomes of a resource when an update replaces it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UpdateReplacePolicy {
    /// It is deleted.
    Delete,
    /// It is kept.
    Retain,
    /// A snapshot is kept, where the type knows them.
    Snapshot,
}

impl UpdateReplacePolicy {
    /// The word in the template.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Retain => "Retain",
            Self::Snapshot => "Snapshot",
        }
    }
}
