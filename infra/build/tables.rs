//! The text of the tables that the check pass reads: which members an object has, and their bounds.

use std::fmt::Write;

use indexmap::IndexMap;

use super::names::{snake, type_path};
use super::schema::{Property, Schemas, Type};

/// All tables as Rust source.
pub(crate) fn rust(schemas: &Schemas) -> String {
    let mut out = String::new();
    out.push_str(
        "/// What is known of a type of resource.\n\
         pub(super) fn schema(type_name: &str) -> Option<&'static Schema> {\nmatch type_name {\n",
    );
    for type_name in schemas.keys() {
        let _ = writeln!(out, "{type_name:?} => Some(&{}),", table(type_name, "SCHEMA"));
    }
    out.push_str("_ => None,\n}\n}\n");
    for (type_name, resource) in schemas {
        let attributes: Vec<&String> = resource.attrs.iter().map(|(name, _)| name).collect();
        let _ = writeln!(
            out,
            "static {}: Schema = Schema {{ attributes: &{attributes:?}, members: &{} }};",
            table(type_name, "SCHEMA"),
            table(type_name, "PROPERTIES"),
        );
        render_members(&mut out, type_name, "PROPERTIES", &resource.props);
        for (name, definition) in &resource.types {
            render_members(&mut out, type_name, name, &definition.props);
        }
    }
    out
}

/// The name of a table, such as `SQS_QUEUE_REDRIVE_POLICY`.
fn table(type_name: &str, of: &str) -> String {
    let (service, resource, _) = type_path(type_name).unwrap_or_default();
    let of = if of.chars().any(char::is_lowercase) { snake(of) } else { of.to_owned() };
    format!("{service}_{resource}_{of}").replace("r#", "").to_uppercase()
}

fn render_members(out: &mut String, type_name: &str, of: &str, props: &IndexMap<String, Property>) {
    let _ = writeln!(out, "static {}: [Member; {}] = [", table(type_name, of), props.len());
    for (name, property) in props {
        let _ = writeln!(
            out,
            "Member {{ name: {name:?}, required: {}, shape: {}, bounds: {} }},",
            property.req,
            shape(type_name, &property.t),
            bounds(property)
        );
    }
    out.push_str("];\n");
}

fn shape(type_name: &str, of: &Type) -> String {
    match of {
        Type::Json => "Shape::Free".to_owned(),
        Type::Str | Type::Int | Type::Num | Type::Bool | Type::Tag => "Shape::Scalar".to_owned(),
        Type::Union(members) => {
            let members: Vec<String> =
                members.iter().map(|member| shape(type_name, member)).collect();
            format!("Shape::OneOf(&[{}])", members.join(", "))
        }
        Type::Policy => "Shape::Policy".to_owned(),
        Type::Enum(words) => format!("Shape::Words(&{words:?})"),
        Type::Const(word) => format!("Shape::Words(&[{word:?}])"),
        Type::List(element) => format!("Shape::List(&{})", shape(type_name, element)),
        Type::Map(element) => format!("Shape::Map(&{})", shape(type_name, element)),
        Type::Def(name) => format!("Shape::Object(&{})", table(type_name, name)),
    }
}

fn bounds(property: &Property) -> String {
    let bounds = [
        property.minimum.map(|bound| format!("minimum: Some({bound:?}_f64)")),
        property.maximum.map(|bound| format!("maximum: Some({bound:?}_f64)")),
        property.min_length.map(|bound| format!("min_length: Some({bound})")),
        property.max_length.map(|bound| format!("max_length: Some({bound})")),
        property.min_items.map(|bound| format!("min_items: Some({bound})")),
        property.max_items.map(|bound| format!("max_items: Some({bound})")),
        property.pattern.as_ref().map(|pattern| format!("pattern: Some({pattern:?})")),
    ];
    let bounds: Vec<String> = bounds.into_iter().flatten().collect();
    match bounds.len() {
        0 => "Bounds::NONE".to_owned(),
        _ => format!("Bounds {{ {}, ..Bounds::NONE }}", bounds.join(", ")),
    }
}
