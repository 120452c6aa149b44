//! The table of sessions as awslabs' session store leaves it, whose members are the tools' authors'.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use mcp_lambda_runtime::port::session_data::SessionData;
use mcp_lambda_runtime::port::{SessionKey, SessionRecord, Sessions, StoreError, Timestamp};

use super::NOW;
use super::world::World;

const KEY: SessionKey = SessionKey([0xab; 16]);
const TEXT: &str = "abababababababababababababababab";

type Item = HashMap<String, AttributeValue>;

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn data() -> AttributeValue {
    AttributeValue::M(HashMap::from([("cart".to_owned(), AttributeValue::L(vec![s("apple")]))]))
}

async fn put(world: &World, item: Item) {
    let table = world.tables.sessions.as_str();
    let put = world.client.put_item().table_name(table).set_item(Some(item));
    put.send().await.expect("written");
}

async fn get(world: &World, key: &str) -> Option<Item> {
    let table = world.tables.sessions.as_str();
    let get = world.client.get_item().table_name(table).key("session_id", s(key));
    get.consistent_read(true).send().await.expect("it can be read").item
}

fn item<const N: usize>(members: [(&str, AttributeValue); N]) -> Item {
    members.map(|(name, value)| (name.to_owned(), value)).into()
}

#[tokio::test]
async fn our_items_have_their_members() {
    let world = World::start().await;
    let store = world.sessions();
    // DynamoDB removes by whole seconds, and must not be early.
    let expiry = Timestamp(NOW.0 + 60_001);
    store.save(KEY, "state".to_owned(), None, expiry, NOW).await.expect("saved");
    let expected = item([
        ("session_id", s(TEXT)),
        ("expires_at", n(1_767_225_661)),
        ("created_at", n(1_767_225_600)),
        ("expires_at_ms", n(1_767_225_660_001)),
        ("state", s("state")),
        ("revision", n(1)),
        ("ended", AttributeValue::Bool(false)),
    ]);
    assert_eq!(get(&world, TEXT).await, Some(expected.clone()));

    let (later, now) = (Timestamp(NOW.0 + 120_000), Timestamp(NOW.0 + 5_000));
    store.end(KEY, later, now).await.expect("ended");
    let changed = item([
        ("expires_at", n(1_767_225_720)),
        ("expires_at_ms", n(1_767_225_720_000)),
        ("state", s("{}")),
        ("revision", n(2)),
        ("ended", AttributeValue::Bool(true)),
    ]);
    let expected: Item = expected.into_iter().chain(changed).collect();
    assert_eq!(get(&world, TEXT).await, Some(expected), "the creation stays");
}

#[tokio::test]
async fn what_others_wrote_stays() {
    let world = World::start().await;
    let store = world.sessions();
    let (theirs, expiry) = (NOW.0 / 1_000 + 86_400, NOW.after(Duration::from_secs(60)));
    let created = ("created_at", n(1_000));
    let base = item([("session_id", s(TEXT)), ("data", data()), created, ("mine", s("too"))]);
    let late = item([("expires_at", n(theirs))]);
    let early = item([("expires_at", n(1_000))]);
    let odd = item([("expires_at", s("never"))]);
    for (lifetime, after) in [
        (late.clone(), n(theirs)),
        (early, n(expiry.0 / 1_000)),
        (odd.clone(), s("never")),
        (Item::new(), n(expiry.0 / 1_000)),
    ] {
        let before: Item = base.clone().into_iter().chain(lifetime).collect();
        let kept = async || {
            let now = get(&world, TEXT).await.expect("it is there");
            for name in ["session_id", "data", "created_at", "mine"] {
                assert_eq!(now.get(name), before.get(name), "{name}");
            }
            assert_eq!(now.get("expires_at"), Some(&after));
        };
        put(&world, before.clone()).await;
        assert_eq!(Sessions::load(&store, KEY, NOW).await, Ok(None), "it is no record of ours");
        let refused = store.save(KEY, "no".to_owned(), Some(1), expiry, NOW).await;
        assert_eq!(refused, Err(StoreError::NotFound));
        assert_eq!(get(&world, TEXT).await.as_ref(), Some(&before));

        assert_eq!(store.save(KEY, "one".to_owned(), None, expiry, NOW).await, Ok(1));
        kept().await;
        assert_eq!(store.save(KEY, "two".to_owned(), Some(1), expiry, NOW).await, Ok(2));
        kept().await;
        let stale = store.save(KEY, "no".to_owned(), Some(1), expiry, NOW).await;
        assert_eq!(stale, Err(StoreError::Stale { current: 2 }));
        let record = SessionRecord { state: "two".to_owned(), revision: 2, ended: false };
        assert_eq!(Sessions::load(&store, KEY, NOW).await, Ok(Some(record)));
        assert_eq!(Sessions::load(&store, KEY, expiry).await, Ok(None), "ours expires, not theirs");
        store.end(KEY, expiry, NOW).await.expect("ended");
        kept().await;
        let refused = store.save(KEY, "no".to_owned(), Some(3), expiry, NOW).await;
        assert_eq!(refused, Err(StoreError::NotFound));
    }
}

/// The members of awslabs' layout, readable by its store, with ours beside them.
#[tokio::test]
async fn what_tools_keep_is_the_map_data() {
    let world = World::start().await;
    let store = world.sessions();
    let expiry = Timestamp(NOW.0 + 60_001);
    let members = serde_json::json!({ "cart": ["apple"] });
    let members = members.as_object().cloned().expect("an object");
    assert_eq!(SessionData::write(&store, KEY, members, None, expiry, NOW).await, Ok(1));
    let expected = item([
        ("session_id", s(TEXT)),
        ("expires_at", n(1_767_225_661)),
        ("created_at", n(1_767_225_600)),
        ("data", data()),
        ("data_revision", n(1)),
        ("data_expires_at_ms", n(1_767_225_660_001)),
    ]);
    assert_eq!(get(&world, TEXT).await, Some(expected));
}

/// Two reasons at once: the item lives longer, and somebody else has written.
#[tokio::test]
async fn damaged_records_are_as_if_they_were_not_there() {
    let world = World::start().await;
    let store = world.sessions();
    let expiry = NOW.after(Duration::from_secs(60));
    let id = ("session_id", s(TEXT));
    for damaged in [
        item([id.clone(), ("state", s("lost"))]),
        item([id.clone(), ("state", s("lost")), ("revision", n(7))]),
        item([id.clone(), ("expires_at_ms", n(expiry.0))]),
    ] {
        put(&world, damaged).await;
        assert_eq!(Sessions::load(&store, KEY, NOW).await, Ok(None));
        assert_eq!(store.save(KEY, "new".to_owned(), None, expiry, NOW).await, Ok(1));
        assert_eq!(store.save(KEY, "newer".to_owned(), Some(1), expiry, NOW).await, Ok(2));
    }
    let live = [("revision", n(3)), ("expires_at_ms", n(expiry.0)), ("state", n(1))];
    put(&world, live.into_iter().chain([id]).map(|(k, v)| (k.to_owned(), v)).collect()).await;
    let record = SessionRecord { state: "{}".to_owned(), revision: 3, ended: false };
    assert_eq!(Sessions::load(&store, KEY, NOW).await, Ok(Some(record)));
    store.end(KEY, expiry, NOW).await.expect("ended");
    let record = SessionRecord { state: "{}".to_owned(), revision: 4, ended: true };
    assert_eq!(Sessions::load(&store, KEY, NOW).await, Ok(Some(record)));
}

#[tokio::test]
async fn sealing_keys_are_no_session_and_do_not_expire() {
    let world = World::start().await;
    let store = world.sessions();
    assert_eq!(store.sealing_keys([1; 32]).await, Ok(vec![[1; 32]]));
    let name = "sealing-keys";
    let digits = |text: &str| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    assert!(digits(&KEY.to_string()) && !digits(name), "no session has this key");
    let key = |byte: u8| AttributeValue::B(Blob::new([byte; 32]));
    let list = |keys: &[AttributeValue]| ("keys", AttributeValue::L(keys.to_vec()));
    let expected = item([("session_id", s(name)), list(&[key(1)])]);
    assert_eq!(get(&world, name).await, Some(expected));

    // An administrator rotates by adding one.
    put(&world, item([("session_id", s(name)), list(&[key(1), key(2)])])).await;
    assert_eq!(store.sealing_keys([9; 32]).await, Ok(vec![[1; 32], [2; 32]]), "newest last");

    let short = AttributeValue::B(Blob::new([1; 31]));
    for damaged in [
        item([("session_id", s(name))]),
        item([("session_id", s(name)), list(&[])]),
        item([("session_id", s(name)), list(&[key(1), short])]),
        item([("session_id", s(name)), list(&[key(1), s("text")])]),
        item([("session_id", s(name)), ("keys", s("text"))]),
    ] {
        put(&world, damaged.clone()).await;
        let text = "the item sealing-keys holds no usable keys".to_owned();
        assert_eq!(store.sealing_keys([9; 32]).await, Err(StoreError::Unavailable(text)));
        assert_eq!(get(&world, name).await, Some(damaged), "nothing is overwritten");
    }
}
