//! What a mailbox's queue is called.
//!
//! Every name has the same form, so that a stack's queues can be told from those of all others,
//! also where the name of one stack begins with that of another.

use std::fmt;

use ring::digest::{SHA256, digest};

use crate::deployment::{self, MAILBOX_SUFFIX as SUFFIX, MAX_STACK_CHARACTERS};
use crate::port::MailboxId;

/// Says whose a queue is, in its name and tag.
///
/// Invariants: 1 to [`MAX_STACK_CHARACTERS`] ASCII letters, digits and hyphens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StackIdentifier(String);

impl StackIdentifier {
    /// Parses an identifier.
    pub fn parse(text: &str) -> Result<Self, InvalidStackIdentifier> {
        let characters = text.chars().count();
        if !(1..=MAX_STACK_CHARACTERS).contains(&characters) {
            return Err(InvalidStackIdentifier::Length { characters });
        }
        match text.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
            Some(character) => Err(InvalidStackIdentifier::Character { character }),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is not a stack's identifier.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidStackIdentifier {
    /// It is empty, or too long for the names of queues.
    #[error("a stack identifier has 1 to {MAX_STACK_CHARACTERS} characters, not {characters}")]
    Length {
        /// How many it has.
        characters: usize,
    },
    /// It has a character that names of queues may not have.
    #[error("a stack identifier has letters, digits and hyphens, not {character:?}")]
    Character {
        /// The first one.
        character: char,
    },
}

/// The name of a mailbox's queue: `mcp-<stack>-<32 hexadecimal digits>.fifo`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct QueueName(String);

impl QueueName {
    /// The queue of a mailbox.
    pub(super) fn new(stack: &StackIdentifier, id: &MailboxId) -> Self {
        let id = id.as_str();
        let prefix = prefix(stack);
        // The mailbox of a session keeps its name, by which people find it.
        if deployment::is_mailbox_key(id) {
            return Self(format!("{prefix}{id}{SUFFIX}"));
        }
        let hash = digest(&SHA256, id.as_bytes());
        let hash = u128::from_be_bytes(hash.as_ref()[..16].try_into().expect("16 of 32 bytes"));
        Self(format!("{prefix}{hash:032x}{SUFFIX}"))
    }

    /// The name.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What all names of a stack's queues begin with. Those of another stack may too.
pub(super) fn prefix(stack: &StackIdentifier) -> String {
    deployment::mailbox_prefix(&stack.0)
}

/// Whether a queue, by its URL, is a mailbox of this stack and of no other.
pub(super) fn is_mailbox(stack: &StackIdentifier, url: &str) -> bool {
    deployment::is_mailbox(&stack.0, url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::SessionKey;

    fn stack(text: &str) -> StackIdentifier {
        StackIdentifier::parse(text).expect("an identifier")
    }

    #[test]
    fn identifiers() {
        for text in ["a", "-", "Prod-2", &"a".repeat(38)] {
            assert_eq!(StackIdentifier::parse(text).expect(text).as_str(), text);
        }
        for (text, characters) in [("", 0), (&*"a".repeat(39), 39), (&*"é".repeat(39), 39)] {
            let expected = InvalidStackIdentifier::Length { characters };
            assert_eq!(StackIdentifier::parse(text), Err(expected), "{text}");
        }
        for (text, character) in [("a_b", '_'), ("é", 'é'), ("a.fifo", '.'), ("a b", ' ')] {
            let expected = InvalidStackIdentifier::Character { character };
            assert_eq!(StackIdentifier::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn names() {
        let key = SessionKey([0xab; 16]);
        let session = QueueName::new(&stack("s"), &MailboxId::session(key));
        assert_eq!(session.as_str(), "mcp-s-abababababababababababababababab.fifo");
        let exchange = MailboxId::exchange(key, "0123456789abcdef0123456789abcdef");
        assert_eq!(exchange.as_str().len(), 65);
        let exchange = QueueName::new(&stack("s"), &exchange);
        // By an independent tool: printf %s ID | sha256sum | cut -c 1-32
        assert_eq!(exchange.as_str(), "mcp-s-b90359967e96d455293fab024ebf6273.fifo");
        let longest = QueueName::new(&stack(&"a".repeat(38)), &MailboxId::session(key));
        assert_eq!(longest.as_str().len(), 80, "SQS's bound");
    }

    #[test]
    fn queues_are_told_apart() {
        let key = "0123456789abcdef0123456789abcdef";
        let of = |stack: &str, key: &str| format!("https://sqs.x/1/mcp-{stack}-{key}.fifo");
        assert!(is_mailbox(&stack("a"), &of("a", key)));
        assert!(is_mailbox(&stack("a-b"), &of("a-b", key)));
        for foreign in [
            of("a-b", key),
            of("b", key),
            of("A", key),
            of("a", &key.to_uppercase()),
            of("a", &key[1..]),
            of("a", &format!("{key}0")),
            of("a", &format!("{key}-{key}")),
            of("a", key).replace(".fifo", ""),
            of("a", key) + "x",
            format!("https://sqs.x/1/x-mcp-a-{key}.fifo"),
            // The stack `a` must not take the key of the stack `a-<key>` for its own.
            of(&format!("a-{}", &key[..31]), key),
            String::new(),
        ] {
            assert!(!is_mailbox(&stack("a"), &foreign), "{foreign}");
        }
    }
}
