//! Properties of what is read from strangers and written for them: what is rendered is parsed
//! again, and nothing that is parsed can bring the gateway down.
//!
//! `PROPTEST_CASES` sets how many cases are tried; a failure is made small and prints its seed.

mod json;
mod registration;
mod sealed;
mod stream;
mod template;
mod wire;

use proptest::prelude::*;
use serde_json::{Map, Value};

/// As many cases as a build without optimization tries in a moment.
pub(crate) fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => default,
        None => ProptestConfig { cases: 96, ..default },
    }
}

/// Any JSON value.
pub(crate) fn value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    let nested = leaf.prop_recursive(4, 24, 4, |inner| {
        let members = prop::collection::vec((text(), inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    });
    nested.boxed()
}

/// A JSON object.
pub(crate) fn object() -> impl Strategy<Value = Value> {
    let members = prop::collection::vec((text(), value()), 0..5);
    members.prop_map(|members| Value::Object(Map::from_iter(members)))
}

/// Text with what is special to JSON, URIs and HTTP more often than by chance.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        3 => prop::sample::select(
            "\"\\/{}[],:%=?&#;.~-_ \n\r\t\0\u{7f}\u{85}\u{2028}\u{feff}\u{ffff}é\u{1f600}"
                .chars().collect::<Vec<char>>(),
        ),
        2 => any::<char>(),
        3 => prop::char::range('a', 'z'),
    ];
    prop::collection::vec(character, 0..12).prop_map(String::from_iter)
}

/// A text with a few bytes removed, inserted and replaced, so that most of it still makes sense.
pub(crate) fn mangled(text: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), 0..3_usize, prop::collection::vec(byte(), 0..3));
    (text, prop::collection::vec(edit, 0..4)).prop_map(|(text, edits)| {
        let mut bytes = text.into_bytes();
        for (at, removed, inserted) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + removed).min(bytes.len());
            bytes.splice(at..end, inserted);
        }
        bytes
    })
}

fn byte() -> impl Strategy<Value = u8> {
    let special = b"\"\\{}[],:0-.eE+tfn \n\0\xff\xc3".to_vec();
    prop_oneof![prop::sample::select(special), any::<u8>()]
}
