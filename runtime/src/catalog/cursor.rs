//! Page tokens: opaque to clients, versioned, and no secret inside.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::protocol::call::List;
use crate::protocol::error::RpcError;
use crate::protocol::limits;
use crate::protocol::name::Name;

/// The place in a list after which a page begins.
///
/// By name, not by number, so that what is registered between two requests moves nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cursor {
    list: List,
    after: Name,
}

impl Cursor {
    /// A cursor behind an entry.
    pub fn new(list: List, after: Name) -> Self {
        Self { list, after }
    }

    /// Parses what a client sent back.
    pub fn parse(text: &str, list: List) -> Result<Self, RpcError> {
        let parsed = || {
            if text.len() > limits::MAX_CURSOR_BYTES {
                return None;
            }
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let plain = String::from_utf8(bytes).ok()?;
            let name = plain.strip_prefix(mark(list))?;
            Name::parse(name).ok()
        };
        match parsed() {
            Some(after) => Ok(Self { list, after }),
            None => Err(RpcError::params("the cursor is not valid; list again from the start")),
        }
    }

    /// The text for the client.
    pub fn render(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{}", mark(self.list), self.after))
    }

    /// The last name of the page before.
    pub fn after(&self) -> &Name {
        &self.after
    }
}

fn mark(list: List) -> &'static str {
    match list {
        List::Tools => "1t:",
        List::Resources => "1r:",
        List::ResourceTemplates => "1u:",
        List::Prompts => "1p:",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_refusals() {
        let cursor = Cursor::new(List::Tools, Name::parse("a.b").expect("a name"));
        let text = cursor.render();
        assert_eq!(Cursor::parse(&text, List::Tools).ok(), Some(cursor));
        assert!(Cursor::parse(&text, List::Prompts).is_err());
        for bad in ["", "x", "!!", &format!("{text}A"), &"A".repeat(limits::MAX_CURSOR_BYTES + 1)] {
            assert!(Cursor::parse(bad, List::Tools).is_err(), "{bad}");
        }
    }
}
