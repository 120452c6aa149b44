//! Tags: words by which policies and virtual servers name many registrations at once.

use std::fmt;

use crate::registration::limits;
use crate::registration::problem::Problems;

/// A tag of a registration. Clients are not told of it.
///
/// Invariants: 1 to [`limits::MAX_TAG_BYTES`] bytes, only ASCII letters, digits and `_.-:/=+@`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Tag(Box<str>);

/// Not a tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a tag is 1 to {} letters, digits and _.-:/=+@", limits::MAX_TAG_BYTES)]
pub struct InvalidTag;

impl Tag {
    /// Parses a tag.
    pub fn parse(text: &str) -> Result<Self, InvalidTag> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-:/=+@".contains(&b);
        let fits = (1..=limits::MAX_TAG_BYTES).contains(&text.len());
        (fits && text.bytes().all(allowed)).then(|| Self(text.into())).ok_or(InvalidTag)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Parses the tags of a document; faults are noted under `pointer`.
pub fn parse_all(pointer: &str, texts: &[String], problems: &mut Problems) -> Vec<Tag> {
    if texts.len() > limits::MAX_TAGS {
        problems.note(pointer, format!("has more than {} tags", limits::MAX_TAGS));
    }
    let parse = |(index, text): (usize, &String)| {
        problems.keep(&format!("{pointer}/{index}"), Tag::parse(text))
    };
    texts.iter().enumerate().filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_bounds() {
        for good in ["a", "team:blue", "env=prod/eu.1_x-y+z@w", &"t".repeat(limits::MAX_TAG_BYTES)]
        {
            assert_eq!(Tag::parse(good).map(|tag| tag.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "a b", "a*", "é", "a,b", &"t".repeat(limits::MAX_TAG_BYTES + 1)] {
            assert_eq!(Tag::parse(bad), Err(InvalidTag), "{bad}");
        }
    }

    #[test]
    fn how_many_there_may_be() {
        let check = |count: usize| {
            let mut problems = Problems::default();
            let parsed = parse_all("/tags", &vec!["a".to_owned(); count], &mut problems);
            (parsed.len(), problems.into_error().to_string())
        };
        assert_eq!(check(limits::MAX_TAGS), (limits::MAX_TAGS, String::new()));
        assert_eq!(check(limits::MAX_TAGS + 1).1, "/tags: has more than 50 tags");
    }
}
