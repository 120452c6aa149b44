//! Sessions of the legacy revisions.
//!
//! A session costs nothing until it is used: its id is sealed, so that no store is asked to trust
//! it. Only state that is set, and the end of a session, are stored.

pub mod seal;
pub mod state;

use std::time::Duration;

use crate::port::{SessionKey, Timestamp};
use crate::principal::Principal;
use crate::protocol::capability::ClientCapabilities;
use crate::protocol::version::LegacyVersion;
use crate::session::seal::{Purpose, Sealer};

/// How long a session lives, from its creation (the origin's 24 hours).
pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// How a session's messages travel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    /// Streamable HTTP.
    Streamable,
    /// HTTP+SSE of 2024-11-05.
    Sse,
}

/// A session whose id was opened: genuine, unexpired, and its caller's own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// The key of what is stored about it.
    pub key: SessionKey,
    /// When it began.
    pub created_at: Timestamp,
    /// How its messages travel.
    pub transport: Transport,
    /// The negotiated revision; for HTTP+SSE the newest until `initialize` was read.
    pub version: LegacyVersion,
    /// What the client can do.
    pub capabilities: ClientCapabilities,
}

/// Marks the layout of the sealed bytes.
const LAYOUT: u8 = 1;
/// Layout, creation, key, version, capabilities, transport, principal.
const LENGTH: usize = 1 + 8 + 16 + 1 + 1 + 1 + 16;

impl Session {
    /// When it ends by itself.
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.after(LIFETIME)
    }

    /// Seals the session into an id: visible ASCII, bound to the principal.
    pub fn seal(&self, sealer: &Sealer, nonce: [u8; 12], principal: &Principal) -> String {
        let mut plain = Vec::with_capacity(LENGTH);
        plain.push(LAYOUT);
        plain.extend_from_slice(&self.created_at.0.to_be_bytes());
        plain.extend_from_slice(&self.key.0);
        let version = LegacyVersion::ALL.iter().position(|known| *known == self.version);
        plain.push(u8::try_from(version.unwrap_or(0)).unwrap_or(0));
        plain.push(self.capabilities.to_bits());
        plain.push(u8::from(self.transport == Transport::Sse));
        plain.extend_from_slice(&principal.binding());
        sealer.seal(Purpose::Session, nonce, &plain)
    }

    /// Opens an id; `None` when it is forged, expired, or another principal's.
    pub fn open(sealer: &Sealer, id: &str, principal: &Principal, now: Timestamp) -> Option<Self> {
        let plain = sealer.open(Purpose::Session, id)?;
        if plain.len() != LENGTH || plain[0] != LAYOUT {
            return None;
        }
        let created_at = Timestamp(u64::from_be_bytes(plain[1..9].try_into().ok()?));
        let session = Self {
            key: SessionKey(plain[9..25].try_into().ok()?),
            created_at,
            version: *LegacyVersion::ALL.get(usize::from(plain[25]))?,
            capabilities: ClientCapabilities::from_bits(plain[26]),
            transport: if plain[27] == 1 { Transport::Sse } else { Transport::Streamable },
        };
        (plain[28..] == principal.binding() && now < session.expires_at()).then_some(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session {
            key: SessionKey([7; 16]),
            created_at: Timestamp(1_000),
            transport: Transport::Sse,
            version: LegacyVersion::V2025_06_18,
            capabilities: ClientCapabilities { sampling: true, ..ClientCapabilities::default() },
        }
    }

    #[test]
    fn ids_open_for_their_owner_until_they_expire() {
        let sealer = Sealer::new(&[[1; 32]]);
        let id = session().seal(&sealer, [3; 12], &Principal::Anonymous);
        assert!(id.bytes().all(|byte| (0x21..=0x7e).contains(&byte)), "{id}");
        let open = |principal: &Principal, now| Session::open(&sealer, &id, principal, now);
        assert_eq!(open(&Principal::Anonymous, Timestamp(2_000)), Some(session()));
        let other = Principal::Iam { arn: "arn:aws:iam::123456789012:user/a".to_owned() };
        assert_eq!(open(&other, Timestamp(2_000)), None);
        let end = session().expires_at();
        assert!(open(&Principal::Anonymous, Timestamp(end.0 - 1)).is_some());
        assert_eq!(open(&Principal::Anonymous, end), None);
    }

    #[test]
    fn no_character_of_an_id_can_be_changed() {
        let sealer = Sealer::new(&[[1; 32]]);
        let id = session().seal(&sealer, [3; 12], &Principal::Anonymous);
        for at in 0..id.len() {
            let mut bytes = id.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            let opened = Session::open(&sealer, &changed, &Principal::Anonymous, Timestamp(2_000));
            assert_eq!(opened, None, "at {at}");
        }
        for text in ["", "x", &format!("{id}A"), &id[1..], "session-123"] {
            assert!(Session::open(&sealer, text, &Principal::Anonymous, Timestamp(2)).is_none());
        }
    }
}
