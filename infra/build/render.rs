//! The text of the builders.

use std::fmt::Write;

use super::model::{Attribute, Enum, Field, Kinds, Module, Services, Struct, Union};

/// All services as Rust source.
pub(crate) fn rust(services: &Services) -> String {
    let mut out = String::new();
    for (service, modules) in services {
        let _ = writeln!(out, "/// Resources of the service `{service}`.\npub mod {service} {{");
        for module in modules {
            render_module(&mut out, module);
            let resource = &module.structs[0].name;
            let _ = writeln!(out, "pub use self::{}::{resource};", module.name);
        }
        out.push_str("}\n");
    }
    render_actions(&mut out, services);
    indented(&out)
}

/// With each line as far in as braces are open, for those who read it.
fn indented(text: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    for line in text.lines() {
        let is_comment = line.starts_with("///");
        let opened = if is_comment { 0 } else { line.matches('{').count() };
        let closed = if is_comment { 0 } else { line.matches('}').count() };
        let starts_closed = usize::from(line.starts_with('}'));
        let _ = writeln!(out, "{:1$}{line}", "", 4 * depth.saturating_sub(starts_closed));
        depth = (depth + opened).saturating_sub(closed);
    }
    out
}

fn render_actions(out: &mut String, services: &Services) {
    out.push_str(
        "/// The IAM actions that CloudFormation needs to create, read, update and delete a resource\n\
         /// of a type, or nothing if there is no builder for it.\n\
         pub fn deploy_actions(type_name: &str) -> Option<&'static [&'static str]> {\n\
         match type_name {\n",
    );
    for module in services.values().flatten() {
        let _ = writeln!(out, "{:?} => Some(&{:?}),", module.type_name, module.actions);
    }
    out.push_str("_ => None,\n}\n}\n");
}

fn render_module(out: &mut String, module: &Module) {
    let _ = writeln!(
        out,
        "/// `{}`: its builder, the types of its properties, and what refers to it.\n\
         pub mod {} {{\nuse crate::core;",
        module.type_name, module.name
    );
    for (index, structure) in module.structs.iter().enumerate() {
        render_struct(out, structure, (index == 0).then_some(module.type_name.as_str()));
    }
    for word in &module.enums {
        render_enum(out, word);
    }
    for union in &module.unions {
        render_union(out, union);
    }
    render_kinds(out, &module.structs[0].name, &module.kinds);
    out.push_str("}\n");
}

fn docs(out: &mut String, lines: &[String]) {
    for line in lines {
        let _ = writeln!(out, "{}", format!("/// {line}").trim_end());
    }
}

fn render_struct(out: &mut String, structure: &Struct, type_name: Option<&str>) {
    let name = &structure.name;
    docs(out, &structure.docs);
    let inner = if type_name.is_some() { "core::Declaration" } else { "core::Members" };
    let _ = writeln!(out, "#[derive(Clone, Debug, PartialEq)]\npub struct {name}({inner});");
    let _ = writeln!(out, "impl {name} {{");
    render_new(out, structure, type_name);
    for field in structure.fields.iter().filter(|field| field.constant.is_none()) {
        docs(out, &field.docs);
        let members = if type_name.is_some() { "self.0.properties" } else { "self.0" };
        let _ = writeln!(
            out,
            "#[must_use]\npub fn {}(mut self, value: impl core::IntoValue<{}>) -> Self {{\n\
             {members}.insert({:?}.to_owned(), value.into_value().into_node());\nself\n}}",
            field.method, field.rust, field.name
        );
    }
    out.push_str("}\n");
    match type_name {
        Some(_) => render_resource(out, name),
        None => {
            let _ = writeln!(
                out,
                "impl core::IntoValue<{name}> for {name} {{\nfn into_value(self) -> core::Value<{name}> {{\n\
                 core::Value::from_node(core::Node::Map(self.0))\n}}\n}}\n\
                 impl core::ToNode for {name} {{\nfn to_node(&self) -> core::Node {{\n\
                 core::Node::Map(self.0.clone())\n}}\n}}"
            );
        }
    }
}

fn render_new(out: &mut String, structure: &Struct, type_name: Option<&str>) {
    let required: Vec<&Field> = structure
        .fields
        .iter()
        .filter(|field| field.required && field.constant.is_none())
        .collect();
    let arguments: Vec<String> = required
        .iter()
        .map(|field| format!("{}: impl core::IntoValue<{}>", field.method, field.rust))
        .collect();
    let own = match type_name {
        Some(type_name) => {
            let _ = writeln!(out, "/// The name of the type.");
            let _ = writeln!(out, "pub const TYPE: &str = {type_name:?};");
            "core::Declaration::new(Self::TYPE)"
        }
        None => "core::Members::new()",
    };
    let place = if type_name.is_some() { "new.0.properties" } else { "new.0" };
    let listed: Vec<String> = required.iter().map(|field| format!("`{}`", field.name)).collect();
    let with = if listed.is_empty() {
        "With nothing set.".to_owned()
    } else {
        format!("With what is required: {}.", listed.join(", "))
    };
    let _ = writeln!(out, "/// {with}");
    let constants: Vec<&Field> =
        structure.fields.iter().filter(|field| field.constant.is_some()).collect();
    let setters: String = required.iter().map(|field| format!(".{0}({0})", field.method)).collect();
    let _ = writeln!(out, "pub fn new({}) -> Self {{", arguments.join(", "));
    if constants.is_empty() {
        let _ = writeln!(out, "Self({own}){setters}\n}}");
    } else {
        let _ = writeln!(out, "let mut new = Self({own});");
        for field in constants {
            let word = field.constant.as_deref().unwrap_or_default();
            let _ = writeln!(out, "{place}.insert({:?}.to_owned(), {word:?}.into());", field.name);
        }
        let _ = writeln!(out, "new{setters}\n}}");
    }
    if required.is_empty() {
        // Closed and opened again: the default stands outside of the inherent functions.
        let _ = writeln!(
            out,
            "}}\nimpl Default for {0} {{\nfn default() -> Self {{\nSelf::new()\n}}\n}}\nimpl {0} {{",
            structure.name
        );
    }
}

fn render_resource(out: &mut String, name: &str) {
    let _ = writeln!(
        out,
        "impl core::Resource for {name} {{\n\
         fn from_declaration(declaration: core::Declaration) -> Self {{\nSelf(declaration)\n}}\n\
         fn declaration(&mut self) -> &mut core::Declaration {{\n&mut self.0\n}}\n\
         fn into_declaration(self) -> core::Declaration {{\nself.0\n}}\n}}"
    );
}

fn render_enum(out: &mut String, word: &Enum) {
    let name = &word.name;
    let _ = writeln!(
        out,
        "/// What `{}` may be.\n#[derive(Clone, Copy, Debug, Eq, PartialEq)]\npub enum {name} {{",
        word.property
    );
    for (variant, word) in &word.variants {
        let _ = writeln!(out, "/// `{word}`.\n{variant},");
    }
    out.push_str("}\n");
    let _ = writeln!(out, "impl core::Textual for {name} {{}}\nimpl core::Word for {name} {{");
    let all: Vec<String> =
        word.variants.iter().map(|(variant, _)| format!("Self::{variant}")).collect();
    let _ = writeln!(out, "const ALL: &'static [Self] = &[{}];", all.join(", "));
    out.push_str("fn as_str(self) -> &'static str {\nmatch self {\n");
    for (variant, word) in &word.variants {
        let _ = writeln!(out, "Self::{variant} => {word:?},");
    }
    out.push_str("}\n}\n}\n");
    let _ = writeln!(
        out,
        "impl core::IntoValue<{name}> for {name} {{\nfn into_value(self) -> core::Value<{name}> {{\n\
         core::Value::from_node(core::Word::as_str(self).into())\n}}\n}}"
    );
}

fn render_union(out: &mut String, union: &Union) {
    let name = &union.name;
    let what = if union.is_kind { "text of several kinds" } else { "several types" };
    let _ = writeln!(
        out,
        "/// Marks what `{}` takes, which is {what}.\npub enum {name} {{}}",
        union.property
    );
    if union.is_kind {
        let _ =
            writeln!(out, "impl core::Textual for {name} {{}}\nimpl core::Kind for {name} {{}}");
    }
    for member in &union.members {
        let member = if union.is_kind { format!("core::Value<{member}>") } else { member.clone() };
        let sources = match member.as_str() {
            "String" => {
                vec!["String".to_owned(), "&str".to_owned(), "core::Value<String>".to_owned()]
            }
            _ if union.is_kind => vec![member.clone(), format!("&{member}")],
            _ => vec![member],
        };
        for source in sources {
            let value = match source.as_str() {
                "String" | "&str" => "core::Value::from_node(self.into())",
                "bool" => "core::Value::from_node(core::Node::Bool(self))",
                _ if union.is_kind || source.starts_with("core::Value") => {
                    "core::Value::from_node(self.node().clone())"
                }
                _ => &format!(
                    "core::Value::from_node(core::IntoValue::<{source}>::into_value(self).into_node())"
                ),
            };
            let _ = writeln!(
                out,
                "impl core::IntoValue<{name}> for {source} {{\n\
                 fn into_value(self) -> core::Value<{name}> {{\n{value}\n}}\n}}"
            );
        }
    }
}

fn render_kinds(out: &mut String, resource: &str, kinds: &Kinds) {
    out.push_str("/// What `Ref` and the attributes of the resource are.\npub mod attr {\n");
    let (reference, attributes) = match kinds {
        Kinds::Own { reference, attributes, markers } => {
            for (marker, text) in markers {
                let _ = writeln!(
                    out,
                    "/// {text}\npub enum {marker} {{}}\n\
                     impl crate::core::Textual for {marker} {{}}\n\
                     impl crate::core::Kind for {marker} {{}}"
                );
            }
            (reference, attributes)
        }
        Kinds::Like { module, reference, attributes } => {
            let _ = writeln!(out, "pub use {module}::*;");
            (reference, attributes)
        }
    };
    out.push_str("}\n");
    let _ = writeln!(
        out,
        "impl core::Handle<{resource}> {{\n/// `Ref`.\npub fn reference(&self) -> core::Value<attr::{reference}> {{\n\
         self.ref_as()\n}}"
    );
    for Attribute { name, method, marker, docs } in attributes {
        let _ = writeln!(
            out,
            "/// {docs}\npub fn {method}(&self) -> core::Value<attr::{marker}> {{\n\
             self.attribute_as({name:?})\n}}"
        );
    }
    out.push_str("}\n");
}
