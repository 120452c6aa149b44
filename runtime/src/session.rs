//! Sessions of the legacy revisions.
//!
//! A session costs nothing until it is used: its id is sealed, so that no store is asked to trust
//! it. Only state that is set, and the end of a session, are stored.

pub mod seal;
pub mod state;

use std::str::FromStr;
use std::time::Duration;

use ring::digest::{SHA256, digest};

use crate::port::buckets::parse_period;
use crate::port::{SessionKey, Timestamp};
use crate::principal::Principal;
use crate::protocol::capability::ClientCapabilities;
use crate::protocol::version::LegacyVersion;
use crate::server::ServerName;
use crate::session::seal::{Purpose, Sealer};

/// How long a session lives, from its creation (the origin's 24 hours).
pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// When sessions end by themselves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expiry {
    /// So long after they began, however much they are used. Nothing is stored for it.
    Fixed(Duration),
    /// So long after they were last used. Their use is noted in the session's record, at most
    /// [`NOTES`] times in that time.
    Sliding(IdleTime),
}

impl Default for Expiry {
    fn default() -> Self {
        Self::Fixed(LIFETIME)
    }
}

/// Into how many parts the idle time is cut: one use in each is noted.
pub const NOTES: u32 = 10;

/// How long a session may be idle.
///
/// Invariant: [`MIN_IDLE`] to [`MAX_IDLE`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IdleTime(Duration);

/// The shortest idle time.
pub const MIN_IDLE: Duration = Duration::from_secs(60);
/// The longest idle time.
pub const MAX_IDLE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Not an idle time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an idle time is 1m to 720h, such as 30m")]
pub struct InvalidIdleTime;

impl IdleTime {
    /// An idle time within the bounds.
    pub fn new(time: Duration) -> Result<Self, InvalidIdleTime> {
        let fits = (MIN_IDLE..=MAX_IDLE).contains(&time);
        fits.then_some(Self(time)).ok_or(InvalidIdleTime)
    }
}

impl FromStr for IdleTime {
    type Err = InvalidIdleTime;

    fn from_str(text: &str) -> Result<Self, InvalidIdleTime> {
        Self::new(parse_period(text).ok_or(InvalidIdleTime)?)
    }
}

impl Expiry {
    fn time(self) -> Duration {
        match self {
            Self::Fixed(time) | Self::Sliding(IdleTime(time)) => time,
        }
    }

    /// Whether its id alone tells that a session has not expired.
    pub fn is_young(self, session: &Session, now: Timestamp) -> bool {
        now < session.created_at.after(self.time())
    }

    /// Whether a session whose id alone is not enough may live on by its record.
    pub fn needs_record(self) -> bool {
        matches!(self, Self::Sliding(_))
    }

    /// Until when what is stored about a session that is in use must be kept.
    pub fn record_expires_at(self, session: &Session, now: Timestamp) -> Timestamp {
        match self {
            Self::Fixed(time) => session.created_at.after(time),
            Self::Sliding(IdleTime(time)) => now.max(session.created_at).after(time),
        }
    }

    /// Whether a use is to be noted, if the last one that was noted was then.
    pub fn is_worth_noting(self, noted: Timestamp, now: Timestamp) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Sliding(IdleTime(time)) => now > noted.after(time / NOTES),
        }
    }
}

/// How a session's messages travel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    /// Streamable HTTP.
    Streamable,
    /// HTTP+SSE of 2024-11-05.
    Sse,
}

/// A session whose id was opened: genuine, and its caller's own. Whether it has expired is another
/// question.
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
    /// Seals the session into an id: visible ASCII, bound to the principal and to the virtual
    /// server at which it began, if it was one.
    pub fn seal(
        &self,
        sealer: &Sealer,
        nonce: [u8; 12],
        principal: &Principal,
        server: Option<&ServerName>,
    ) -> String {
        let mut plain = Vec::with_capacity(LENGTH);
        plain.push(LAYOUT);
        plain.extend_from_slice(&self.created_at.0.to_be_bytes());
        plain.extend_from_slice(&self.key.0);
        let version = LegacyVersion::ALL.iter().position(|known| *known == self.version);
        plain.push(u8::try_from(version.unwrap_or(0)).unwrap_or(0));
        plain.push(self.capabilities.to_bits());
        plain.push(u8::from(self.transport == Transport::Sse));
        plain.extend_from_slice(&binding(principal, server));
        sealer.seal(Purpose::Session, nonce, &plain)
    }

    /// Opens an id; `None` when it is forged, another principal's, or of another server.
    pub fn open(
        sealer: &Sealer,
        id: &str,
        principal: &Principal,
        server: Option<&ServerName>,
    ) -> Option<Self> {
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
        (plain[28..] == binding(principal, server)).then_some(session)
    }
}

/// Whose a session is, and where: without a virtual server, the principal's own digest.
fn binding(principal: &Principal, server: Option<&ServerName>) -> [u8; 16] {
    let owner = principal.binding();
    let Some(server) = server else { return owner };
    let mut text = b"virtual server\0".to_vec();
    text.extend_from_slice(&owner);
    text.extend_from_slice(server.as_str().as_bytes());
    let mut short = [0; 16];
    short.copy_from_slice(&digest(&SHA256, &text).as_ref()[..16]);
    short
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
    fn ids_open_for_their_owner() {
        let sealer = Sealer::new(&[[1; 32]]);
        let id = session().seal(&sealer, [3; 12], &Principal::Anonymous, None);
        assert!(id.bytes().all(|byte| (0x21..=0x7e).contains(&byte)), "{id}");
        let open = |principal: &Principal| Session::open(&sealer, &id, principal, None);
        assert_eq!(open(&Principal::Anonymous), Some(session()));
        let other = Principal::Iam { arn: "arn:aws:iam::123456789012:user/a".to_owned() };
        assert_eq!(open(&other), None);
    }

    #[test]
    fn ids_open_at_their_server() {
        let sealer = Sealer::new(&[[1; 32]]);
        let (a, b) = (ServerName::parse("a").ok(), ServerName::parse("b").ok());
        let servers = [None, a.as_ref(), b.as_ref()];
        for own in servers {
            let id = session().seal(&sealer, [3; 12], &Principal::Anonymous, own);
            for other in servers {
                let opened = Session::open(&sealer, &id, &Principal::Anonymous, other);
                assert_eq!(opened.is_some(), own == other, "{own:?} at {other:?}");
            }
        }
    }

    fn sliding(text: &str) -> Expiry {
        Expiry::Sliding(text.parse().expect("an idle time"))
    }

    #[test]
    fn sessions_are_young_until_their_time_has_passed() {
        for (expiry, time) in [(Expiry::default(), LIFETIME), (sliding("1m"), MIN_IDLE)] {
            let end = session().created_at.after(time);
            assert!(expiry.is_young(&session(), Timestamp(end.0 - 1)));
            assert!(!expiry.is_young(&session(), end));
            assert_eq!(expiry.record_expires_at(&session(), session().created_at), end);
        }
        let later = Timestamp(500_000);
        let end = session().created_at.after(LIFETIME);
        assert_eq!(Expiry::default().record_expires_at(&session(), later), end);
        assert_eq!(sliding("1m").record_expires_at(&session(), later), later.after(MIN_IDLE));
        assert!(sliding("1m").needs_record() && !Expiry::default().needs_record());
    }

    #[test]
    fn one_use_in_each_tenth_is_noted() {
        let (expiry, noted) = (sliding("10m"), Timestamp(7));
        let tenth = noted.after(Duration::from_secs(60));
        assert!(!expiry.is_worth_noting(noted, tenth));
        assert!(expiry.is_worth_noting(noted, Timestamp(tenth.0 + 1)));
        assert!(!Expiry::default().is_worth_noting(noted, Timestamp(u64::MAX)));
    }

    #[test]
    fn idle_times() {
        for (good, seconds) in [("60s", 60), ("1m", 60), ("30m", 1_800), ("720h", 2_592_000)] {
            assert_eq!(good.parse(), Ok(IdleTime(Duration::from_secs(seconds))));
        }
        for bad in ["", "m", "59s", "0m", "721h", "2592001s", "1d", "30", "-1m", "1.5h", " 1m"] {
            assert_eq!(bad.parse::<IdleTime>(), Err(InvalidIdleTime), "{bad}");
        }
    }

    #[test]
    fn no_character_of_an_id_can_be_changed() {
        let sealer = Sealer::new(&[[1; 32]]);
        let id = session().seal(&sealer, [3; 12], &Principal::Anonymous, None);
        for at in 0..id.len() {
            let mut bytes = id.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            let opened = Session::open(&sealer, &changed, &Principal::Anonymous, None);
            assert_eq!(opened, None, "at {at}");
        }
        for text in ["", "x", &format!("{id}A"), &id[1..], "session-123"] {
            assert!(Session::open(&sealer, text, &Principal::Anonymous, None).is_none());
        }
    }
}
