//! Access tokens as they are written: JSON Web Signatures in compact form (RFC 7515), read strictly.
//!
//! Nothing here is believed yet: whether a key of the issuer has signed it is
//! [`keys`](super::keys)' business, and what it must say that of [`oauth`](super::oauth).

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::door::Invalid;
use crate::principal::Scopes;
use crate::protocol::json::{self, Text};

/// Bytes of an access token. API Gateway's bound for all headers together is 10,240.
pub const MAX_TOKEN_BYTES: usize = 8_192;
/// Bytes of a key's id.
pub const MAX_KEY_ID_BYTES: usize = 256;
/// Audiences of one token.
pub const MAX_AUDIENCES: usize = 64;

/// How a token is signed. There are no others: above all neither `none` nor codes with a shared
/// secret, for which an issuer's public key could be taken (RFC 8725, 2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Algorithm {
    /// RSA with PKCS #1 v1.5 and SHA-256.
    Rs256,
    /// RSA with PSS and SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519; `Ed25519` is its name in RFC 9864.
    EdDsa,
}

impl Algorithm {
    /// Reads `alg`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// A token, taken apart.
pub(super) struct Jwt<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    /// What is signed.
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
    payload: Vec<u8>,
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Text<'a>,
    #[serde(borrow)]
    kid: Option<Text<'a>>,
    #[serde(borrow)]
    typ: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "json::raw_present")]
    crit: Option<&'a RawValue>,
}

impl<'a> Jwt<'a> {
    /// Takes a token apart.
    pub(super) fn parse(token: &'a str) -> Result<Self, Invalid> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Invalid::Form("it is too long"));
        }
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Invalid::Form("it is no signed JSON Web Token"));
        };
        let signed = &token.as_bytes()[..header.len() + 1 + payload.len()];
        // Neither padding nor bits behind the last byte: each token has one form.
        let decode = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part);
            bytes.map_err(|_| Invalid::Form("a part of it is not base64url"))
        };
        let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
        let unreadable = Invalid::Form("its header cannot be read");
        let text = json::check(&header).map_err(|_| unreadable)?;
        let header: Header<'_> = json::object(text).map_err(|_| unreadable)?;
        if header.crit.is_some() {
            // Whoever does not understand an extension must refuse it (RFC 7515, 4.1.11).
            return Err(Invalid::Form("its header has extensions"));
        }
        if !header.typ.is_none_or(|typ| is_access_token(&typ.0)) {
            return Err(Invalid::Form("its header says that it is another kind of token"));
        }
        let key_id = header.kid.map(|kid| kid.0.into_owned());
        if key_id.as_ref().is_some_and(|kid| kid.len() > MAX_KEY_ID_BYTES) {
            return Err(Invalid::Form("its key's id is too long"));
        }
        let algorithm = Algorithm::parse(&header.alg.0).ok_or(Invalid::Algorithm)?;
        Ok(Self { algorithm, key_id, signed, signature, payload })
    }

    /// What it says, which may be anything unless its signature was verified.
    pub(super) fn claims(&self) -> Result<Claims<'_>, Invalid> {
        let unreadable = Invalid::Form("its claims cannot be read");
        let text = json::check(&self.payload).map_err(|_| unreadable)?;
        json::object(text).map_err(|_| unreadable)
    }

    /// Claims as they are written, by their names.
    pub(super) fn all(&self) -> BTreeMap<Cow<'_, str>, &RawValue> {
        let read: Option<BTreeMap<Name<'_>, &RawValue>> =
            std::str::from_utf8(&self.payload).ok().and_then(|text| json::object(text).ok());
        read.unwrap_or_default().into_iter().map(|(name, value)| (name.0, value)).collect()
    }
}

#[derive(Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// `typ` may be absent. Tokens for logging out, for proofs and for events have types of their own,
/// and must not pass for access tokens (RFC 8725, 3.11; RFC 9068, 4).
fn is_access_token(typ: &str) -> bool {
    let short = match typ.get(..12) {
        Some(start) if start.eq_ignore_ascii_case("application/") => &typ[12..],
        _ => typ,
    };
    short.eq_ignore_ascii_case("jwt") || short.eq_ignore_ascii_case("at+jwt")
}

/// What matters of a token's claims. A claim that is there twice makes it unreadable.
#[derive(Deserialize)]
pub(super) struct Claims<'a> {
    #[serde(borrow)]
    pub(super) iss: Text<'a>,
    #[serde(borrow)]
    pub(super) sub: Text<'a>,
    #[serde(default, borrow)]
    pub(super) aud: Option<OneOrMany<'a>>,
    /// Seconds since 1970-01-01 UTC, perhaps with a fraction.
    pub(super) exp: f64,
    pub(super) nbf: Option<f64>,
    #[serde(borrow)]
    pub(super) client_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) azp: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) token_use: Option<Text<'a>>,
    #[serde(default, borrow)]
    scope: Option<OneOrMany<'a>>,
    #[serde(default, borrow)]
    scp: Option<OneOrMany<'a>>,
}

impl Claims<'_> {
    /// `scope` (RFC 9068), or `scp` as some issuers write it.
    pub(super) fn scopes(&self) -> Result<Scopes, Invalid> {
        let written = self.scope.as_ref().or(self.scp.as_ref());
        let all: Vec<&str> = written.into_iter().flat_map(OneOrMany::iter).collect();
        Scopes::parse(&all.join(" ")).map_err(|_| Invalid::Form("its scopes cannot be read"))
    }

    /// The client that asked for it.
    pub(super) fn client(&self) -> Option<&str> {
        self.client_id.as_ref().or(self.azp.as_ref()).map(|id| &*id.0)
    }
}

/// A text, or a list of texts.
pub(super) struct OneOrMany<'a>(Vec<Text<'a>>);

impl OneOrMany<'_> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|text| &*text.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for OneOrMany<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        let many = match json::first(raw.get()) {
            Some(b'[') => serde_json::from_str(raw.get()).map_err(D::Error::custom)?,
            _ => vec![serde_json::from_str::<Text<'a>>(raw.get()).map_err(D::Error::custom)?],
        };
        match many.len() {
            0..=MAX_AUDIENCES => Ok(Self(many)),
            _ => Err(D::Error::custom("too many elements")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, payload: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", encode(header), encode(payload), encode("signatur"))
    }

    fn refused(token: &str) -> Invalid {
        match Jwt::parse(token) {
            Ok(_) => panic!("it was taken: {token}"),
            Err(why) => why,
        }
    }

    #[test]
    fn algorithms() {
        for alg in ["RS256", "PS256", "ES256", "EdDSA"] {
            assert!(Jwt::parse(&token(&format!(r#"{{"alg":"{alg}"}}"#), "{}")).is_ok(), "{alg}");
        }
        for alg in ["none", "None", "NONE", "", "HS256", "HS512", "rs256", "RS512", "ES384", "dir"]
        {
            let token = token(&format!(r#"{{"alg":"{alg}"}}"#), "{}");
            assert_eq!(refused(&token), Invalid::Algorithm, "{alg}");
        }
    }

    #[test]
    fn headers() {
        for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt", "Application/AT+JWT"] {
            let header = format!(r#"{{"alg":"ES256","typ":"{typ}"}}"#);
            assert!(Jwt::parse(&token(&header, "{}")).is_ok(), "{typ}");
        }
        for header in [
            r#"{"alg":"ES256","typ":"logout+jwt"}"#,
            r#"{"alg":"ES256","typ":"dpop+jwt"}"#,
            r#"{"alg":"ES256","typ":"secevent+jwt"}"#,
            r#"{"alg":"ES256","typ":7}"#,
            r#"{"alg":"ES256","crit":["b64"],"b64":false}"#,
            r#"{"alg":"ES256","crit":null}"#,
            r#"{"alg":"ES256","alg":"ES256"}"#,
            r#"{"alg":["ES256"]}"#,
            r#"["ES256"]"#,
            "{}",
            "",
        ] {
            assert!(matches!(refused(&token(header, "{}")), Invalid::Form(_)), "{header}");
        }
        let of = |length: usize| {
            let header = format!(r#"{{"alg":"ES256","kid":"{}"}}"#, "k".repeat(length));
            Jwt::parse(&token(&header, "{}")).is_ok()
        };
        assert!(of(MAX_KEY_ID_BYTES) && !of(MAX_KEY_ID_BYTES + 1));
    }

    #[test]
    fn each_token_has_one_form() {
        let good = token(r#"{"alg":"ES256"}"#, "{}");
        assert!(Jwt::parse(&good).is_ok());
        for bad in [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            format!("{good}="),
            format!("{good}.{good}"),
            format!("{good}."),
            good.replacen('.', "=.", 1),
            good.replacen('.', " .", 1),
            // The last letter's low bits stand for nothing, and must be zero.
            format!("{}J", good.strip_suffix('I').expect("two bits are left over")),
            good.rsplit_once('.').expect("dots").0.to_owned(),
        ] {
            assert!(matches!(refused(&bad), Invalid::Form(_)), "{bad}");
        }
        let long = |length: usize| {
            let start = token(r#"{"alg":"ES256"}"#, "{}");
            let fill = "A".repeat(length - start.len());
            Jwt::parse(&format!("{start}{fill}")).err()
        };
        let too_long = Some(Invalid::Form("it is too long"));
        assert_eq!(long(MAX_TOKEN_BYTES + 1), too_long);
        assert_ne!(long(MAX_TOKEN_BYTES), too_long);
    }

    #[test]
    fn claims() {
        let read = |payload: &str| {
            let token = token(r#"{"alg":"ES256"}"#, payload);
            let jwt = Jwt::parse(&token).expect("a token");
            jwt.claims().map(|claims| {
                let aud: Vec<String> =
                    claims.aud.iter().flat_map(OneOrMany::iter).map(str::to_owned).collect();
                let scopes = claims.scopes().map(|scopes| scopes.to_string());
                (aud, scopes, claims.client().map(str::to_owned))
            })
        };
        let base = r#""iss":"i","sub":"s","exp":1"#;
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let one = read(&format!(r#"{{{base},"aud":"a","scope":"x y","azp":"z","client_id":"c"}}"#));
        assert_eq!(one, Ok((texts(&["a"]), Ok("x y".to_owned()), Some("c".to_owned()))));
        let many = read(&format!(r#"{{{base},"aud":["a","b"],"scp":["x","y"],"azp":"z"}}"#));
        assert_eq!(many, Ok((texts(&["a", "b"]), Ok("x y".to_owned()), Some("z".to_owned()))));
        for bad in [
            r#"{"iss":"i","sub":"s"}"#.to_owned(),
            r#"{"iss":"i","exp":1}"#.to_owned(),
            r#"{"iss":"i","sub":"s","exp":"1"}"#.to_owned(),
            r#"{"iss":["i"],"sub":"s","exp":1}"#.to_owned(),
            format!(r#"{{{base},"exp":99}}"#),
            format!(r#"{{{base},"aud":{{}}}}"#),
            format!(r#"{{{base},"aud":[1]}}"#),
            format!(r#"{{{base},"aud":{}}}"#, "[".repeat(100)),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
        let audiences = |count: usize| {
            let list = vec!["\"a\""; count].join(",");
            read(&format!(r#"{{{base},"aud":[{list}]}}"#)).is_ok()
        };
        assert!(audiences(MAX_AUDIENCES) && !audiences(MAX_AUDIENCES + 1));
    }
}
