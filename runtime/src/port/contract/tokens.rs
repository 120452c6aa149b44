//! What every store of bearer tokens does.

use std::sync::Arc;

use crate::port::StoreError;
use crate::port::doors::{BearerToken, LiveTokens, Tokens};

/// The whole contract, on a store that has no tokens yet.
pub async fn all(store: Arc<dyn Tokens>) {
    assert_eq!(store.load().await, Err(StoreError::NotFound));
    let token = |letter: &str| BearerToken::parse(&letter.repeat(43)).expect("a token");
    let first = LiveTokens { current: token("a"), previous: None };
    assert_eq!(store.save(&first).await, Ok(()));
    assert_eq!(store.load().await, Ok(first.clone()));
    let second = first.rotated(token("b"));
    assert_eq!(store.save(&second).await, Ok(()));
    assert_eq!(store.load().await, Ok(second.clone()));
    let revoked = LiveTokens { previous: None, ..second };
    assert_eq!(store.save(&revoked).await, Ok(()));
    assert_eq!(store.load().await, Ok(revoked));
}
