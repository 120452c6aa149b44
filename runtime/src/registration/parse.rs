//! From document to registration: every rule for what may be registered.

mod prompt;
mod resource;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::protocol::json;
use crate::protocol::name::Name;
use crate::registration::arn::FunctionArn;
use crate::registration::document::Document;
use crate::registration::listing::{Listing, ObjectText};
use crate::registration::mirror::Mirror;
use crate::registration::problem::{InvalidRegistration, Problems};
use crate::registration::schema::Schema;
use crate::registration::tag::{self, Tag};
use crate::registration::{
    Entry, Kind, Registration, RegistrationId, Target, Tool, limits, shorthand,
};

/// How far a document is believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trust {
    /// New from an administrator: everything is checked, schemas are compiled.
    Checked,
    /// Read back from the store: schemas were compiled when they were registered.
    Stored,
}

impl Registration {
    /// Understands a document, or lists everything that is wrong with it.
    pub fn parse(document: Document, trust: Trust) -> Result<Self, InvalidRegistration> {
        let mut problems = Problems::default();
        let name = problems.keep("/name", Name::parse(&document.name));
        check_texts(&document, &mut problems);
        check_membership(&document, &mut problems);
        let tags = document.tags.as_deref().unwrap_or_default();
        let tags = tag::parse_all("/tags", tags, &mut problems);
        let parser = Parser { document: &document, trust, tags };
        let entry = name.as_ref().and_then(|name| match document.kind {
            Kind::Tool => parser.tool(name, &mut problems),
            Kind::Resource => parser.resource(name, &mut problems),
            Kind::Prompt => parser.prompt(name, &mut problems),
        });
        match (name, entry) {
            (Some(name), Some(entry)) if problems.is_empty() => {
                Ok(Self { id: RegistrationId::new(document.kind, name), entry, document })
            }
            _ => Err(problems.into_error()),
        }
    }
}

fn check_texts(document: &Document, problems: &mut Problems) {
    let mut bound = |pointer: &str, text: Option<&str>, bytes: usize| {
        if text.is_some_and(|text| text.len() > bytes) {
            problems.note(pointer, format!("has more than {bytes} bytes"));
        }
    };
    bound("/title", document.title.as_deref(), limits::MAX_TITLE_BYTES);
    bound("/description", document.description.as_deref(), limits::MAX_DESCRIPTION_BYTES);
    if document.description.as_deref().is_none_or(|text| text.trim().is_empty()) {
        problems.note("/description", "is missing: models choose by it");
    }
    check_visible(document, problems);
    for (pointer, raw, open) in [
        ("/annotations", &document.annotations, b'{'),
        ("/icons", &document.icons, b'['),
        ("/_meta", &document.meta, b'{'),
    ] {
        if raw.as_deref().is_some_and(|raw| json::first(raw.get()) != Some(open)) {
            let what = if open == b'{' { "must be an object" } else { "must be an array" };
            problems.note(pointer, what);
        }
    }
}

/// Text that people do not see but models read is how a description lies.
fn check_visible(document: &Document, problems: &mut Problems) {
    let whole: Value = serde_json::from_str(&document.render()).unwrap_or_default();
    for (name, value) in whole.as_object().into_iter().flatten() {
        // Contents are for whoever reads them, and may hold anything.
        if !matches!(name.as_str(), "text" | "blob") && has_invisible(value) {
            problems.note(format!("/{name}"), "holds invisible or control characters");
        }
    }
}

fn has_invisible(value: &Value) -> bool {
    match value {
        Value::String(text) => text.chars().any(is_invisible),
        Value::Array(elements) => elements.iter().any(has_invisible),
        Value::Object(members) => members
            .iter()
            .any(|(name, member)| name.chars().any(is_invisible) || has_invisible(member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Characters without a shape. The joiners of emoji and of some scripts are left out.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
        || matches!(c, '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}'
            | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Members that belong to other kinds.
fn check_membership(document: &Document, problems: &mut Problems) {
    let members = [
        ("/inputSchema", document.input_schema.is_some(), &[Kind::Tool][..]),
        ("/outputSchema", document.output_schema.is_some(), &[Kind::Tool]),
        ("/targetName", document.target_name.is_some(), &[Kind::Tool]),
        ("/uri", document.uri.is_some(), &[Kind::Resource]),
        ("/uriTemplate", document.uri_template.is_some(), &[Kind::Resource]),
        ("/mimeType", document.mime_type.is_some(), &[Kind::Resource]),
        ("/size", document.size.is_some(), &[Kind::Resource]),
        ("/text", document.text.is_some(), &[Kind::Resource]),
        ("/blob", document.blob.is_some(), &[Kind::Resource]),
        ("/completions", document.completions.is_some(), &[Kind::Resource]),
        ("/annotations", document.annotations.is_some(), &[Kind::Tool, Kind::Resource]),
        ("/arguments", document.arguments.is_some(), &[Kind::Prompt]),
        ("/messages", document.messages.is_some(), &[Kind::Prompt]),
    ];
    for (pointer, present, kinds) in members {
        if present && !kinds.contains(&document.kind) {
            problems.note(pointer, format!("does not belong to a {}", document.kind.as_str()));
        }
    }
}

struct Parser<'a> {
    document: &'a Document,
    trust: Trust,
    tags: Vec<Tag>,
}

impl Parser<'_> {
    fn tool(&self, name: &Name, problems: &mut Problems) -> Option<Entry> {
        let document = self.document;
        let target = self.target(problems);
        let input = self.input_schema(problems);
        let output = document
            .output_schema
            .clone()
            .and_then(|raw| problems.keep("/outputSchema", self.schema(raw, Schema::parse)));
        let (input, target) = (input?, target?);
        let value: Value = serde_json::from_str(input.raw().get()).ok()?;
        let mirrors = problems.keep("/inputSchema", Mirror::find(&value))?;
        let entry = |output: Option<&RawValue>| {
            self.head(name)
                .raw("inputSchema", Some(input.raw()))
                .raw("outputSchema", output)
                .raw("annotations", document.annotations.as_deref())
                .raw("icons", document.icons.as_deref())
                .raw("_meta", document.meta.as_deref())
                .finish()
        };
        let output_text = output.as_ref().map(Schema::raw);
        let for_objects = output.as_ref().filter(|schema| schema.describes_object());
        // Before 2026-07-28 an output schema describes an object, or there is none.
        let legacy = entry(for_objects.map(Schema::raw));
        let listing = Listing::by_era(entry(output_text), legacy);
        let name = name.clone();
        Some(Entry::Tool(Box::new(Tool {
            name,
            tags: self.tags.clone(),
            listing,
            input: Arc::new(input),
            output,
            mirrors,
            target,
        })))
    }

    fn schema(
        &self,
        raw: Box<RawValue>,
        check: fn(Box<RawValue>) -> Result<Schema, crate::registration::schema::InvalidSchema>,
    ) -> Result<Schema, crate::registration::schema::InvalidSchema> {
        match self.trust {
            Trust::Checked => check(raw),
            Trust::Stored => Ok(Schema::trusted(raw)),
        }
    }

    fn input_schema(&self, problems: &mut Problems) -> Option<Schema> {
        let (pointer, raw) = match (&self.document.input_schema, &self.document.parameters) {
            (Some(_), Some(_)) => {
                problems.note("/parameters", "cannot stand beside inputSchema: use one of them");
                return None;
            }
            (Some(schema), None) => ("/inputSchema", schema.clone()),
            (None, Some(parameters)) => {
                let value: Value = serde_json::from_str(parameters.get()).ok()?;
                let expanded = shorthand::expand(&value, problems)?;
                ("/parameters", RawValue::from_string(expanded.schema.to_string()).ok()?)
            }
            (None, None) => {
                ("/inputSchema", RawValue::from_string(r#"{"type":"object"}"#.to_owned()).ok()?)
            }
        };
        problems.keep(pointer, self.schema(raw, Schema::for_arguments))
    }

    fn head(&self, name: &Name) -> ObjectText {
        ObjectText::new()
            .string("name", Some(name.as_str()))
            .string("title", self.document.title.as_deref())
            .string("description", self.document.description.as_deref())
    }

    /// Whether calling twice does no more than calling once.
    fn may_repeat(&self) -> bool {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Hints {
            #[serde(default)]
            read_only_hint: bool,
            #[serde(default)]
            idempotent_hint: bool,
        }
        let raw = self.document.annotations.as_deref().map_or("{}", RawValue::get);
        let hints: Hints = json::object(raw).unwrap_or_default();
        hints.read_only_hint || hints.idempotent_hint
    }

    fn target(&self, problems: &mut Problems) -> Option<Target> {
        let document = self.document;
        let target_name = document
            .target_name
            .as_deref()
            .and_then(|name| problems.keep("/targetName", Name::parse(name)));
        let timeout = match document.timeout_seconds {
            None => limits::DEFAULT_TIMEOUT,
            Some(seconds) => Duration::from_secs(seconds),
        };
        if timeout.is_zero() || timeout > limits::MAX_TIMEOUT {
            let most = limits::MAX_TIMEOUT.as_secs();
            problems.note("/timeoutSeconds", format!("must be 1 to {most}"));
        }
        let retries = document.retries.unwrap_or(0);
        if retries > limits::MAX_RETRIES {
            problems.note("/retries", format!("must be 0 to {}", limits::MAX_RETRIES));
        }
        if retries > 0 && document.kind == Kind::Tool && !self.may_repeat() {
            problems.note("/retries", "needs annotations.readOnlyHint or idempotentHint: true");
        }
        let Some(arn) = document.lambda_arn.as_deref() else {
            let or = match document.kind {
                Kind::Tool => "",
                Kind::Resource => ", or give text or blob",
                Kind::Prompt => ", or give messages",
            };
            problems.note("/lambdaArn", format!("is missing{or}"));
            return None;
        };
        Some(Target {
            function: problems.keep("/lambdaArn", FunctionArn::parse(arn))?,
            mode: document.invoke_mode.unwrap_or_default(),
            timeout,
            retries,
            exceptions: document.exception_level.unwrap_or_default(),
            target_name,
        })
    }
}

fn check_completions(completions: &BTreeMap<String, Vec<String>>, problems: &mut Problems) {
    for (name, values) in completions {
        if values.len() > limits::MAX_COMPLETIONS {
            let most = limits::MAX_COMPLETIONS;
            problems.note(format!("/completions/{name}"), format!("has more than {most} values"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::version::{LegacyVersion, Version};

    const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

    fn check(text: &str) -> Result<Registration, String> {
        let document = Document::read(text).map_err(|error| error.to_string())?;
        Registration::parse(document, Trust::Checked).map_err(|error| error.to_string())
    }

    fn listing(text: &str, version: Version) -> String {
        let registration = check(text).expect("a registration");
        match &registration.entry {
            Entry::Tool(tool) => tool.listing.text(version).to_owned(),
            Entry::Resource(resource) => resource.listing.text(version).to_owned(),
            Entry::Template(template) => template.listing.text(version).to_owned(),
            Entry::Prompt(prompt) => prompt.listing.text(version).to_owned(),
        }
    }

    #[test]
    fn the_origins_bodies() {
        let tool = format!(
            r#"{{"type":"tool","name":"example","description":"Example tool","lambdaArn":"{ARN}","parameters":{{"input":"string","payload":"object"}}}}"#
        );
        assert_eq!(
            listing(&tool, Version::Modern),
            concat!(
                r#"{"name":"example","description":"Example tool","inputSchema":{"properties":"#,
                r#"{"input":{"type":"string"},"payload":{"type":"object"}},"required":["input","payload"],"#,
                r#""type":"object"}}"#
            )
        );
        let resource = format!(
            r#"{{"type":"resource","name":"doc","description":"d","lambdaArn":"{ARN}","parameters":{{"uriTemplate":"doc://{{id}}"}}}}"#
        );
        assert_eq!(
            listing(&resource, Version::Modern),
            r#"{"uriTemplate":"doc://{id}","name":"doc","description":"d"}"#
        );
        let prompt = format!(
            r#"{{"type":"prompt","name":"ask","description":"d","lambdaArn":"{ARN}","parameters":{{"topic":"string"}}}}"#
        );
        assert_eq!(
            listing(&prompt, Version::Modern),
            r#"{"name":"ask","description":"d","arguments":[{"name":"topic","required":true}]}"#
        );
    }

    #[test]
    fn output_schemas_by_era() {
        let tool = format!(
            r#"{{"type":"tool","name":"t","description":"d","lambdaArn":"{ARN}","outputSchema":{{"type":"array"}}}}"#
        );
        assert!(listing(&tool, Version::Modern).contains("outputSchema"));
        assert!(!listing(&tool, Version::Legacy(LegacyVersion::NEWEST)).contains("outputSchema"));
    }

    #[test]
    fn all_faults_at_once() {
        let error = check(
            r#"{"type":"tool","name":"a b","description":"","lambdaArn":"f","timeoutSeconds":901,"retries":6,"uri":"x:y","icons":{}}"#,
        )
        .expect_err("many faults");
        for part in ["/name", "/description", "/uri", "/icons"] {
            assert!(error.contains(part), "{part} in {error}");
        }
        let error = check(
            r#"{"type":"tool","name":"a","description":"d","lambdaArn":"f","timeoutSeconds":901,"retries":6,"inputSchema":{"type":"string"}}"#,
        )
        .expect_err("many faults");
        for part in ["/lambdaArn", "/timeoutSeconds", "/retries", "/inputSchema"] {
            assert!(error.contains(part), "{part} in {error}");
        }
    }

    #[test]
    fn refusals() {
        let cases = [
            (r#"{"type":"tol","name":"a"}"#, "unknown variant `tol`"),
            (r#"{"type":"tool","name":"a","lambdaARN":"x"}"#, "unknown field `lambdaARN`"),
            (r#"{"type":"tool","name":"a","description":"x\u200by"}"#, "invisible"),
            (r#"{"type":"tool","name":"a","description":"d"}"#, "/lambdaArn: is missing"),
            (r#"{"type":"resource","name":"a","description":"d","text":"t"}"#, "/uri: is missing"),
            (
                r#"{"type":"resource","name":"a","description":"d","uri":"a b","text":"t"}"#,
                "absolute URI",
            ),
            (
                r#"{"type":"resource","name":"a","description":"d","uri":"a:b","blob":"*"}"#,
                "base64",
            ),
            (
                r#"{"type":"resource","name":"a","description":"d","uriTemplate":"a:{b}","text":"t"}"#,
                "needs a function",
            ),
            (
                r#"{"type":"prompt","name":"a","description":"d","messages":[{"role":"user","content":{"type":"text","text":"{{x}}"}}]}"#,
                "{{x}} is not one of the arguments",
            ),
            (r#"{"type":"prompt","name":"a","description":"d","messages":[7]}"#, "/messages/0"),
            ("{", "EOF"),
        ];
        for (text, expected) in cases {
            let error = check(text).expect_err(text);
            assert!(error.contains(expected), "{expected} in {error}");
        }
    }

    #[test]
    fn timeouts_at_their_bounds() {
        let tool = |seconds: u64| {
            check(&format!(
                r#"{{"type":"tool","name":"t","description":"d","lambdaArn":"{ARN}","timeoutSeconds":{seconds}}}"#
            ))
        };
        assert!(tool(0).is_err());
        assert!(tool(1).is_ok());
        assert!(tool(900).is_ok());
        assert!(tool(901).is_err());
    }

    #[test]
    fn canonical_documents_read_back() {
        let text = format!(
            r#"{{"type":"tool","name":"t","description":"d","lambdaArn":"{ARN}","inputSchema":{{"type":"object", "x" : 1.0}}}}"#
        );
        let rendered = check(&text).expect("valid").document.render();
        assert_eq!(rendered, text);
        let echoed = rendered.replacen(
            '{',
            r#"{"id":"tool-t","revision":3,"createdAt":"x","updatedAt":"y","#,
            1,
        );
        assert_eq!(check(&echoed).expect("valid").document.render(), text);
    }
}
