//! YAML and JSON say the same, and old readers of YAML take nothing for something else.

use mcp_lambda_infra::core::*;
use mcp_lambda_infra::emit;
use mcp_lambda_infra::value::node::{Intrinsic, Operator};
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Tagged;

use crate::{pinned, template, thumbnails};

#[test]
fn the_example_is_pinned() {
    let template = thumbnails::template().expect("a template");
    pinned("infra-thumbnails", &template.to_yaml().expect("YAML"));
}

#[test]
fn the_same_program_writes_the_same_bytes() {
    let write = || thumbnails::template().expect("a template").to_yaml().expect("YAML");
    assert_eq!(write(), write());
}

#[test]
fn json_has_the_order_of_yaml_and_long_functions() {
    let template = thumbnails::template().expect("a template");
    let json = template.to_json().expect("JSON");
    let order =
        ["\"Parameters\"", "\"Conditions\"", "\"FailedQueue\"", "\"WorkQueue\"", "\"Outputs\""];
    let positions: Vec<usize> =
        order.iter().map(|word| json.find(word).expect("a section")).collect();
    assert!(positions.is_sorted(), "{positions:?}");
    assert!(json.contains("\"Fn::GetAtt\": [\n"), "{json}");
    assert_eq!(read(&template.to_yaml().expect("YAML")), parsed(&json));
}

#[test]
fn what_old_readers_would_take_for_something_else_is_quoted() {
    let texts = [
        "on",
        "off",
        "yes",
        "no",
        "y",
        "n",
        "Yes",
        "NO",
        "true",
        "null",
        "~",
        "",
        "0123",
        "1e3",
        "0x1f",
        "0o7",
        "1_000",
        ".5",
        "12:30:00",
        "2012-10-17",
        "2012-10-17T00:00:00Z",
        "=",
        "<<",
        "*",
        "!x",
        "&a",
        " lead",
        "trail ",
        "a: b",
        "#c",
        "- x",
        "@x",
        "`x`",
        "%x",
        "{x",
        "[x",
        "'",
        "\"",
        "|",
        ">",
    ];
    for text in texts {
        let yaml = emit::yaml(&Node::map([("text", Node::from(text))])).expect("YAML");
        let value = yaml.trim_end().strip_prefix("text: ").expect("one line");
        assert!(value.starts_with(['"', '\'']), "{text} is written as {value}");
    }
}

#[test]
fn what_needs_no_quotes_has_none() {
    for text in ["arn:aws:s3:::bucket", "s3:GetObject", "AWS::SQS::Queue", "$default", "a b", "x-1"]
    {
        let yaml = emit::yaml(&Node::map([("text", Node::from(text))])).expect("YAML");
        assert_eq!(yaml, format!("text: {text}\n"));
    }
}

#[test]
fn two_tags_never_stand_before_one_value() {
    let inner = sub!("${AWS::Region}");
    let yaml = emit::yaml(&Node::map([("Code", inner.base64().into_node())])).expect("YAML");
    assert_eq!(yaml, "Code:\n  \"Fn::Base64\": !Sub ${AWS::Region}\n");
}

#[test]
fn lines_are_lines_where_all_parsers_agree() {
    let yaml = |text: &str| emit::yaml(&Node::map([("text", Node::from(text))])).expect("YAML");
    assert_eq!(yaml("one\ntwo: 2\n"), "text: |\n  one\n  two: 2\n");
    assert_eq!(yaml("one\ntwo"), "text: |-\n  one\n  two\n");
    assert_eq!(yaml("\tone\ntwo"), "text: \"\\tone\\ntwo\"\n");
    assert_eq!(yaml(" one\ntwo"), "text: \" one\\ntwo\"\n");
    let long = "a ".repeat(100) + "b";
    assert_eq!(yaml(&long), format!("text: {long}\n"), "long texts stay on one line");
}

#[test]
fn whole_numbers_have_no_fraction() {
    let yaml = emit::yaml(&Node::List(vec![
        Node::Number(1.0),
        Node::Number(0.5),
        Node::Number(-3.0),
        Node::Integer(7),
    ]));
    assert_eq!(yaml.expect("YAML"), "- 1\n- 0.5\n- -3\n- 7\n");
}

#[test]
fn a_number_that_is_none_is_an_error() {
    for number in [f64::NAN, f64::INFINITY] {
        let template = template(|template| {
            template.metadata("Broken", number);
            Ok(())
        });
        let (json, yaml) = (template.to_json(), template.to_yaml());
        let sentence = format!("{number} is no number of a template");
        assert!(json.expect_err("no JSON").to_string().contains(&sentence));
        assert!(yaml.expect_err("no YAML").to_string().contains(&sentence));
    }
}

/// Any text, with what is hard to quote more often than chance would have it.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9:._/${}-]{0,20}",
        "[ -~]{0,60}",
        "\\PC{0,20}",
        "(line\n?){0,4}",
        "( {0,3}\n{0,3}a ?b?){0,3}",
    ]
}

fn name() -> impl Strategy<Value = String> {
    "[A-Z][a-zA-Z]{0,8}"
}

fn tree() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Node::Bool),
        any::<i32>().prop_map(|number| Node::Integer(i64::from(number))),
        (-1_000_i32..1_000).prop_map(|number| Node::Number(f64::from(number) / 8.0)),
        text().prop_map(Node::Text),
        name().prop_map(|name| Intrinsic::Ref(name).into()),
        (name(), name())
            .prop_map(|(resource, attribute)| { Intrinsic::GetAtt { resource, attribute }.into() }),
        text().prop_map(|text| { Intrinsic::Sub { text, variables: Members::new() }.into() }),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..5).boxed();
        let members = prop::collection::vec((text(), inner.clone()), 0..5).boxed();
        prop_oneof![
            list.clone().prop_map(Node::List),
            members.clone().prop_map(Node::map),
            (text(), members).prop_map(|(text, variables)| {
                Intrinsic::Sub { text, variables: variables.into_iter().collect() }.into()
            }),
            (name(), inner.clone(), inner.clone()).prop_map(|(condition, yes, no)| Intrinsic::If {
                condition,
                yes,
                no
            }
            .into()),
            inner.clone().prop_map(|of| Intrinsic::Base64(of).into()),
            (text(), inner.clone()).prop_map(|(separator, list)| Intrinsic::Join {
                separator,
                list
            }
            .into()),
            list.prop_map(|operands| {
                Intrinsic::Logic { operator: Operator::Or, operands }.into()
            }),
            (0_u32..5, inner).prop_map(|(index, list)| Intrinsic::Select { index, list }.into()),
        ]
    })
}

proptest! {
    #[test]
    fn yaml_read_back_is_json(tree in tree()) {
        let whole = Node::map([("Root", tree)]);
        let yaml = emit::yaml(&whole).expect("YAML");
        let json = serde_json::to_string(&whole).expect("JSON");
        prop_assert_eq!(read(&yaml), parsed(&json), "{}", yaml);
    }
}

fn parsed(json: &str) -> serde_json::Value {
    serde_json::from_str(json).expect("JSON")
}

/// Reads YAML with short tags into the JSON that it stands for.
fn read(yaml: &str) -> serde_json::Value {
    serde_saphyr::from_str::<Tree>(yaml).unwrap_or_else(|error| panic!("{error}: {yaml}")).0
}

struct Tree(serde_json::Value);

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Tagged(Plain(value), tag) = Tagged::<Plain>::deserialize(deserializer)?;
        let Some(tag) = tag.as_deref().and_then(|tag| tag.strip_prefix('!')) else {
            return Ok(Self(value));
        };
        let (name, argument) = match tag {
            "Ref" | "Condition" => (tag.to_owned(), value),
            "GetAtt" => {
                let (resource, attribute) =
                    value.as_str().and_then(|text| text.split_once('.')).expect("two names");
                ("Fn::GetAtt".to_owned(), serde_json::json!([resource, attribute]))
            }
            other => (format!("Fn::{other}"), value),
        };
        Ok(Self(serde_json::json!({ name: argument })))
    }
}

/// A value without its own tag, whose inner values have theirs.
struct Plain(serde_json::Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor).map(Self)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = serde_json::Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("YAML")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(serde_json::Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(Tree(element)) = access.next_element()? {
            elements.push(element);
        }
        Ok(elements.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = serde_json::Map::new();
        while let Some((name, Tree(value))) = access.next_entry::<String, _>()? {
            members.insert(name, value);
        }
        Ok(members.into())
    }
}
