//! An authorization server in the test itself: its documents, and tokens that it signs.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use mcp_lambda_runtime::door::{ClaimName, OAuthSettings, ScopeRules};
use mcp_lambda_runtime::port::doors::{DocumentError, Documents, IssuerUrl};
use mcp_lambda_runtime::principal::{Scope, Scopes};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use serde_json::{Value, json};

/// The issuer of all tests.
pub(crate) const ISSUER: &str = "https://issuer.example.com/tenant";
/// Where the gateway of the tests is for its clients.
pub(crate) const SITE: &str = "http://127.0.0.1";
/// What tokens for it name.
pub(crate) const RESOURCE: &str = "http://127.0.0.1/mcp";

/// A key that signs.
pub(crate) enum Key {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    pub(crate) fn p256() -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        Self::P256(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key"))
    }

    pub(crate) fn ed25519() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key"))
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    /// The public half, as JWK.
    pub(crate) fn public(&self, id: &str) -> Value {
        match self {
            Self::P256(key) => {
                let point = key.public_key().as_ref();
                let (x, y) = (base64(&point[1..33]), base64(&point[33..]));
                json!({ "kty": "EC", "crv": "P-256", "kid": id, "x": x, "y": y, "use": "sig" })
            }
            Self::Ed25519(key) => {
                let x = base64(key.public_key().as_ref());
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": x, "alg": "EdDSA" })
            }
        }
    }

    fn sign(&self, text: &str) -> String {
        match self {
            Self::P256(key) => {
                let signature = key.sign(&SystemRandom::new(), text.as_bytes());
                base64(signature.expect("a signature").as_ref())
            }
            Self::Ed25519(key) => base64(key.sign(text.as_bytes()).as_ref()),
        }
    }

    /// A token with any header and any claims.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        let text = format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
        format!("{text}.{}", self.sign(&text))
    }
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The issuer's documents, which tests change.
pub(crate) struct Issuer {
    pub(crate) key: Key,
    pub(crate) published: Mutex<Vec<Value>>,
    pub(crate) broken: Mutex<bool>,
    fetched: AtomicUsize,
}

impl Issuer {
    pub(crate) fn new(key: Key) -> Arc<Self> {
        let published = Mutex::new(vec![key.public("first")]);
        Arc::new(Self { key, published, broken: Mutex::default(), fetched: AtomicUsize::new(0) })
    }

    /// Documents that were fetched so far: two each time.
    pub(crate) fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }

    pub(crate) fn header(&self) -> Value {
        json!({ "alg": self.key.algorithm(), "kid": "first", "typ": "at+jwt" })
    }

    /// A token as the issuer would sign it, with changed claims; `null` takes one away.
    pub(crate) fn token(&self, changes: &Value) -> String {
        self.key.token(&self.header(), &claims(changes))
    }
}

/// The claims of a good token of 2026-01-01T00:00:00Z, changed.
pub(crate) fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "sub": "alice", "aud": RESOURCE, "exp": NOW + 600, "nbf": NOW, "iat": NOW,
        "scope": "mcp:tools", "client_id": "client-1", "jti": "1"
    });
    let members = claims.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    claims
}

/// The gateways' clock at the start, in seconds.
pub(crate) const NOW: u64 = 1_767_225_600;

#[async_trait]
impl Documents for Issuer {
    async fn get(&self, url: &IssuerUrl) -> Result<Bytes, DocumentError> {
        self.fetched.fetch_add(1, Ordering::SeqCst);
        if *self.broken.lock().expect("no panic") {
            return Err(DocumentError::Unreachable("nobody answers".to_owned()));
        }
        let document = match url.as_str().strip_prefix(ISSUER) {
            Some("/.well-known/openid-configuration") => {
                json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys") })
            }
            Some("/keys") => json!({ "keys": *self.published.lock().expect("no panic") }),
            _ => return Err(DocumentError::Status(404)),
        };
        Ok(document.to_string().into())
    }
}

/// A door for every token of the issuer that is for the gateway of the tests.
pub(crate) fn settings() -> OAuthSettings {
    OAuthSettings {
        issuer: IssuerUrl::parse(ISSUER).expect("a URL"),
        audiences: BTreeSet::new(),
        clients: BTreeSet::new(),
        scopes: Scopes::parse("mcp:tools").expect("scopes"),
        rules: ScopeRules::default(),
        admin: Some(Scope::parse("mcp:admin").expect("a scope")),
        claims: vec![ClaimName::parse("department").expect("a name")],
    }
}
