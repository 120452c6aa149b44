//! Where an issuer's keys are: its metadata, read as OpenID Connect or OAuth has it.

use serde::Deserialize;

use crate::door::keys::KeySet;
use crate::port::doors::{DOCUMENT_TIMEOUT, DocumentError, Documents, IssuerUrl};
use crate::protocol::json::{self, Text};

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    issuer: Text<'a>,
    #[serde(borrow)]
    jwks_uri: Text<'a>,
}

/// Fetches the keys of an issuer.
pub(super) async fn keys(documents: &dyn Documents, issuer: &IssuerUrl) -> Result<KeySet, String> {
    let place = place(documents, issuer).await?;
    let document = get(documents, &place).await.map_err(|error| told(&place, &error))?;
    KeySet::parse(&document)
}

async fn place(documents: &dyn Documents, issuer: &IssuerUrl) -> Result<IssuerUrl, String> {
    let mut failure = String::new();
    for url in well_known(issuer) {
        let url = IssuerUrl::parse(&url).map_err(|error| error.to_string())?;
        match get(documents, &url).await {
            Ok(document) => return read(&document, issuer),
            Err(error @ DocumentError::Status(_)) => failure = told(&url, &error),
            // The other place is at the same host.
            Err(error) => return Err(told(&url, &error)),
        }
    }
    Err(failure)
}

/// OpenID Connect Discovery puts its path behind the issuer's, RFC 8414 before it.
fn well_known(issuer: &IssuerUrl) -> [String; 2] {
    let bare = issuer.as_str().trim_end_matches('/');
    let host_end = bare.find("://").map_or(0, |at| at + 3);
    let path_start = bare[host_end..].find('/').map_or(bare.len(), |at| host_end + at);
    let (origin, path) = bare.split_at(path_start);
    [
        format!("{bare}/.well-known/openid-configuration"),
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
    ]
}

/// Metadata of somebody else would give that somebody's keys (RFC 8414, 3.3).
fn read(document: &[u8], issuer: &IssuerUrl) -> Result<IssuerUrl, String> {
    let text = json::check(document).map_err(|error| format!("the issuer's metadata: {error}"))?;
    let metadata: Metadata<'_> = json::object(text)
        .map_err(|_| "the issuer's metadata has no issuer and jwks_uri".to_owned())?;
    if metadata.issuer.0 != issuer.as_str() {
        return Err(format!("the issuer's metadata is not that of {}", issuer.as_str()));
    }
    IssuerUrl::parse(&metadata.jwks_uri.0).map_err(|error| format!("jwks_uri: {error}"))
}

async fn get(documents: &dyn Documents, url: &IssuerUrl) -> Result<bytes::Bytes, DocumentError> {
    let late = |_| DocumentError::Unreachable("there was no answer in time".to_owned());
    tokio::time::timeout(DOCUMENT_TIMEOUT, documents.get(url)).await.map_err(late)?
}

fn told(url: &IssuerUrl, error: &DocumentError) -> String {
    format!("{}: {error}", url.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> IssuerUrl {
        IssuerUrl::parse(text).expect("a URL")
    }

    #[test]
    fn places() {
        for (issuer, places) in [
            (
                "https://a.example",
                [
                    "https://a.example/.well-known/openid-configuration",
                    "https://a.example/.well-known/oauth-authorization-server",
                ],
            ),
            (
                "https://a.example/tenant/b/",
                [
                    "https://a.example/tenant/b/.well-known/openid-configuration",
                    "https://a.example/.well-known/oauth-authorization-server/tenant/b",
                ],
            ),
        ] {
            assert_eq!(well_known(&url(issuer)), places.map(str::to_owned), "{issuer}");
        }
    }

    #[test]
    fn metadata_must_be_the_issuers_own() {
        let issuer = url("https://a.example");
        let of =
            |issuer: &str, keys: &str| format!(r#"{{"issuer":"{issuer}","jwks_uri":"{keys}"}}"#);
        let read = |text: &str| read(text.as_bytes(), &issuer).map(|url| url.as_str().to_owned());
        let keys = "https://keys.example/k";
        assert_eq!(read(&of("https://a.example", keys)), Ok(keys.to_owned()));
        for bad in [
            of("https://a.example/", keys),
            of("https://b.example", keys),
            of("https://a.example", "http://keys.example/k"),
            of("https://a.example", "http://169.254.169.254/latest"),
            of("https://a.example", "file:///etc/passwd"),
            r#"{"issuer":"https://a.example"}"#.to_owned(),
            "<html>".to_owned(),
            "[]".to_owned(),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
    }
}
