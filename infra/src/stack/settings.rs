//! What is decided when the template is written. Everything else is a parameter of the template,
//! decided when it is deployed, so that one template serves everybody.

use std::fmt;

/// What the template is like.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Which language it is written in.
    pub flavour: Flavour,
    /// Where the program of the functions is.
    pub code: Code,
    /// Whether there can be an API Gateway in front, besides the Function URL.
    pub api: Api,
    /// Tags of everything that takes tags, besides those that always are there.
    pub tags: Vec<Tag>,
    /// How the Serverless Application Repository describes it; only SAM templates have it.
    pub application: Option<Application>,
}

/// Which language a template is written in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flavour {
    /// SAM: the functions are `AWS::Serverless::Function`. Needed for the Serverless Application
    /// Repository, which refuses `AWS::Lambda::Url`.
    Sam,
    /// CloudFormation alone: nothing is left for a transform to do, so that a change set shows
    /// what was written and `CAPABILITY_AUTO_EXPAND` is not needed.
    Expanded,
}

/// Where the program of the functions is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Code {
    /// A path on this machine, relative to the template, that has still to be packaged: a folder
    /// with `bootstrap` in it, or an archive.
    Local(String),
    /// In a bucket.
    Bucket {
        /// Its name.
        bucket: String,
        /// The archives in it.
        archives: Archives,
    },
}

/// The keys of archives in a bucket.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Archives {
    /// For arm64 alone: no other architecture can be deployed.
    Arm64(String),
    /// For x86_64 alone.
    X86_64(String),
    /// For each.
    Both {
        /// For arm64.
        arm64: String,
        /// For x86_64.
        x86_64: String,
    },
}

/// Whether there can be an API Gateway in front. Whether there is one, a parameter says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Api {
    /// Never: the template is smaller.
    Absent,
    /// One function behind it serves the whole client plane.
    Whole,
    /// Three functions behind it: event streams of HTTP+SSE, their messages, and all else. They
    /// scale, fail and are throttled apart.
    Split,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            flavour: Flavour::Sam,
            code: Code::Local("target/lambda/bootstrap".to_owned()),
            api: Api::Whole,
            tags: Vec::new(),
            application: Some(Application::default()),
        }
    }
}

/// A tag.
///
/// Invariants: what AWS takes as a tag of every kind of resource.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tag {
    key: String,
    value: String,
}

/// Characters of a tag's key.
const MAX_KEY: usize = 128;
/// Characters of a tag's value.
const MAX_VALUE: usize = 256;

impl Tag {
    /// Parses `KEY=VALUE`.
    pub fn parse(text: &str) -> Result<Self, InvalidTag> {
        let (key, value) = text.split_once('=').ok_or(InvalidTag::Form)?;
        let (keys, values) = (key.chars().count(), value.chars().count());
        if !(1..=MAX_KEY).contains(&keys) || values > MAX_VALUE {
            return Err(InvalidTag::Length);
        }
        // AWS keeps these for itself, in any case.
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(InvalidTag::Reserved);
        }
        let good = |c: char| c.is_alphanumeric() || " _.:/+-@=".contains(c);
        match key.chars().chain(value.chars()).find(|c| !good(*c)) {
            Some(character) => Err(InvalidTag::Character { character }),
            None => Ok(Self { key: key.to_owned(), value: value.to_owned() }),
        }
    }

    /// Its key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its value, which may be empty.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl std::str::FromStr for Tag {
    type Err = InvalidTag;

    fn from_str(text: &str) -> Result<Self, InvalidTag> {
        Self::parse(text)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// Why a text is no tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidTag {
    /// There is no `=`.
    #[error("a tag is written KEY=VALUE")]
    Form,
    /// Too long, or without a key.
    #[error("a tag's key has 1 to {MAX_KEY} characters, its value up to {MAX_VALUE}")]
    Length,
    /// Kept for AWS.
    #[error("a tag's key cannot begin with aws:")]
    Reserved,
    /// A character that not all services take.
    #[error("{character:?} cannot stand in a tag")]
    Character {
        /// The first one.
        character: char,
    },
}

/// How the Serverless Application Repository describes a template.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Application {
    /// Letters, digits and hyphens, up to 140.
    pub name: String,
    /// Lower-case letters, digits and single hyphens, up to 127.
    pub author: String,
    /// Such as `1.2.3`.
    pub version: String,
    /// Where the project is found. Without it an application cannot be shared with everybody.
    pub source: Option<String>,
}

impl Default for Application {
    fn default() -> Self {
        Self {
            name: "mcp-lambda".to_owned(),
            author: "mcp-lambda".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            source: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        let tag = Tag::parse("application:owner=a=b").expect("a tag");
        assert_eq!((tag.key(), tag.value()), ("application:owner", "a=b"));
        assert!(Tag::parse("empty=").is_ok());
        for (text, why) in [
            ("no", InvalidTag::Form),
            ("=value", InvalidTag::Length),
            ("AWS:cost=x", InvalidTag::Reserved),
            ("a=<b>", InvalidTag::Character { character: '<' }),
        ] {
            assert_eq!(Tag::parse(text), Err(why), "{text}");
        }
        let of = |key: usize, value: usize| {
            Tag::parse(&format!("{}={}", "k".repeat(key), "v".repeat(value)))
        };
        assert!(of(MAX_KEY, MAX_VALUE).is_ok());
        assert_eq!(of(MAX_KEY + 1, 0), Err(InvalidTag::Length));
        assert_eq!(of(1, MAX_VALUE + 1), Err(InvalidTag::Length));
    }
}
