//! Virtual servers: parts of what is registered, each at a URL of its own.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::policy::limits;
use crate::policy::select::{Labels, Select};
use crate::registration::limits::MAX_TITLE_BYTES;
use crate::registration::listing::ObjectText;
use crate::registration::problem::{InvalidRegistration, Problems};

/// The name of a virtual server, which is a part of its path.
///
/// Invariants: 1 to [`MAX_NAME_BYTES`] bytes, only `a` to `z`, digits and `-`. So no name can be
/// written in two ways, and none looks like another place.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ServerName(Box<str>);

/// Bytes of a virtual server's name.
pub const MAX_NAME_BYTES: usize = 64;

/// Not the name of a virtual server.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the name of a virtual server is 1 to {MAX_NAME_BYTES} of a to z, digits and '-'")]
pub struct InvalidServerName;

impl ServerName {
    /// Parses a name.
    pub fn parse(text: &str) -> Result<Self, InvalidServerName> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=MAX_NAME_BYTES).contains(&text.len());
        (fits && text.bytes().all(allowed)).then(|| Self(text.into())).ok_or(InvalidServerName)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A virtual server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its name.
    pub name: ServerName,
    /// For people.
    pub title: Option<String>,
    /// Text for the model about the server as a whole.
    pub instructions: Option<String>,
    /// Which registrations it offers: those of any of these choices.
    offers: Vec<Select>,
    document: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document<'a> {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    instructions: Option<String>,
    #[serde(borrow)]
    offers: Vec<&'a RawValue>,
    #[serde(default, rename = "revision")]
    _revision: Option<u64>,
    #[serde(default, rename = "createdAt")]
    _created_at: Option<String>,
    #[serde(default, rename = "updatedAt")]
    _updated_at: Option<String>,
    #[serde(default, rename = "status")]
    _status: Option<String>,
}

impl Server {
    /// Understands a virtual server's document, or lists everything that is wrong with it.
    pub fn parse(name: &ServerName, text: &str) -> Result<Self, InvalidRegistration> {
        let document: Document<'_> = crate::policy::read(text, limits::MAX_SERVER_BYTES)?;
        let mut problems = Problems::default();
        crate::policy::check_name(document.name.as_deref(), name.as_str(), &mut problems);
        crate::policy::check_text("/description", document.description.as_deref(), &mut problems);
        let instructions = document.instructions.as_deref();
        crate::policy::check_text("/instructions", instructions, &mut problems);
        if document.title.as_ref().is_some_and(|title| title.len() > MAX_TITLE_BYTES) {
            problems.note("/title", format!("has more than {MAX_TITLE_BYTES} bytes"));
        }
        let most = limits::MAX_VALUES;
        if document.offers.is_empty() || document.offers.len() > most {
            problems.note("/offers", format!("must have 1 to {most} choices"));
        }
        let choice = |(index, raw): (usize, &&RawValue)| {
            Select::parse(raw, &format!("/offers/{index}"), &mut problems)
        };
        let offers: Vec<Select> = document.offers.iter().enumerate().map(choice).collect();
        if !problems.is_empty() {
            return Err(problems.into_error());
        }
        let raws: Vec<&str> = document.offers.iter().map(|raw| raw.get()).collect();
        let rendered = ObjectText::new()
            .string("title", document.title.as_deref())
            .string("description", document.description.as_deref())
            .string("instructions", instructions)
            .text("offers", &format!("[{}]", raws.join(",")))
            .finish();
        Ok(Self {
            name: name.clone(),
            title: document.title,
            instructions: document.instructions,
            offers,
            document: rendered,
        })
    }

    /// The document in canonical form, without the members that the server adds.
    pub fn document(&self) -> &str {
        &self.document
    }

    /// Whether a registration belongs to it.
    pub fn has(&self, labels: Labels<'_>) -> bool {
        self.offers.iter().any(|select| select.chooses(labels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::name::Name;
    use crate::registration::Kind;
    use crate::registration::tag::Tag;

    fn parse(text: &str) -> Result<Server, String> {
        let name = ServerName::parse("a").expect("a name");
        Server::parse(&name, text).map_err(|error| error.to_string())
    }

    #[test]
    fn names_and_their_bounds() {
        for good in ["a", "0", "-", "ops-eu-1", &"a".repeat(MAX_NAME_BYTES)] {
            assert!(ServerName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "A", "a.b", "..", "a/b", "a_b", "%61", "é", &"a".repeat(MAX_NAME_BYTES + 1)]
        {
            assert_eq!(ServerName::parse(bad), Err(InvalidServerName), "{bad}");
        }
    }

    #[test]
    fn offers() {
        let server = parse(
            r#"{"offers":[{"type":"tool","name":["get-*","a"]},{"tag":"team:blue"},{"type":["prompt"]}]}"#,
        )
        .expect("a server");
        let (blue, red) =
            (Tag::parse("team:blue").expect("a tag"), Tag::parse("red").expect("one"));
        let has = |kind: Kind, name: &str, tags: &[Tag]| {
            let name = Name::parse(name).expect("a name");
            server.has(Labels { kind, name: &name, tags })
        };
        assert!(has(Kind::Tool, "get-x", &[]) && has(Kind::Tool, "a", &[]));
        assert!(
            !has(Kind::Tool, "b", std::slice::from_ref(&red)) && has(Kind::Tool, "b", &[red, blue])
        );
        assert!(has(Kind::Prompt, "b", &[]) && !has(Kind::Resource, "get-x", &[]));
        assert!(parse(r#"{"offers":["*"]}"#).expect("everything").has(Labels {
            kind: Kind::Resource,
            name: &Name::parse("x").expect("a name"),
            tags: &[]
        }));
    }

    #[test]
    fn faults_have_places() {
        for (text, expected) in [
            ("{}", "missing field `offers`"),
            (r#"{"offers":[]}"#, "/offers: must have 1 to 100 choices"),
            (r#"{"offers":["x"]}"#, "/offers/0: must be \"*\" or an object"),
            (r#"{"offers":[{}]}"#, "/offers/0: has no condition"),
            (r#"{"offers":["*",{"name":["a","b c"]}]}"#, "/offers/1/name/1: matches no name"),
            (r#"{"offers":[{"type":"template"}]}"#, "/offers/0/type: must be tool, resource or"),
            (r#"{"offers":[{"names":"a"}]}"#, "/offers/0: unknown field `names`"),
            (r#"{"offers":["*"],"name":"b"}"#, "/name: is not a"),
            (r#"{"offers":["*"],"offer":1}"#, "unknown field `offer`"),
            (r#"{"offers":["*"],"offers":["*"]}"#, "duplicate field `offers`"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.starts_with(expected), "{error}");
        }
        let offers = |count: usize| {
            let all = vec!["\"*\""; count].join(",");
            parse(&format!(r#"{{"offers":[{all}]}}"#)).is_ok()
        };
        assert!(offers(limits::MAX_VALUES) && !offers(limits::MAX_VALUES + 1));
        let long = |bytes: usize| {
            parse(&format!(r#"{{"offers":["*"],"title":"{}"}}"#, "t".repeat(bytes))).is_ok()
        };
        assert!(long(MAX_TITLE_BYTES) && !long(MAX_TITLE_BYTES + 1));
    }

    #[test]
    fn documents_read_back() {
        let text = r#"{"title":"T","description":"d","instructions":"i","offers":[ "*" ]}"#;
        let once = parse(text).expect("valid").document().to_owned();
        let echoed = once.replacen(
            '{',
            r#"{"name":"a","revision":1,"createdAt":"x","updatedAt":"y","status":"active","#,
            1,
        );
        assert_eq!(parse(&echoed).expect("valid").document(), once);
    }
}
