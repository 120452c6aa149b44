//! The JSON forms inside policies and virtual servers.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::policy::limits;
use crate::protocol::json;
use crate::registration::problem::Problems;

/// A policy. The members that the server adds are accepted, so that what was read can be sent back.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Policy<'a> {
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) mode: Option<String>,
    #[serde(borrow)]
    pub(super) statements: Vec<&'a RawValue>,
    #[serde(default, rename = "revision")]
    _revision: Option<u64>,
    #[serde(default, rename = "createdAt")]
    _created_at: Option<String>,
    #[serde(default, rename = "updatedAt")]
    _updated_at: Option<String>,
    #[serde(default, rename = "status")]
    _status: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Statement<'a> {
    #[serde(default)]
    pub(super) id: Option<String>,
    pub(super) effect: String,
    #[serde(borrow)]
    pub(super) principal: &'a RawValue,
    pub(super) action: Strings,
    #[serde(borrow)]
    pub(super) resource: &'a RawValue,
    #[serde(default)]
    pub(super) server: Option<Strings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Who {
    #[serde(default, rename = "type")]
    pub(super) kind: Option<Strings>,
    #[serde(default)]
    pub(super) arn: Option<Strings>,
    #[serde(default)]
    pub(super) account: Option<Strings>,
    #[serde(default)]
    pub(super) name: Option<Strings>,
    #[serde(default)]
    pub(super) issuer: Option<Strings>,
    #[serde(default)]
    pub(super) subject: Option<Strings>,
    #[serde(default)]
    pub(super) client_id: Option<Strings>,
    #[serde(default)]
    pub(super) all_scopes: Option<Strings>,
    #[serde(default)]
    pub(super) any_scope: Option<Strings>,
    #[serde(default)]
    pub(super) claims: Option<Claims>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Select {
    #[serde(default, rename = "type")]
    pub(super) kind: Option<Strings>,
    #[serde(default)]
    pub(super) name: Option<Strings>,
    #[serde(default)]
    pub(super) tag: Option<Strings>,
}

/// `"*"`, or an object.
pub(super) enum AnyOr<T> {
    Any,
    Of(T),
}

impl<'a, T: Deserialize<'a>> AnyOr<T> {
    /// Reads one of both, or says what it must be.
    pub(super) fn read(raw: &'a RawValue, hint: &str) -> Result<Self, String> {
        match json::first(raw.get()) {
            Some(b'"') if raw.get() == "\"*\"" => Ok(Self::Any),
            Some(b'{') => json::object(raw.get()).map(Self::Of).map_err(|error| error.to_string()),
            _ => Err(hint.to_owned()),
        }
    }
}

/// A text, or a list of texts, of which one must hold.
#[derive(Debug)]
pub(super) struct Strings {
    values: Vec<String>,
    is_list: bool,
}

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Strings;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }
            fn visit_str<E>(self, text: &str) -> Result<Strings, E> {
                Ok(Strings { values: vec![text.to_owned()], is_list: false })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Strings, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(Strings { values, is_list: true })
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// Values by claim. A claim that stands there twice would lose its first condition.
pub(super) struct Claims(pub(super) Vec<(String, Strings)>);

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Claims;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of claims")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claims, A::Error> {
                let mut claims: Vec<(String, Strings)> = Vec::new();
                while let Some((name, values)) = map.next_entry::<String, _>()? {
                    if claims.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom(format!("duplicate claim `{name}`")));
                    }
                    claims.push((name, values));
                }
                Ok(Claims(claims))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl Strings {
    /// Whether it is `"*"` alone.
    pub(super) fn is_any(&self) -> bool {
        !self.is_list && self.values == ["*"]
    }

    /// Whether a value is among them.
    pub(super) fn has(&self, value: &str) -> bool {
        self.values.iter().any(|own| own == value)
    }

    /// Checks how many there are, and remembers where they stand.
    pub(super) fn check(self, pointer: &str, problems: &mut Problems) -> Placed {
        let most = limits::MAX_VALUES;
        if self.values.is_empty() || self.values.len() > most {
            problems.note(pointer, format!("must have 1 to {most} values"));
        }
        Placed { strings: self, pointer: pointer.to_owned() }
    }
}

/// Texts with the place where they stand.
pub(super) struct Placed {
    strings: Strings,
    pointer: String,
}

impl Placed {
    /// Parses each; faults are noted where they are.
    pub(super) fn parse<T, E: fmt::Display>(
        self,
        problems: &mut Problems,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        let Self { strings, pointer } = self;
        let place = |index: usize| match strings.is_list {
            true => format!("{pointer}/{index}"),
            false => pointer.clone(),
        };
        let values = strings.values.iter().enumerate();
        values.filter_map(|(index, text)| problems.keep(&place(index), parse(text))).collect()
    }
}
