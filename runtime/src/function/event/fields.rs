//! Maps inside events, read straight into what they become.

use std::fmt;
use std::marker::PhantomData;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::protocol::json::Text;

/// Headers with one value each.
pub(super) struct Headers(pub(super) HeaderMap);
/// Headers with all their values.
pub(super) struct MultiHeaders(pub(super) HeaderMap);
/// Query parameters with one value each.
pub(super) struct Pairs<'a>(pub(super) Vec<(Text<'a>, Text<'a>)>);
/// Query parameters with all their values.
pub(super) struct MultiPairs<'a>(pub(super) Vec<(Text<'a>, Text<'a>)>);

/// Takes each entry of a map, in its order.
struct Entries<V, F>(F, PhantomData<V>);

impl<'de, V: Deserialize<'de>, F: FnMut(Text<'de>, V)> Visitor<'de> for Entries<V, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((name, value)) = map.next_entry()? {
            (self.0)(name, value);
        }
        Ok(())
    }
}

fn entries<'de, D: Deserializer<'de>, V: Deserialize<'de>>(
    deserializer: D,
    take: impl FnMut(Text<'de>, V),
) -> Result<(), D::Error> {
    deserializer.deserialize_map(Entries(take, PhantomData))
}

/// What cannot stand in a header never came in one, and is left out.
fn add(headers: &mut HeaderMap, name: &Text<'_>, value: &Text<'_>) {
    if let Ok(name) = HeaderName::from_bytes(name.0.as_bytes())
        && let Ok(value) = HeaderValue::from_bytes(value.0.as_bytes())
    {
        headers.append(name, value);
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut headers = HeaderMap::new();
        entries(deserializer, |name, value: Option<Text<'_>>| {
            value.iter().for_each(|value| add(&mut headers, &name, value));
        })?;
        Ok(Self(headers))
    }
}

impl<'de> Deserialize<'de> for MultiHeaders {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut headers = HeaderMap::new();
        entries(deserializer, |name, values: Option<Vec<Text<'_>>>| {
            values.iter().flatten().for_each(|value| add(&mut headers, &name, value));
        })?;
        Ok(Self(headers))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut pairs = Vec::new();
        entries(deserializer, |name, value: Option<Text<'de>>| {
            pairs.extend(value.map(|value| (name, value)));
        })?;
        Ok(Self(pairs))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for MultiPairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut pairs = Vec::new();
        entries(deserializer, |name: Text<'de>, values: Option<Vec<Text<'de>>>| {
            pairs.extend(values.into_iter().flatten().map(|value| (name.clone(), value)));
        })?;
        Ok(Self(pairs))
    }
}
