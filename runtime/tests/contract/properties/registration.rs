//! What administrators write: any document is a registration or a list of faults.

use mcp_lambda_runtime::catalog::Catalog;
use mcp_lambda_runtime::port::{Stored, Timestamp};
use mcp_lambda_runtime::registration::arn::FunctionArn;
use mcp_lambda_runtime::registration::document::Document;
use mcp_lambda_runtime::registration::parse::Trust;
use mcp_lambda_runtime::registration::{Registration, RegistrationId, agentcore};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{config, mangled, text, value};

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

/// Schemas of every draft's words, most of them used as they should be.
fn schema() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec!["object", "string", "integer", "array", "number"]);
    let leaf = prop_oneof![
        kind.prop_map(|kind| json!({"type": kind})),
        "[a-z(){}|*+?^$.\\\\\\[\\]-]{0,8}".prop_map(|pattern| json!({"pattern": pattern})),
        text().prop_map(|name| json!({"$ref": format!("#{name}"), "x-mcp-header": name})),
        value().prop_map(|value| json!({"enum": [value], "default": value, "const": value})),
        any::<i64>().prop_map(|n| json!({"minLength": n, "multipleOf": n, "maxItems": n})),
        Just(json!({"$ref": "#"})),
        value(),
    ];
    let nested = leaf.prop_recursive(4, 24, 3, |inner| {
        let words =
            ["not", "items", "if", "then", "additionalProperties", "contains", "propertyNames"];
        let word = prop::sample::select(words.to_vec());
        let lists = prop::sample::select(vec!["allOf", "anyOf", "oneOf", "prefixItems"]);
        let maps = ["properties", "$defs", "patternProperties", "dependentSchemas", "definitions"];
        let maps = prop::sample::select(maps.to_vec());
        prop_oneof![
            (word, inner.clone()).prop_map(|(word, inner)| json!({word: inner})),
            (lists, prop::collection::vec(inner.clone(), 0..3))
                .prop_map(|(word, inner)| json!({word: inner})),
            (maps, text(), inner)
                .prop_map(|(word, name, inner)| json!({"type": "object", word: {name: inner}}),),
        ]
    });
    nested.prop_map(|mut schema| {
        if let Some(members) = schema.as_object_mut() {
            members.insert("type".to_owned(), json!("object"));
        }
        schema
    })
}

/// Members that belong to a kind.
fn member(kind: &'static str) -> BoxedStrategy<(&'static str, Value)> {
    let title = text().prop_map(|text| ("title", json!(text)));
    let seconds = any::<u64>().prop_map(|seconds| ("timeoutSeconds", json!(seconds % 1_000)));
    let own = match kind {
        "tool" => {
            let modes = ["auto", "raw", "agentcore", "seed", "converse", "apigw-v2", "stream"];
            let modes = prop::sample::select(modes.to_vec());
            let schemas = prop::sample::select(vec!["inputSchema", "outputSchema", "parameters"]);
            prop_oneof![
                3 => (schemas, schema()),
                1 => modes.prop_map(|mode| ("invokeMode", json!(mode))),
                1 => Just(("annotations", json!({"readOnlyHint": true}))),
            ]
            .boxed()
        }
        "resource" => {
            let template = "[a-z]{1,3}://[a-z{}?&/+,]{0,12}";
            let names = prop::sample::select(vec!["uri", "uriTemplate", "mimeType"]);
            prop_oneof![
                3 => (names, template.prop_map(Value::from)),
                1 => text().prop_map(|text| ("text", json!(text))),
                1 => Just(("completions", json!({"a": ["b"]}))),
            ]
            .boxed()
        }
        _ => {
            let message = text().prop_map(|text| {
                let content = json!({"type": "text", "text": format!("{text}{{{{a}}}}{text}")});
                ("messages", json!([{"role": "user", "content": content}]))
            });
            let arguments = json!([{"name": "a", "completions": ["b"]}]);
            prop_oneof![message, Just(("arguments", arguments))].boxed()
        }
    };
    prop_oneof![6 => own, 1 => title, 1 => seconds].boxed()
}

/// Any member with any value.
fn stray() -> impl Strategy<Value = (&'static str, Value)> {
    let names = [
        "title",
        "lambdaArn",
        "uri",
        "uriTemplate",
        "mimeType",
        "text",
        "blob",
        "targetName",
        "retries",
        "annotations",
        "icons",
        "_meta",
        "completions",
        "arguments",
        "messages",
        "id",
        "inputSchema",
        "outputSchema",
        "parameters",
        "exceptionLevel",
        "size",
        "revision",
    ];
    (prop::sample::select(names.to_vec()), value())
}

fn document() -> impl Strategy<Value = Value> {
    let kinds = prop::sample::select(vec!["tool", "resource", "prompt"]);
    kinds.prop_flat_map(|kind| {
        let name = prop_oneof![6 => "[a-z]{1,8}", 1 => text()];
        let strays = prop_oneof![3 => Just(0_usize), 1 => Just(1)];
        let strays = strays.prop_flat_map(|count| prop::collection::vec(stray(), count));
        let members = prop::collection::vec(member(kind), 0..4);
        (name, members, strays, prop::bool::weighted(0.8)).prop_map(
            move |(name, members, strays, callable)| {
                let mut document = Map::new();
                if callable {
                    document.insert("lambdaArn".to_owned(), json!(ARN));
                }
                let members = members.into_iter().chain(strays);
                document.extend(members.map(|(name, value)| (name.to_owned(), value)));
                document.insert("type".to_owned(), json!(kind));
                document.insert("name".to_owned(), json!(name));
                document.insert("description".to_owned(), json!("for a test"));
                Value::Object(document)
            },
        )
    })
}

fn parse(text: &str, trust: Trust) -> Result<Registration, usize> {
    let document = Document::read(text).map_err(|invalid| invalid.0.len())?;
    Registration::parse(document, trust).map_err(|invalid| invalid.0.len())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_document_is_a_registration_or_has_faults(document in document()) {
        match parse(&document.to_string(), Trust::Checked) {
            Err(faults) => prop_assert!(faults > 0, "a refusal names its reason"),
            Ok(registration) => {
                let canonical = registration.document.render();
                let again = parse(&canonical, Trust::Checked).expect("what is stored can be read");
                prop_assert_eq!(again.document.render(), canonical.clone());
                let stored = parse(&canonical, Trust::Stored).expect("what is stored is trusted");
                prop_assert_eq!(&stored.id, &registration.id);
                let id = RegistrationId::parse(&stored.id.to_string());
                prop_assert_eq!(id, Some(registration.id));
            }
        }
    }

    #[test]
    fn any_row_is_served_or_a_problem(text in mangled(document().prop_map(|d| d.to_string()))) {
        let document = String::from_utf8_lossy(&text).into_owned();
        let (created_at, updated_at) = (Timestamp(0), Timestamp(0));
        let id = "tool-a".to_owned();
        let row = Stored { id, document, revision: 1, created_at, updated_at };
        let catalog = Catalog::compile(1, vec![row]);
        prop_assert_eq!(catalog.whole().tools.len() + catalog.problems.len(), 1);
    }

    #[test]
    fn any_text_is_a_document_or_refused(
        text in prop_oneof![text(), value().prop_map(|value| value.to_string())],
    ) {
        let _ = parse(&text, Trust::Checked);
        let _ = agentcore::read(&text, ARN, None);
    }

    #[test]
    fn any_tool_definition_is_imported_or_refused(
        schemas in prop::collection::vec(schema(), 1..3),
    ) {
        let tools: Vec<Value> = schemas
            .into_iter()
            .map(|schema| json!({"name": "n", "description": "d", "inputSchema": schema}))
            .collect();
        let text = json!({"inlinePayload": tools}).to_string();
        if let Ok(documents) = agentcore::read(&text, ARN, Some("target")) {
            for document in documents {
                let _ = Registration::parse(document, Trust::Checked);
            }
        }
    }

    #[test]
    fn any_arguments_are_checked(schema in schema(), arguments in value()) {
        let document = json!({"type": "tool", "name": "a", "description": "d", "lambdaArn": ARN,
                              "inputSchema": schema});
        if let Ok(registration) = parse(&document.to_string(), Trust::Checked)
            && let mcp_lambda_runtime::registration::Entry::Tool(tool) = registration.entry
        {
            let _ = tool.input.check(&arguments.to_string());
        }
    }

    #[test]
    fn arns_come_back(
        partition in "aws(-[a-z]{1,6}){0,2}",
        region in "[a-z]{2}-[a-z]{4,9}-[0-9]",
        account in "[0-9]{12}",
        name in "[A-Za-z0-9_-]{1,64}",
        qualifier in prop::option::of(prop_oneof![r"\$LATEST", "[A-Za-z0-9_-]{1,20}"]),
    ) {
        let mut text = format!("arn:{partition}:lambda:{region}:{account}:function:{name}");
        if let Some(qualifier) = &qualifier {
            text.push_str(&format!(":{qualifier}"));
        }
        let arn = FunctionArn::parse(&text).expect("an ARN");
        prop_assert_eq!(arn.as_str(), text);
        prop_assert_eq!(arn.function_name(), name);
        prop_assert_eq!(arn.qualifier(), qualifier.as_deref());
    }

    #[test]
    fn any_text_is_an_arn_or_refused(
        text in mangled(prop_oneof![Just(ARN.to_owned()), Just(format!("{ARN}:live")), text()]),
    ) {
        let text = String::from_utf8_lossy(&text);
        if let Ok(arn) = FunctionArn::parse(&text) {
            prop_assert_eq!(arn.as_str(), &*text);
            let name = format!(":function:{}", arn.function_name());
            prop_assert!(text.contains(&name));
        }
    }
}
