//! An answer looked at by the members that decide what it is.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::invoke::outcome::{InputRequest, InputRequired};
use crate::protocol::error::{Code, RpcError};
use crate::protocol::json;
use crate::protocol::limits;
use crate::protocol::render::Present;

/// All members by which a function's answer is recognised.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shape<'a> {
    #[serde(borrow, default, deserialize_with = "json::raw_present")]
    pub(super) result_type: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "json::raw_present")]
    pub(super) structured_content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    is_error: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "_meta")]
    pub(super) meta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) ttl_ms: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) cache_scope: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) input_requests: Option<&'a RawValue>,
    #[serde(borrow, default)]
    request_state: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) contents: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) messages: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) status_code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) body: Option<&'a RawValue>,
    #[serde(borrow, default)]
    is_base64_encoded: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) status: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) headers: Option<&'a RawValue>,
}

impl<'a> Shape<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        // What is no object at all is frequent, and its error would be dear.
        let is_object = text.trim_ascii_start().starts_with('{');
        if is_object { json::object(text).unwrap_or_default() } else { Self::default() }
    }

    pub(super) fn present(&self) -> Present {
        Present {
            result_type: self.result_type.is_some(),
            meta: self.meta.is_some(),
            ttl: self.ttl_ms.is_some(),
            scope: self.cache_scope.is_some(),
        }
    }

    /// Whether the result says that it is a failure.
    pub(super) fn is_failure(&self) -> bool {
        self.is_error.is_some_and(|flag| flag.get() == "true")
    }

    /// Whether the result is of a type that no revision knows.
    pub(super) fn has_strange_type(&self) -> bool {
        self.result_type.is_some_and(|kind| kind.get() != r#""complete""#)
    }

    /// The status of an HTTP answer; some write the number as a string.
    pub(super) fn status(&self) -> Option<u16> {
        let number: f64 = self.status_code?.get().trim_matches('"').parse().ok()?;
        (number.fract() == 0.0 && (100.0..=999.0).contains(&number)).then_some(number as u16)
    }

    /// The media type that an HTTP answer names, without parameters.
    pub(super) fn media_type(&self) -> Option<String> {
        let headers: BTreeMap<String, Value> = serde_json::from_str(self.headers?.get()).ok()?;
        let named = |name: &String| name.eq_ignore_ascii_case("content-type");
        let value = headers.iter().find(|(name, _)| named(name))?.1.as_str()?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    pub(super) fn input_required(&self) -> Option<Result<InputRequired, RpcError>> {
        (self.result_type?.get() == r#""input_required""#).then(|| self.read_input())
    }

    pub(super) fn read_input(&self) -> Result<InputRequired, RpcError> {
        let broken =
            || RpcError::new(Code::Internal, "the function asked in a form that is not valid");
        let raw = self.input_requests.map_or("{}", RawValue::get);
        let pairs: BTreeMap<String, json::Object<Embedded<'_>>> =
            serde_json::from_str(raw).map_err(|_| broken())?;
        let request =
            |(key, json::Object(embedded)): (String, json::Object<Embedded<'_>>)| InputRequest {
                key,
                method: embedded.method,
                params: embedded.params.map(ToOwned::to_owned),
            };
        let requests: Vec<_> = pairs.into_iter().map(request).collect();
        let state = match self.request_state {
            None => None,
            Some(raw) => Some(serde_json::from_str::<String>(raw.get()).map_err(|_| broken())?),
        };
        let too_much = requests.len() > limits::MAX_INPUT_REQUESTS
            || state.as_ref().is_some_and(|state| state.len() > limits::MAX_REQUEST_STATE_BYTES);
        let nothing = requests.is_empty() && state.is_none();
        if too_much || nothing { Err(broken()) } else { Ok(InputRequired { requests, state }) }
    }
}

#[derive(Deserialize)]
struct Embedded<'a> {
    method: String,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

/// Whether a value is an array of content blocks.
pub(super) fn is_content(raw: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Block<'a> {
        #[serde(borrow, rename = "type")]
        _kind: json::Text<'a>,
    }
    serde_json::from_str::<Vec<json::Object<Block<'_>>>>(raw.get()).is_ok()
}

pub(super) fn is_empty_array(raw: &RawValue) -> bool {
    serde_json::from_str::<Vec<&RawValue>>(raw.get()).is_ok_and(|elements| elements.is_empty())
}

/// The body of an HTTP answer.
pub(super) enum BodyText {
    /// A string's content, or the JSON text of anything else.
    Text(String),
    /// Base64 of what is no text.
    Binary(String),
}

pub(super) fn body_of(shape: &Shape<'_>) -> BodyText {
    let Some(raw) = shape.body else { return BodyText::Text(String::new()) };
    let text = serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned());
    if shape.is_base64_encoded.is_none_or(|flag| flag.get() != "true") {
        return BodyText::Text(text);
    }
    match STANDARD.decode(&text).map(String::from_utf8) {
        Ok(Ok(decoded)) => BodyText::Text(decoded),
        Ok(Err(_)) => BodyText::Binary(text),
        Err(_) => BodyText::Text(text),
    }
}
