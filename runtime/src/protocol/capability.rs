//! What a client says it can do, as far as a gateway acts on it.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::json;

/// The capabilities that decide what a client may be asked.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ClientCapabilities {
    /// `elicitation` with forms; an empty object means forms.
    pub elicitation_form: bool,
    /// `elicitation` with URLs.
    pub elicitation_url: bool,
    /// `sampling`.
    pub sampling: bool,
    /// `roots`.
    pub roots: bool,
}

impl ClientCapabilities {
    /// Reads a capabilities object; `None` when it is not an object.
    pub fn read(raw: &RawValue) -> Option<Self> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            #[serde(borrow, default)]
            elicitation: Option<&'a RawValue>,
            #[serde(borrow, default)]
            sampling: Option<&'a RawValue>,
            #[serde(borrow, default)]
            roots: Option<&'a RawValue>,
        }
        #[derive(Default, Deserialize)]
        struct Elicitation<'a> {
            #[serde(borrow, default)]
            form: Option<&'a RawValue>,
            #[serde(borrow, default)]
            url: Option<&'a RawValue>,
        }
        if json::first(raw.get()) != Some(b'{') {
            return None;
        }
        let wire: Wire<'_> = json::object(raw.get()).ok()?;
        let elicitation = wire
            .elicitation
            .map(|raw| json::object::<Elicitation<'_>>(raw.get()).unwrap_or_default());
        let form = elicitation.as_ref().is_some_and(|e| e.form.is_some() || e.url.is_none());
        let url = elicitation.as_ref().is_some_and(|e| e.url.is_some());
        Some(Self {
            elicitation_form: form,
            elicitation_url: url,
            sampling: wire.sampling.is_some(),
            roots: wire.roots.is_some(),
        })
    }

    /// The four flags in one byte, for a sealed session id.
    pub fn to_bits(self) -> u8 {
        u8::from(self.elicitation_form)
            | u8::from(self.elicitation_url) << 1
            | u8::from(self.sampling) << 2
            | u8::from(self.roots) << 3
    }

    /// The reverse of [`Self::to_bits`]; unknown bits are ignored.
    pub fn from_bits(bits: u8) -> Self {
        Self {
            elicitation_form: bits & 1 != 0,
            elicitation_url: bits & 2 != 0,
            sampling: bits & 4 != 0,
            roots: bits & 8 != 0,
        }
    }

    /// The capabilities as JSON, for the tool function.
    pub fn to_json(self) -> String {
        let mut members = Vec::new();
        match (self.elicitation_form, self.elicitation_url) {
            (true, true) => members.push(r#""elicitation":{"form":{},"url":{}}"#),
            (true, false) => members.push(r#""elicitation":{"form":{}}"#),
            (false, true) => members.push(r#""elicitation":{"url":{}}"#),
            (false, false) => {}
        }
        if self.sampling {
            members.push(r#""sampling":{}"#);
        }
        if self.roots {
            members.push(r#""roots":{}"#);
        }
        format!("{{{}}}", members.join(","))
    }
}

/// One kind of request that a server may put to a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum InputKind {
    /// `elicitation/create` with a form.
    ElicitationForm,
    /// `elicitation/create` with a URL.
    ElicitationUrl,
    /// `sampling/createMessage`.
    Sampling,
    /// `roots/list`.
    Roots,
}

impl InputKind {
    /// The kind of an embedded request, by its method and parameters.
    pub fn of(method: &str, params: Option<&RawValue>) -> Option<Self> {
        #[derive(Default, Deserialize)]
        struct Mode {
            #[serde(default)]
            mode: Option<String>,
        }
        match method {
            "sampling/createMessage" => Some(Self::Sampling),
            "roots/list" => Some(Self::Roots),
            "elicitation/create" => {
                let mode: Mode =
                    params.and_then(|raw| json::object(raw.get()).ok()).unwrap_or_default();
                Some(match mode.mode.as_deref() {
                    Some("url") => Self::ElicitationUrl,
                    _ => Self::ElicitationForm,
                })
            }
            _ => None,
        }
    }

    /// Whether the client declared it.
    pub fn allowed(self, capabilities: ClientCapabilities) -> bool {
        match self {
            Self::ElicitationForm => capabilities.elicitation_form,
            Self::ElicitationUrl => capabilities.elicitation_url,
            Self::Sampling => capabilities.sampling,
            Self::Roots => capabilities.roots,
        }
    }

    /// The capabilities that a client must declare to be asked all of these.
    pub fn required(kinds: &[Self]) -> ClientCapabilities {
        ClientCapabilities {
            elicitation_form: kinds.contains(&Self::ElicitationForm),
            elicitation_url: kinds.contains(&Self::ElicitationUrl),
            sampling: kinds.contains(&Self::Sampling),
            roots: kinds.contains(&Self::Roots),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Option<String> {
        let raw: &RawValue = serde_json::from_str(text).expect("JSON");
        ClientCapabilities::read(raw).map(ClientCapabilities::to_json)
    }

    #[test]
    fn read_and_written() {
        let cases = [
            ("{}", Some("{}")),
            (r#"{"elicitation":{}}"#, Some(r#"{"elicitation":{"form":{}}}"#)),
            (r#"{"elicitation":{"url":{}}}"#, Some(r#"{"elicitation":{"url":{}}}"#)),
            (
                r#"{"elicitation":{"form":{},"url":{}},"roots":{"listChanged":true},"sampling":{}}"#,
                Some(r#"{"elicitation":{"form":{},"url":{}},"sampling":{},"roots":{}}"#),
            ),
            (r#"{"extensions":{"a/b":{}}}"#, Some("{}")),
            ("[]", None),
            ("7", None),
        ];
        for (text, expected) in cases {
            assert_eq!(check(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn bits_keep_everything() {
        for bits in 0..16 {
            assert_eq!(ClientCapabilities::from_bits(bits).to_bits(), bits);
        }
    }
}
