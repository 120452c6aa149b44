//! The bearer door: whoever has one of the stack's tokens may come in.
//!
//! What somebody presents is never compared with a token, but its code under a key of this process
//! with the tokens' codes, all of them every time, in constant time: how long that takes tells
//! nothing of any token.

use std::sync::Arc;
use std::time::Duration;

use ring::hmac;

use crate::door::fresh::{Fresh, Times};
use crate::door::{Admitted, Invalid, Refused};
use crate::port::doors::{DOCUMENT_TIMEOUT, Tokens};
use crate::port::{Clock, Ids};
use crate::principal::Principal;

/// How soon a rotation is known everywhere, and a token that was revoked is refused.
const TIMES: Times = Times {
    fresh: Duration::from_secs(60),
    kept: Duration::from_secs(600),
    pause: Duration::from_secs(5),
    retry: Duration::from_secs(2),
};

/// The bearer door.
pub struct BearerDoor {
    tokens: Arc<dyn Tokens>,
    known: Fresh<Known>,
    key: hmac::Key,
    principal: Principal,
}

/// The codes of the tokens that are good.
struct Known(Vec<hmac::Tag>);

impl BearerDoor {
    /// A door that these tokens open, for one caller of that name.
    pub fn new(
        tokens: Arc<dyn Tokens>,
        name: String,
        clock: Arc<dyn Clock>,
        ids: &dyn Ids,
    ) -> Self {
        let mut secret = [0; 32];
        ids.fill(&mut secret);
        Self {
            tokens,
            known: Fresh::new(clock, TIMES),
            key: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            principal: Principal::Bearer { name },
        }
    }

    /// Lets in whoever presents one of the tokens.
    pub(super) async fn admit(&self, presented: &str) -> Result<Admitted, Refused> {
        let known = self.known.get(|| self.load()).await.map_err(Refused::Unavailable)?;
        let mut good = self.is_among(&known, presented);
        if !good && let Some(newer) = self.known.newer(&known, || self.load()).await {
            // It may be that of a rotation a moment ago.
            good = self.is_among(&newer, presented);
        }
        match good {
            true => Ok(Admitted { principal: self.principal.clone(), until: None }),
            false => Err(Refused::Invalid(Invalid::Unknown)),
        }
    }

    fn is_among(&self, known: &Known, presented: &str) -> bool {
        let each = known.0.iter().map(|tag| {
            // Constant time, as its documentation promises.
            hmac::verify(&self.key, presented.as_bytes(), tag.as_ref()).is_ok()
        });
        each.fold(false, |any, one| any | one)
    }

    async fn load(&self) -> Result<Known, String> {
        let loaded = tokio::time::timeout(DOCUMENT_TIMEOUT, self.tokens.load()).await;
        let tokens = loaded
            .map_err(|_| "the tokens could not be read in time".to_owned())?
            .map_err(|error| format!("the tokens could not be read: {error}"))?;
        let live = [Some(tokens.current), tokens.previous];
        let tag = |token: crate::port::doors::BearerToken| {
            hmac::sign(&self.key, token.reveal().as_bytes())
        };
        Ok(Known(live.into_iter().flatten().map(tag).collect()))
    }
}
