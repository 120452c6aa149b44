//! Authenticated encryption of what clients hold for us: session ids and request state.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Longest text that is tried: a request state of 64 KiB, each of whose characters JSON may write as
/// six, in base64.
const MAX_SEALED_BYTES: usize = 600 * 1024;

/// What a sealed value is for; one kind never opens as another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// A session id.
    Session,
    /// The state of an `input_required` result.
    RequestState,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Session => b"mcp-lambda session 1",
            Self::RequestState => b"mcp-lambda request state 1",
        }
    }
}

/// Seals with the newest key and opens with any.
pub struct Sealer(Vec<LessSafeKey>);

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealer({} keys)", self.0.len())
    }
}

impl Sealer {
    /// Prepares keys, newest last; there must be at least one.
    pub fn new(keys: &[[u8; 32]]) -> Self {
        let key = |bytes: &[u8; 32]| {
            let key = UnboundKey::new(&AES_256_GCM, bytes).expect("a key of AES-256 has 32 bytes");
            LessSafeKey::new(key)
        };
        Self(keys.iter().map(key).collect())
    }

    /// Seals a value. The nonce must be random: two values under one nonce would give away both.
    pub fn seal(&self, purpose: Purpose, nonce: [u8; NONCE_LEN], plain: &[u8]) -> String {
        let key = self.0.last().expect("a sealer has at least one key");
        let mut sealed = plain.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(unique, Aad::from(purpose.label()), &mut sealed)
            .expect("values are far smaller than AES-GCM's limit of 64 GiB");
        let mut bytes = nonce.to_vec();
        bytes.append(&mut sealed);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Opens a value; `None` when it was not sealed by one of the keys for this purpose.
    pub fn open(&self, purpose: Purpose, text: &str) -> Option<Vec<u8>> {
        if text.len() > MAX_SEALED_BYTES {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        self.0.iter().rev().find_map(|key| {
            let mut buffer = sealed.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let length =
                key.open_in_place(nonce, Aad::from(purpose.label()), &mut buffer).ok()?.len();
            buffer.truncate(length);
            Some(buffer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotation_and_purposes() {
        let old = Sealer::new(&[[1; 32]]);
        let both = Sealer::new(&[[1; 32], [2; 32]]);
        let text = old.seal(Purpose::Session, [0; 12], b"x");
        assert_eq!(both.open(Purpose::Session, &text).as_deref(), Some(&b"x"[..]));
        assert_eq!(both.open(Purpose::RequestState, &text), None);
        let text = both.seal(Purpose::Session, [1; 12], b"y");
        assert_eq!(old.open(Purpose::Session, &text), None);
    }
}
