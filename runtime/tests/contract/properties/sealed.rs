//! Sealed values: they open for whom and what they were sealed for, and nothing else opens.

use mcp_lambda_runtime::port::{SessionKey, Timestamp};
use mcp_lambda_runtime::principal::Principal;
use mcp_lambda_runtime::protocol::capability::ClientCapabilities;
use mcp_lambda_runtime::protocol::version::LegacyVersion;
use mcp_lambda_runtime::session::seal::{Purpose, Sealer};
use mcp_lambda_runtime::session::{Session, Transport};
use proptest::prelude::*;

use super::{config, text};

fn session() -> impl Strategy<Value = Session> {
    let versions = prop::sample::select(LegacyVersion::ALL.to_vec());
    let transports = prop::sample::select(vec![Transport::Streamable, Transport::Sse]);
    (any::<[u8; 16]>(), 0..u64::MAX / 2, transports, versions, 0..16_u8).prop_map(
        |(key, created_at, transport, version, bits)| Session {
            key: SessionKey(key),
            created_at: Timestamp(created_at),
            transport,
            version,
            capabilities: ClientCapabilities::from_bits(bits),
        },
    )
}

fn principal() -> impl Strategy<Value = Principal> {
    let iam = text().prop_map(|arn| Principal::Iam { arn });
    prop_oneof![Just(Principal::Anonymous), iam]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn sessions_open_for_their_owner(
        session in session(),
        owner in principal(),
        stranger in principal(),
        keys in prop::collection::vec(any::<[u8; 32]>(), 1..3),
        nonce in any::<[u8; 12]>(),
    ) {
        let sealer = Sealer::new(&keys);
        let id = session.seal(&sealer, nonce, &owner, None);
        prop_assert!(id.bytes().all(|byte| (0x21..=0x7e).contains(&byte)), "{}", id);
        prop_assert_eq!(Session::open(&sealer, &id, &owner, None), Some(session.clone()));
        let expected = Some(session).filter(|_| stranger == owner);
        prop_assert_eq!(Session::open(&sealer, &id, &stranger, None), expected);
    }

    #[test]
    fn values_open_for_their_purpose(
        plain in prop::collection::vec(any::<u8>(), 0..300),
        key in any::<[u8; 32]>(),
        newer in any::<[u8; 32]>(),
        nonce in any::<[u8; 12]>(),
    ) {
        let text = Sealer::new(&[key]).seal(Purpose::RequestState, nonce, &plain);
        let both = Sealer::new(&[key, newer]);
        prop_assert_eq!(both.open(Purpose::RequestState, &text), Some(plain));
        prop_assert_eq!(both.open(Purpose::Session, &text), None);
        prop_assert_eq!(Sealer::new(&[newer]).open(Purpose::RequestState, &text), None);
    }

    #[test]
    fn nothing_else_opens(
        text in prop_oneof![text(), "[A-Za-z0-9_-]{0,120}"],
        plain in prop::collection::vec(any::<u8>(), 0..60),
        at in any::<prop::sample::Index>(),
        other in "[A-Za-z0-9_-]",
    ) {
        let sealer = Sealer::new(&[[1; 32]]);
        prop_assert_eq!(sealer.open(Purpose::Session, &text), None);
        prop_assert_eq!(Session::open(&sealer, &text, &Principal::Anonymous, None), None);
        let mut sealed = sealer.seal(Purpose::Session, [2; 12], &plain);
        let at = at.index(sealed.len());
        if sealed[at..=at] != *other {
            sealed.replace_range(at..=at, &other);
            prop_assert_eq!(sealer.open(Purpose::Session, &sealed), None, "changed at {}", at);
        }
    }
}
