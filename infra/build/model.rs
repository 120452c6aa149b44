//! What is generated: services, resources, and the types of their properties, with all names decided.

use std::collections::BTreeMap;

use super::docs;
use super::names::{pascal, singular, snake, type_path};
use super::schema::{Property, Resource, Schemas, Type};

/// Resources by the module of their service.
pub(crate) type Services = BTreeMap<String, Vec<Module>>;

/// The module of one resource.
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) type_name: String,
    pub(crate) structs: Vec<Struct>,
    pub(crate) enums: Vec<Enum>,
    pub(crate) unions: Vec<Union>,
    pub(crate) kinds: Kinds,
    /// The IAM actions that CloudFormation needs.
    pub(crate) actions: Vec<String>,
}

/// The builder of a resource, which is the first, or of one of its property types.
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) docs: Vec<String>,
    pub(crate) fields: Vec<Field>,
}

pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) rust: String,
    pub(crate) docs: Vec<String>,
    pub(crate) required: bool,
    /// The only value it may have.
    pub(crate) constant: Option<String>,
}

pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) property: String,
    /// Variants with their words.
    pub(crate) variants: Vec<(String, String)>,
}

/// A property that takes several types, or text of several kinds.
pub(crate) struct Union {
    pub(crate) name: String,
    pub(crate) property: String,
    pub(crate) members: Vec<String>,
    pub(crate) is_kind: bool,
}

/// What `Ref` and the attributes are.
pub(crate) enum Kinds {
    Own {
        reference: String,
        attributes: Vec<Attribute>,
        markers: Vec<(String, String)>,
    },
    /// Those of another resource's module.
    Like {
        module: String,
        reference: String,
        attributes: Vec<Attribute>,
    },
}

#[derive(Clone)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) marker: String,
    pub(crate) docs: String,
}

pub(crate) fn build(schemas: &Schemas) -> Result<Services, String> {
    let mut services = Services::new();
    for (type_name, resource) in schemas {
        let (service, module, _) = type_path(type_name).ok_or(format!("{type_name} is no type"))?;
        let built = Builder::new(schemas, type_name, resource)?.build(module)?;
        services.entry(service).or_default().push(built);
    }
    Ok(services)
}

struct Builder<'a> {
    schemas: &'a Schemas,
    type_name: &'a str,
    resource: &'a Resource,
    /// Names of property types in the schema, and in Rust.
    structs: BTreeMap<&'a str, String>,
    enums: Vec<Enum>,
    unions: Vec<Union>,
}

/// Where a property stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    owner: &'a str,
    name: &'a str,
    property: &'a Property,
}

impl<'a> Builder<'a> {
    fn new(
        schemas: &'a Schemas,
        type_name: &'a str,
        resource: &'a Resource,
    ) -> Result<Self, String> {
        let (_, _, own) = type_path(type_name).ok_or(format!("{type_name} is no type"))?;
        let structs = resource.types.keys().map(|name| {
            let rust = pascal_of_type(name);
            (name.as_str(), if rust == own { format!("{rust}Property") } else { rust })
        });
        let structs = structs.collect();
        Ok(Self { schemas, type_name, resource, structs, enums: Vec::new(), unions: Vec::new() })
    }

    fn build(mut self, module: String) -> Result<Module, String> {
        let (_, _, own) = type_path(self.type_name).ok_or("no type")?;
        let resource = self.resource;
        let mut structs = vec![Struct {
            docs: vec![format!("`{}`.", self.type_name), String::new(), docs::clean(&resource.doc)],
            fields: self.fields(&own, &resource.props)?,
            name: own,
        }];
        for (name, definition) in &resource.types {
            let rust = self.structs[name.as_str()].clone();
            let text = docs::clean(&definition.doc);
            let text = if text.is_empty() { format!("The property type `{name}`.") } else { text };
            let fields = self.fields(&rust, &definition.props)?;
            structs.push(Struct { name: rust, docs: vec![text], fields });
        }
        let kinds = self.kinds()?;
        let (enums, unions) = (self.enums, self.unions);
        Ok(Module {
            name: module,
            type_name: self.type_name.to_owned(),
            structs,
            enums,
            unions,
            kinds,
            actions: resource.perms.clone(),
        })
    }

    fn fields<'p>(
        &mut self,
        owner: &str,
        props: impl IntoIterator<Item = (&'p String, &'p Property)>,
    ) -> Result<Vec<Field>, String> {
        let mut fields = Vec::new();
        for (name, property) in props {
            let constant =
                if let Type::Const(word) = &property.t { Some(word.clone()) } else { None };
            fields.push(Field {
                name: name.clone(),
                method: snake(name),
                rust: self.rust(&property.t, Place { owner, name, property }, false)?,
                docs: docs::property(name, property),
                required: property.req,
                constant,
            });
        }
        Ok(fields)
    }

    /// The type that a property's value is of.
    fn rust(&mut self, of: &Type, place: Place<'_>, is_element: bool) -> Result<String, String> {
        Ok(match of {
            Type::Str if !place.property.rel.is_empty() => self.related(place)?,
            Type::Str | Type::Const(_) => "String".to_owned(),
            Type::Int => "i64".to_owned(),
            Type::Num => "f64".to_owned(),
            Type::Bool => "bool".to_owned(),
            Type::Json => "core::Json".to_owned(),
            Type::Policy => "core::PolicyDocument".to_owned(),
            Type::Tag => "core::Tag".to_owned(),
            Type::Enum(words) => self.word(words, place, is_element),
            Type::List(element) => format!("Vec<{}>", self.rust(element, place, true)?),
            Type::Map(element) => format!("core::Map<{}>", self.rust(element, place, true)?),
            Type::Def(name) => {
                let known = self.structs.get(name.as_str());
                known.cloned().ok_or(format!("{}: no type {name}", self.type_name))?
            }
            Type::Union(members) => self.union(members, place, is_element)?,
        })
    }

    /// Text that is some resource's `Ref` or attribute, or one of several.
    fn related(&mut self, place: Place<'_>) -> Result<String, String> {
        let targets: Vec<String> =
            place.property.rel.iter().map(|target| self.kind(target)).collect::<Result<_, _>>()?;
        if let [one] = targets.as_slice() {
            return Ok(one.clone());
        }
        let name = self.free(format!("{}{}", place.owner, pascal_of_type(place.name)));
        let property = place.name.to_owned();
        self.unions.push(Union { name: name.clone(), property, members: targets, is_kind: true });
        Ok(name)
    }

    /// The path of a kind such as `AWS::IAM::Role.Arn`.
    fn kind(&self, target: &str) -> Result<String, String> {
        let unknown = || format!("{}: unknown kind {target}", self.type_name);
        let (type_name, attribute) = target.rsplit_once('.').ok_or_else(unknown)?;
        let resource = self.schemas.get(type_name).ok_or_else(unknown)?;
        let is_known = resource.reference.as_deref() == Some(attribute)
            || resource.attrs.iter().any(|(name, _)| name == attribute);
        let (service, module, _) = type_path(type_name).ok_or_else(unknown)?;
        if !is_known {
            return Err(unknown());
        }
        Ok(format!("crate::aws::{service}::{module}::attr::{}", pascal_of_type(attribute)))
    }

    fn word(&mut self, words: &[String], place: Place<'_>, is_element: bool) -> String {
        let variants: Vec<(String, String)> =
            words.iter().map(|word| (pascal(word), word.clone())).collect();
        let mut names: Vec<&String> = variants.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() != variants.len() {
            return "String".to_owned();
        }
        let base = pascal_of_type(place.name);
        let short = if is_element { singular(&base) } else { base };
        let long = format!("{}{short}", place.owner);
        for name in [&short, &long] {
            let known = self.enums.iter().find(|known| known.name == *name);
            if known.is_some_and(|known| known.variants == variants) {
                return name.clone();
            }
            if !self.is_taken(name) {
                let property = place.name.to_owned();
                self.enums.push(Enum { name: name.clone(), property, variants });
                return name.clone();
            }
        }
        let name = self.free(long);
        self.enums.push(Enum { name: name.clone(), property: place.name.to_owned(), variants });
        name
    }

    fn union(&mut self, of: &[Type], place: Place<'_>, is_element: bool) -> Result<String, String> {
        let members = of.iter().map(|member| self.rust(member, place, is_element));
        let members: Vec<String> = members.collect::<Result<_, _>>()?;
        let base = pascal_of_type(place.name);
        let short = if is_element { singular(&base) } else { base };
        let long = format!("{}{short}", place.owner);
        let name = if self.is_taken(&short) { self.free(long) } else { short };
        let property = place.name.to_owned();
        self.unions.push(Union { name: name.clone(), property, members, is_kind: false });
        Ok(name)
    }

    fn is_taken(&self, name: &str) -> bool {
        type_path(self.type_name).is_some_and(|(_, _, own)| own == name)
            || self.structs.values().any(|taken| taken == name)
            || self.enums.iter().any(|taken| taken.name == name)
            || self.unions.iter().any(|taken| taken.name == name)
    }

    fn free(&self, name: String) -> String {
        let mut free = name.clone();
        let mut number = 2;
        while self.is_taken(&free) {
            free = format!("{name}{number}");
            number += 1;
        }
        free
    }

    fn kinds(&self) -> Result<Kinds, String> {
        let resource = self.resource;
        let reference = pascal_of_type(resource.reference.as_deref().unwrap_or("Ref"));
        let attributes: Vec<Attribute> = resource.attrs.iter().map(attribute).collect();
        if let Some(like) = &resource.kinds {
            let (service, module, _) = type_path(like).ok_or(format!("{like} is no type"))?;
            let module = format!("crate::aws::{service}::{module}::attr");
            return Ok(Kinds::Like { module, reference, attributes });
        }
        let mut markers: Vec<(String, String)> =
            attributes.iter().map(|known| (known.marker.clone(), known.docs.clone())).collect();
        if attributes.iter().all(|attribute| attribute.marker != reference) {
            markers.push((reference.clone(), format!("What `Ref` of `{}` gives.", self.type_name)));
        }
        Ok(Kinds::Own { reference, attributes, markers })
    }
}

fn attribute((name, text): &(String, String)) -> Attribute {
    let docs = match docs::clean(text) {
        empty if empty.is_empty() => format!("The attribute `{name}`."),
        text => text,
    };
    Attribute { name: name.clone(), method: snake(name), marker: pascal_of_type(name), docs }
}

/// Names of types keep their capitals: `SSESpecification`.
fn pascal_of_type(name: &str) -> String {
    let mut chars = name.chars().filter(char::is_ascii_alphanumeric);
    let first = chars.next().map(|char| char.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
