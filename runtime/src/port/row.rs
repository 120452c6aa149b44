//! The keys of what is stored with the registrations.

use std::fmt;

use crate::protocol::name::Name;
use crate::registration::{Kind, RegistrationId};
use crate::server::ServerName;

/// The key of a row: a registration, a policy or a virtual server.
///
/// As a text it begins with what it is, so that no two of them are the same, and so that all rows
/// of one sort stand together in the order of their keys: policies first, then registrations,
/// then virtual servers.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum RowId {
    /// A policy.
    Policy(Name),
    /// A registration.
    Registration(RegistrationId),
    /// A virtual server.
    Server(ServerName),
}

const POLICY: &str = "policy-";
const SERVER: &str = "virtual-";

impl RowId {
    /// Parses a key; `None` when nothing could have it.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix(POLICY) {
            return Name::parse(name).ok().map(Self::Policy);
        }
        if let Some(name) = text.strip_prefix(SERVER) {
            return ServerName::parse(name).ok().map(Self::Server);
        }
        RegistrationId::parse(text).map(Self::Registration)
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(name) => write!(f, "{POLICY}{name}"),
            Self::Registration(id) => id.fmt(f),
            Self::Server(name) => write!(f, "{SERVER}{name}"),
        }
    }
}

impl From<RegistrationId> for RowId {
    fn from(id: RegistrationId) -> Self {
        Self::Registration(id)
    }
}

impl From<&RegistrationId> for RowId {
    fn from(id: &RegistrationId) -> Self {
        Self::Registration(id.clone())
    }
}

/// Which rows are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rows {
    /// All, whatever they are.
    All,
    /// Policies.
    Policies,
    /// Registrations, of one kind or all.
    Registrations(Option<Kind>),
    /// Virtual servers.
    Servers,
}

/// What a row is, by its key alone, which may be one that does not parse.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sort {
    /// A policy.
    Policy,
    /// A registration, or nothing that is known.
    Registration,
    /// A virtual server.
    Server,
}

impl Sort {
    /// What the row of a key is.
    pub fn of(key: &str) -> Self {
        match key {
            key if key.starts_with(POLICY) => Self::Policy,
            key if key.starts_with(SERVER) => Self::Server,
            _ => Self::Registration,
        }
    }
}

impl Rows {
    /// The first and the last key that such rows may have; both belong to them. `None` for all.
    pub fn span(self) -> Option<(String, String)> {
        let between =
            |first: &str, last: &str| (format!("{first}-"), format!("{last}-{}", char::MAX));
        match self {
            Self::All => None,
            Self::Policies => Some((POLICY.to_owned(), format!("{POLICY}{}", char::MAX))),
            Self::Servers => Some((SERVER.to_owned(), format!("{SERVER}{}", char::MAX))),
            Self::Registrations(Some(kind)) => Some(between(kind.as_str(), kind.as_str())),
            Self::Registrations(None) => Some(between(Kind::Prompt.as_str(), Kind::Tool.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_and_do_not_collide() {
        for text in ["policy-a", "virtual-a", "tool-a", "resource-a", "prompt-a", "tool-policy-a"] {
            assert_eq!(RowId::parse(text).map(|id| id.to_string()), Some(text.to_owned()));
        }
        for text in ["", "policy-", "policy", "policy-a b", "virtual-A", "server-a", "a-b"] {
            assert_eq!(RowId::parse(text), None, "{text}");
        }
        // What a registration could be called is never a policy.
        assert!(RegistrationId::parse("policy-a").is_none());
        assert!(RegistrationId::parse("virtual-a").is_none());
    }

    #[test]
    fn sorts_stand_together() {
        let mut keys = ["policy-z", "prompt-a", "resource-a", "tool-z", "virtual-a"];
        keys.sort_unstable();
        let sorts: Vec<Sort> = keys.iter().map(|key| Sort::of(key)).collect();
        let one = Sort::Registration;
        assert_eq!(sorts, [Sort::Policy, one, one, one, Sort::Server]);
        let within = |rows: Rows| {
            let (first, last) = rows.span().expect("a span");
            let inside = |key: &&&str| first.as_str() <= **key && **key <= last.as_str();
            keys.iter().filter(inside).count()
        };
        assert_eq!(within(Rows::Policies), 1);
        assert_eq!(within(Rows::Registrations(None)), 3);
        assert_eq!(within(Rows::Registrations(Some(Kind::Tool))), 1);
        assert_eq!(within(Rows::Servers), 1);
    }
}
