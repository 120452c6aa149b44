//! Which registrations: by kind, name and tags. Policies and virtual servers say it alike.

use serde_json::value::RawValue;

use crate::policy::document::{AnyOr, Select as Document, Strings};
use crate::policy::pattern::Pattern;
use crate::protocol::name::Name;
use crate::registration::Kind;
use crate::registration::problem::Problems;
use crate::registration::tag::Tag;

/// What decisions know of a registration.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// Its kind; a resource template is a resource.
    pub kind: Kind,
    /// Its name.
    pub name: &'a Name,
    /// Its tags.
    pub tags: &'a [Tag],
}

/// A choice of registrations: those that satisfy every condition that is there.
#[derive(Clone, Debug, Default)]
pub struct Select {
    kinds: Option<Vec<Kind>>,
    names: Option<Vec<Pattern>>,
    tags: Option<Vec<Pattern>>,
}

impl Select {
    /// Reads `"*"`, or an object of conditions. Faults are noted under `pointer`.
    pub(crate) fn parse(raw: &RawValue, pointer: &str, problems: &mut Problems) -> Self {
        let hint = "must be \"*\" or an object with type, name or tag";
        let document = match AnyOr::<Document>::read(raw, hint) {
            Err(detail) => {
                problems.note(pointer, detail);
                return Self::default();
            }
            Ok(AnyOr::Any) => return Self::default(),
            Ok(AnyOr::Of(document)) => document,
        };
        if document.kind.is_none() && document.name.is_none() && document.tag.is_none() {
            problems.note(pointer, "has no condition: name one, or write \"*\" for everything");
        }
        let mut each = |member: &str, values: Option<Strings>| {
            values.map(|values| values.check(&format!("{pointer}/{member}"), problems))
        };
        let (kinds, names, tags) =
            (each("type", document.kind), each("name", document.name), each("tag", document.tag));
        let kind = |text: &str| Kind::parse(text).ok_or("must be tool, resource or prompt");
        Self {
            kinds: kinds.map(|of| of.parse(problems, kind)),
            names: names.map(|of| of.parse(problems, Pattern::parse_name)),
            tags: tags.map(|of| of.parse(problems, Pattern::parse)),
        }
    }

    /// Whether it could choose a registration of a kind.
    pub(super) fn may_choose(&self, kind: Kind) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }

    /// Whether it chooses a registration.
    pub fn chooses(&self, labels: Labels<'_>) -> bool {
        let name = labels.name.as_str();
        let tagged =
            |pattern: &Pattern| labels.tags.iter().any(|tag| pattern.matches(tag.as_str()));
        let names = self.names.as_deref().unwrap_or_default();
        let tags = self.tags.as_deref().unwrap_or_default();
        self.may_choose(labels.kind)
            && (self.names.is_none() || names.iter().any(|pattern| pattern.matches(name)))
            && (self.tags.is_none() || tags.iter().any(tagged))
    }
}
