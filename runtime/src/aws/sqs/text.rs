//! Messages and their ids, in the characters that SQS takes.
//!
//! Almost every message goes as it is. SQS refuses some characters that JSON allows, U+FFFE for
//! one, so a message that has such goes escaped; whether it is, its first character says.

use std::borrow::Cow;

use bytes::Bytes;
use ring::digest::{SHA256, digest};

/// Bytes of a message as SQS counts them.
pub(super) const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// Begins an escaped message, and in it a byte of two hexadecimal digits. No JSON text begins so.
const ESCAPE: char = '~';

/// A message as SQS takes it.
pub(super) fn encode(body: &Bytes) -> Cow<'_, str> {
    match std::str::from_utf8(body) {
        Ok(text) if !text.is_empty() && !text.starts_with(ESCAPE) && text.chars().all(is_taken) => {
            Cow::Borrowed(text)
        }
        _ => Cow::Owned(escape(body)),
    }
}

/// The bytes that were encoded; nothing if nobody encoded them so.
pub(super) fn decode(text: String) -> Option<Bytes> {
    match text.strip_prefix(ESCAPE) {
        None => Some(Bytes::from(text)),
        Some(escaped) => unescape(escaped),
    }
}

fn escape(body: &[u8]) -> String {
    let mut text = String::with_capacity(body.len() + 16);
    text.push(ESCAPE);
    for chunk in body.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_taken(character) && character != ESCAPE {
                text.push(character);
            } else {
                escape_bytes(character.encode_utf8(&mut [0; 4]).as_bytes(), &mut text);
            }
        }
        escape_bytes(chunk.invalid(), &mut text);
    }
    text
}

fn escape_bytes(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        text.push(ESCAPE);
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
}

fn unescape(text: &str) -> Option<Bytes> {
    let mut parts = text.split(ESCAPE);
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        // `from_str_radix` would take a sign.
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    Some(bytes.into())
}

/// SendMessage, "MessageBody": what XML 1.0 allows.
fn is_taken(character: char) -> bool {
    matches!(character,
        '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// A deduplication id as SQS takes it: itself, or a hash of it.
pub(super) fn deduplication(id: &str) -> Cow<'_, str> {
    let fits = (1..=MAX_DEDUPLICATION_CHARACTERS).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_graphic())
        && !id.starts_with(HASHED);
    if fits {
        return Cow::Borrowed(id);
    }
    let mut hashed = HASHED.to_owned();
    for byte in digest(&SHA256, id.as_bytes()).as_ref() {
        hashed.push_str(&format!("{byte:02x}"));
    }
    Cow::Owned(hashed)
}

/// SendMessage, "MessageDeduplicationId".
const MAX_DEDUPLICATION_CHARACTERS: usize = 128;
/// Begins what is a hash, and nothing else.
const HASHED: &str = "sha256:";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &[u8], sent: &str) {
        let body = Bytes::copy_from_slice(body);
        assert_eq!(encode(&body), sent);
        assert!(!sent.is_empty() && sent.chars().all(is_taken), "{sent:?}");
        assert_eq!(decode(sent.to_owned()), Some(body));
    }

    #[test]
    fn most_go_as_they_are() {
        let all = "\t\n\r {\"~\u{7f}\u{80}\u{d7ff}\u{e000}\u{fffd}\u{10000}\u{10ffff}\u{1ffff}";
        for text in ["{}", "x", all] {
            check(text.as_bytes(), text);
            assert!(matches!(encode(&Bytes::from(text)), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn what_sqs_refuses_is_escaped() {
        check(b"", "~");
        check("~{}".as_bytes(), "~~7e{}");
        check("\"\u{fffe}~\u{ffff}é\"".as_bytes(), "~\"~ef~bf~be~7e~ef~bf~bfé\"");
        check(b"\x00\x08\x0b\x0c\x0e\x1f", "~~00~08~0b~0c~0e~1f");
        check(b"a\xff\xc3", "~a~ff~c3");
    }

    #[test]
    fn every_character_comes_back() {
        for first in (0..=0x10_ffff).step_by(0x400) {
            let text: String = (first..first + 0x400).filter_map(char::from_u32).collect();
            let body = Bytes::from(text);
            let sent = encode(&body).into_owned();
            assert!(sent.chars().all(is_taken), "at {first:x}");
            assert_eq!(decode(sent), Some(body), "at {first:x}");
        }
    }

    #[test]
    fn what_nobody_encoded() {
        for text in ["~~", "~~7", "~~+7", "~~g0", "~~é", "~a~"] {
            assert_eq!(decode(text.to_owned()), None, "{text}");
        }
    }

    #[test]
    fn deduplication_ids() {
        let longest = "!~".repeat(64);
        for id in ["1", "0f.3", "sha256", &longest] {
            assert_eq!(deduplication(id), id);
        }
        let too_long = "a".repeat(129);
        for id in ["", " ", "a b", "é", "\u{7f}", "sha256:", &too_long] {
            let sent = deduplication(id);
            assert!(sent.starts_with("sha256:") && sent.len() == 71, "{sent}");
            assert_eq!(sent, deduplication(id));
            assert_ne!(sent, deduplication(&format!("{id} ")));
        }
    }
}
