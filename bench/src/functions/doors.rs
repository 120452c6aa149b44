//! What public doors need: the stack's tokens, an issuer with its keys, and a token of each kind.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mcp_lambda_runtime::deployment::{tokens_parameter, variables};
use mcp_lambda_runtime::port::Clock;
use mcp_lambda_runtime::system::SystemClock;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use super::results::Setting;
use crate::endpoint::DOCUMENTS;
use crate::failure::Failure;

/// The stack.
const STACK: &str = "bench";
/// Whom access tokens are for.
const AUDIENCE: &str = "https://tools.example.com/mcp";
/// The issuer's one key.
const KEY: &str = "key";
/// Seconds for which the access token is good.
const LIFETIME: u64 = 24 * 3_600;
const BEARER: &str = "a-token-of-the-stack-with-enough-characters-0123456789";

/// Both doors.
pub struct Doors {
    issuer: String,
    access_token: String,
}

impl Doors {
    /// Writes what the endpoint at this URL is to answer into its folder.
    pub fn open(issuer: String, folder: &Path) -> Result<Self, Failure> {
        let unspecified = |_| Failure::Start("an issuer: no key could be made".to_owned());
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(unspecified)?;
        let key = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random);
        let key = key.map_err(|error| Failure::Start(format!("an issuer: {error}")))?;
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        // Behind the first byte, which says that both coordinates follow.
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let keys = json!({"keys": [{
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KEY,
            "x": text(x), "y": text(y)
        }]});
        let [metadata, jwks, tokens] = DOCUMENTS;
        let described = json!({"issuer": issuer, "jwks_uri": format!("{issuer}{}", jwks.path)});
        let stored = json!({"Parameter": {"Value": json!({"current": BEARER}).to_string()}});
        for (document, content) in [(metadata, described), (jwks, keys), (tokens, stored)] {
            let written = fs::write(folder.join(document.file), content.to_string());
            written.map_err(Failure::system("writing a document"))?;
        }
        let now = SystemClock.now().0 / 1_000;
        let claims = json!({
            "iss": issuer, "aud": AUDIENCE, "sub": "alice", "client_id": "bench",
            "iat": now, "exp": now + LIFETIME, "jti": "1", "scope": "mcp:tools"
        });
        let part = |value: &Value| text(value.to_string().as_bytes());
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": KEY});
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = key.sign(&random, signed.as_bytes()).map_err(unspecified)?;
        let access_token = format!("{signed}.{}", text(signature.as_ref()));
        Ok(Self { issuer, access_token })
    }

    /// What a caller sends in a setting; nothing where callers sign.
    pub fn token(&self, setting: Setting) -> Option<&str> {
        match setting {
            Setting::BearerDoor => Some(BEARER),
            Setting::OAuthDoor => Some(&self.access_token),
            Setting::Buffered
            | Setting::Streaming
            | Setting::SystemRoots
            | Setting::Quota
            | Setting::QuotaAfterStart => None,
        }
    }

    /// What the function is told of its door.
    pub fn environment(&self, setting: Setting) -> Vec<(&'static str, String)> {
        match setting {
            Setting::BearerDoor => vec![
                (variables::AUTHENTICATION, "BEARER".to_owned()),
                (variables::BEARER_TOKENS, tokens_parameter(STACK)),
                ("AWS_ENDPOINT_URL_SSM", self.issuer.clone()),
            ],
            Setting::OAuthDoor => vec![
                (variables::AUTHENTICATION, "OAUTH".to_owned()),
                (variables::OAUTH_ISSUER, self.issuer.clone()),
                (variables::OAUTH_AUDIENCES, AUDIENCE.to_owned()),
            ],
            Setting::Buffered
            | Setting::Streaming
            | Setting::SystemRoots
            | Setting::Quota
            | Setting::QuotaAfterStart => Vec::new(),
        }
    }
}
