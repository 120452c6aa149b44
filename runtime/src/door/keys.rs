//! The public keys of an issuer (RFC 7517), each bound to what it may verify.
//!
//! A token names a key and an algorithm; neither decides alone. The key decides which algorithms
//! are possible, and the token's must be one of them (RFC 8725, 3.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::door::Invalid;
use crate::door::jwt::{Algorithm, Jwt};
use crate::protocol::json::{self, Text};

/// Keys of one issuer.
pub const MAX_KEYS: usize = 100;

/// The keys of an issuer that can verify something here.
#[derive(Debug)]
pub(super) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    material: Material,
    /// `alg`: what it is for, where the issuer says so.
    only: Option<Algorithm>,
}

#[derive(Debug)]
enum Material {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// Why a token's signature is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unverified {
    /// No key has its id; there may be newer keys.
    UnknownKey,
    /// Newer keys would not help.
    Refused(Invalid),
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Jwk<'a> {
    #[serde(borrow)]
    kty: Text<'a>,
    #[serde(borrow)]
    kid: Option<Text<'a>>,
    #[serde(borrow)]
    alg: Option<Text<'a>>,
    #[serde(borrow, rename = "use")]
    purpose: Option<Text<'a>>,
    #[serde(borrow)]
    key_ops: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    crv: Option<Text<'a>>,
    #[serde(borrow)]
    n: Option<Text<'a>>,
    #[serde(borrow)]
    e: Option<Text<'a>>,
    #[serde(borrow)]
    x: Option<Text<'a>>,
    #[serde(borrow)]
    y: Option<Text<'a>>,
}

impl KeySet {
    /// Reads a document of keys. Keys of other kinds and for other purposes are left out (RFC 7517,
    /// 5); without any left it is of no use.
    pub(super) fn parse(document: &[u8]) -> Result<Self, String> {
        let text = json::check(document).map_err(|error| format!("the keys: {error}"))?;
        let document: Document<'_> =
            json::object(text).map_err(|_| "the document has no keys".to_owned())?;
        if document.keys.len() > MAX_KEYS {
            return Err(format!("the document has more than {MAX_KEYS} keys"));
        }
        let keys: Vec<Key> = document.keys.into_iter().filter_map(Key::parse).collect();
        if keys.is_empty() {
            return Err("the document has no key for RS256, PS256, ES256 or EdDSA".to_owned());
        }
        Ok(Self(keys))
    }

    /// Whether one of the keys, and the one that the token names, has signed it.
    pub(super) fn verify(&self, token: &Jwt<'_>) -> Result<(), Unverified> {
        let named: Vec<&Key> = match &token.key_id {
            Some(id) => self.0.iter().filter(|key| key.id.as_ref() == Some(id)).collect(),
            // Without a name there must be no choice.
            None if self.0.len() == 1 => self.0.iter().collect(),
            None => return Err(Unverified::Refused(Invalid::Form("it names no key"))),
        };
        if named.is_empty() {
            return Err(Unverified::UnknownKey);
        }
        let mut fitting = named.into_iter().filter(|key| key.fits(token.algorithm)).peekable();
        if fitting.peek().is_none() {
            return Err(Unverified::Refused(Invalid::Algorithm));
        }
        match fitting.any(|key| key.material.verify(token)) {
            true => Ok(()),
            false => Err(Unverified::Refused(Invalid::Signature)),
        }
    }
}

impl Key {
    /// A key that can verify something here.
    fn parse(raw: &RawValue) -> Option<Self> {
        let key: Jwk<'_> = json::object(raw.get()).ok()?;
        let for_signatures = key.purpose.is_none_or(|purpose| purpose.0 == "sig")
            && key.key_ops.is_none_or(|all| all.iter().any(|one| one.0 == "verify"));
        if !for_signatures {
            return None;
        }
        let decode = |text: Option<Text<'_>>| URL_SAFE_NO_PAD.decode(text?.0.as_bytes()).ok();
        let curve = key.crv.as_ref().map(|curve| &*curve.0);
        let material = match (&*key.kty.0, curve) {
            ("RSA", _) => Material::rsa(decode(key.n)?, decode(key.e)?),
            ("EC", Some("P-256")) => Material::p256(&decode(key.x)?, &decode(key.y)?),
            ("OKP", Some("Ed25519")) => {
                decode(key.x).filter(|x| x.len() == 32).map(Material::Ed25519)
            }
            // A symmetric key has nothing to do among public ones.
            _ => None,
        };
        let only = match key.alg {
            None => None,
            // A key for an algorithm that is not served here verifies nothing.
            Some(alg) => Some(Algorithm::parse(&alg.0)?),
        };
        let key = Self { id: key.kid.map(|kid| kid.0.into_owned()), material: material?, only };
        // An `alg` that its own kind cannot have.
        key.only.is_none_or(|only| key.material.can(only)).then_some(key)
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        self.material.can(algorithm) && self.only.is_none_or(|only| only == algorithm)
    }
}

impl Material {
    /// 2,048 bits at least, as `ring` wants it.
    fn rsa(modulus: Vec<u8>, exponent: Vec<u8>) -> Option<Self> {
        let significant = modulus.iter().skip_while(|byte| **byte == 0).count();
        (256..=1_024).contains(&significant).then_some(Self::Rsa { modulus, exponent })
    }

    /// An uncompressed point.
    fn p256(x: &[u8], y: &[u8]) -> Option<Self> {
        (x.len() == 32 && y.len() == 32).then(|| Self::P256([&[4], x, y].concat()))
    }

    fn can(&self, algorithm: Algorithm) -> bool {
        match (self, algorithm) {
            (Self::Rsa { .. }, Algorithm::Rs256 | Algorithm::Ps256)
            | (Self::P256(_), Algorithm::Es256)
            | (Self::Ed25519(_), Algorithm::EdDsa) => true,
            (Self::Rsa { .. }, Algorithm::Es256 | Algorithm::EdDsa)
            | (Self::P256(_), Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::EdDsa)
            | (Self::Ed25519(_), Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256) => false,
        }
    }

    fn verify(&self, token: &Jwt<'_>) -> bool {
        let (signed, signature) = (token.signed, token.signature.as_slice());
        let verified = match self {
            Self::Rsa { modulus, exponent } => {
                // ring refuses leading zeros, which some issuers write.
                let n: &[u8] = &modulus[modulus.iter().take_while(|byte| **byte == 0).count()..];
                let key = RsaPublicKeyComponents { n, e: exponent.as_slice() };
                let parameters = match token.algorithm {
                    Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    Algorithm::Rs256 | Algorithm::Es256 | Algorithm::EdDsa => {
                        &RSA_PKCS1_2048_8192_SHA256
                    }
                };
                key.verify(parameters, signed, signature)
            }
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
            }
            Self::Ed25519(point) => {
                UnparsedPublicKey::new(&ED25519, point).verify(signed, signature)
            }
        };
        verified.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key of 2,048 bits whose private half was thrown away once it had signed these.
    const N: &str = "r8PxLPowB-58V2JjruI5vlMFTxYmEEXJzcL2ngEoYjLMKQVhp1ttbTOBHbH6iEDdgLl6cPtXsAdEfk_pcxO427rQnA8xM-ToCIhYsjVlbfYZn6vVBPT-wLsZQx3WqUqR1x8fwzXcGXwAx5r6EIjQIVPqtaip458uZOeTex7D9frEOIqHjyxSFJhOL2mauTPH58oFxnVB1WtgsomTRFJZyv-ybdG7R-FDCR7a2uHvdN7HLh2PmLzk9MYdQ3XRx_vG4a-8o78_KPv63F3W3nNuTX_UdHsD628S_Q9O1sX5JK7SPqXKDi3iQX6vXoKvsKu5mMvZFPlrpuP4qoU0VPVcfQ";
    const RS256: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSJ9.e30.JsKOzL27j8UZPeUM8quy6AQiIlPqr4wVO6NYpJszbsO_ST-izk8hzdWZePZzuQNnC9vPTfe6rit2W24Ygz_39ajVjUmtpTJL1Sk5fCd2ii0_uZm_S8zbk3-XPWXeiyeufCULTSG3j7hz6jgbbbT7QoqrEjhM7eAYSFzvPZz2dbXw9bKLkyYur0cSefFU5HpgLJ8QAKUU_MENJP6njVOMQAsEmE8251GODvNgERTbxexYnGUQOx9i1M_VJoYYbja1ihu_PDl-nlNeYxh6OOJ9gsxdguZC5EHIQAAPF6x3J4MdFMlGFxRSDRaefYav8RMPBq5K8MIFi7XTPJxYVAZh6g";
    const PS256: &str = "eyJhbGciOiJQUzI1NiIsImtpZCI6InJzYSJ9.e30.HBQV3LGDmqijJegjK4QJYzXqW9-yoR2RxmWIntAbNDcWM0SKTCxC2X0x9ZhRziEoXRyoDIhNcPpFZ3CWMAHn1hD0RFZx0W9AL0Yw_L2ko0BmRJTLXjg1unx0Q2GrMeBXU8oi5FvimPqYxOTpmrqMYYjSmcbTttYOIdA1HKBnLNpD-cvdrvVKXQJIOTEtB8z7srPVTkcLTOgvYJt9S-WIO5UYdUPRtAZSmYBaGuEzateMZ9qQNy_6xpVr1LoLjD1hnPORS_1tWEks6NMJ_OIGZJnpnJiGI5DPnh71qZO-cqmyUcSZK_RWWhFbLsHOOV87ER6RAQjAIH4DTanESRSJ2w";

    fn rsa(members: &str) -> String {
        format!(r#"{{"kty":"RSA","n":"{N}","e":"AQAB"{members}}}"#)
    }

    fn set(keys: &[String]) -> Result<KeySet, String> {
        KeySet::parse(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes())
    }

    fn verify(keys: &[String], token: &str) -> Result<(), Unverified> {
        set(keys).expect("keys").verify(&Jwt::parse(token).expect("a token"))
    }

    const NO_ALGORITHM: Result<(), Unverified> = Err(Unverified::Refused(Invalid::Algorithm));
    const NO_SIGNATURE: Result<(), Unverified> = Err(Unverified::Refused(Invalid::Signature));

    #[test]
    fn rsa_with_both_paddings() {
        let keys = [rsa(r#","kid":"rsa""#)];
        assert_eq!((verify(&keys, RS256), verify(&keys, PS256)), (Ok(()), Ok(())));
        let with_zero = format!(
            r#"{{"kty":"RSA","kid":"rsa","e":"AQAB","n":"{}"}}"#,
            URL_SAFE_NO_PAD
                .encode([&[0], &*URL_SAFE_NO_PAD.decode(N).expect("base64url")].concat())
        );
        assert_eq!(verify(&[with_zero], RS256), Ok(()));
        // The signature of the one under the other's header.
        let (head, signature) = (RS256.rsplit_once('.'), PS256.rsplit_once('.'));
        let mixed = format!("{}.{}", head.expect("dots").0, signature.expect("dots").1);
        assert_eq!(verify(&keys, &mixed), NO_SIGNATURE);
    }

    #[test]
    fn an_algorithm_is_the_keys() {
        let only = |alg: &str| [rsa(&format!(r#","kid":"rsa","alg":"{alg}""#))];
        assert_eq!(verify(&only("RS256"), RS256), Ok(()));
        assert_eq!(verify(&only("RS256"), PS256), NO_ALGORITHM);
        assert_eq!(verify(&only("PS256"), RS256), NO_ALGORITHM);
        let curve = format!(
            r#"{{"kty":"EC","crv":"P-256","kid":"rsa","x":"{0}","y":"{0}"}}"#,
            URL_SAFE_NO_PAD.encode([1; 32])
        );
        assert_eq!(verify(std::slice::from_ref(&curve), RS256), NO_ALGORITHM);
        // Of two keys of one name, the one that fits.
        assert_eq!(verify(&[curve, only("RS256")[0].clone()], RS256), Ok(()));
    }

    #[test]
    fn a_key_is_named() {
        let other = rsa(r#","kid":"other""#);
        assert_eq!(verify(std::slice::from_ref(&other), RS256), Err(Unverified::UnknownKey));
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
        let unnamed = format!("{none}.{}", RS256.split_once('.').expect("dots").1);
        // Its signature is of another header, which shows that a key was tried.
        assert_eq!(verify(std::slice::from_ref(&other), &unnamed), NO_SIGNATURE);
        let refused = verify(&[other, rsa("")], &unnamed);
        assert_eq!(refused, Err(Unverified::Refused(Invalid::Form("it names no key"))));
    }

    #[test]
    fn keys_for_something_else_are_left_out() {
        for useless in [
            rsa(r#","use":"enc""#),
            rsa(r#","key_ops":["encrypt"]"#),
            rsa(r#","alg":"RS512""#),
            rsa(r#","alg":"RSA-OAEP""#),
            rsa(r#","alg":"ES256""#),
            rsa(r#","alg":"HS256""#),
            format!(r#"{{"kty":"RSA","e":"AQAB","n":"{}"}}"#, URL_SAFE_NO_PAD.encode([255; 128])),
            format!(r#"{{"kty":"oct","alg":"HS256","k":"{N}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, URL_SAFE_NO_PAD.encode([1; 31])),
            format!(r#"{{"kty":"OKP","crv":"X25519","x":"{}"}}"#, URL_SAFE_NO_PAD.encode([1; 32])),
            r#"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#.to_owned(),
            r#"{"kty":7}"#.to_owned(),
            "7".to_owned(),
        ] {
            assert!(set(std::slice::from_ref(&useless)).is_err(), "{useless}");
            assert!(set(&[useless, rsa(r#","use":"sig","key_ops":["verify"]"#)]).is_ok());
        }
    }

    #[test]
    fn documents() {
        for bad in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]}"#] {
            assert!(KeySet::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        let many = |count: usize| set(&vec![rsa(""); count]).is_ok();
        assert!(many(MAX_KEYS) && !many(MAX_KEYS + 1));
    }
}
