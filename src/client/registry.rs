//! The admin plane as its administrators use it.

use std::time::Duration;

use http::header::IF_MATCH;
use http::{HeaderValue, Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client::http::{Answer, Ask, HttpError};
use crate::client::place::Gateway;
use crate::client::refusal;
use crate::exit::Failure;

/// How long a request may take: granting a right waits until AWS knows it.
const LIMIT: Duration = Duration::from_secs(120);
/// What stands in a path or query as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// Pages of a list that are read.
const MAX_PAGES: usize = 1_000;

/// The registrations of a gateway.
pub(crate) struct Registry {
    gateway: Gateway,
}

/// A registration as it is stored.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stored {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) revision: u64,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) lambda_arn: Option<String>,
    /// What is wrong with a row that cannot be understood.
    #[serde(default)]
    pub(crate) problem: Option<String>,
    /// The whole, as the server wrote it.
    #[serde(skip)]
    pub(crate) text: String,
}

/// Why the admin plane did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegistryError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A refusal, in one sentence.
    #[error("{text}")]
    Refused {
        /// Its status.
        status: StatusCode,
        /// What it says.
        text: String,
    },
    /// An answer that no gateway gives.
    #[error("the answer is none of a gateway's; look whether the URL is that of the admin plane")]
    Strange,
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Http(error) => error.into(),
            RegistryError::Refused { .. } | RegistryError::Strange => {
                Self::Gateway(error.to_string())
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    registrations: Vec<Box<RawValue>>,
    #[serde(default)]
    next_cursor: Option<String>,
}

impl Registry {
    /// Those of a gateway.
    pub(crate) fn new(gateway: Gateway) -> Self {
        Self { gateway }
    }

    /// All registrations, or those of one kind.
    pub(crate) async fn list(&self, kind: Option<&str>) -> Result<Vec<Stored>, RegistryError> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..MAX_PAGES {
            let mut query = Vec::new();
            query.extend(kind.map(|kind| format!("type={kind}")));
            query.extend(cursor.map(|cursor| format!("cursor={}", plain(&cursor))));
            let mark = if query.is_empty() { "" } else { "?" };
            let path = format!("/register{mark}{}", query.join("&"));
            let text = self.send(self.ask(Method::GET, &path)).await?;
            let page: Page = serde_json::from_str(&text).map_err(|_| RegistryError::Strange)?;
            for one in &page.registrations {
                all.push(read(one.get())?);
            }
            match page.next_cursor {
                None => return Ok(all),
                next => cursor = next,
            }
        }
        Err(RegistryError::Strange)
    }

    /// One registration.
    pub(crate) async fn get(&self, id: &str) -> Result<Stored, RegistryError> {
        read(&self.send(self.ask(Method::GET, &path(id))).await?)
    }

    /// What the gateway finds out about one: JSON.
    pub(crate) async fn status(&self, id: &str) -> Result<String, RegistryError> {
        self.send(self.ask(Method::GET, &format!("{}/status", path(id)))).await
    }

    /// Registers.
    pub(crate) async fn create(&self, document: String) -> Result<Stored, RegistryError> {
        read(&self.send(self.ask(Method::POST, "/register").json(document)).await?)
    }

    /// Replaces what has this revision.
    pub(crate) async fn replace(
        &self,
        id: &str,
        document: String,
        revision: u64,
    ) -> Result<Stored, RegistryError> {
        let mut ask = self.ask(Method::PUT, &path(id)).json(document);
        ask.set(IF_MATCH, tag(revision));
        read(&self.send(ask).await?)
    }

    /// Removes, whatever its revision is or only this one.
    pub(crate) async fn remove(
        &self,
        id: &str,
        revision: Option<u64>,
    ) -> Result<(), RegistryError> {
        let mut ask = self.ask(Method::DELETE, &path(id));
        if let Some(revision) = revision {
            ask.set(IF_MATCH, tag(revision));
        }
        self.send(ask).await.map(drop)
    }

    fn ask(&self, method: Method, path: &str) -> Ask {
        let limit = self.gateway.limit.min(LIMIT);
        let ask = Ask::new(method, self.gateway.url.at(path), limit);
        ask.header("accept", "application/json")
    }

    async fn send(&self, ask: Ask) -> Result<String, RegistryError> {
        let mut answer = self.gateway.http.send(&ask).await?;
        let text = answer.text().await?;
        if answer.status.is_success() {
            return Ok(text);
        }
        Err(refused(&answer, &text))
    }
}

fn refused(answer: &Answer, text: &str) -> RegistryError {
    let status = answer.status;
    // What to do about these, the program knows better: it is about what it sends.
    let ours = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS];
    let own = refusal::problem(text).filter(|_| !ours.contains(&status));
    RegistryError::Refused { status, text: own.unwrap_or_else(|| answer.explain(text)) }
}

fn read(text: &str) -> Result<Stored, RegistryError> {
    let mut stored: Stored = serde_json::from_str(text).map_err(|_| RegistryError::Strange)?;
    text.clone_into(&mut stored.text);
    Ok(stored)
}

fn path(id: &str) -> String {
    format!("/register/{}", plain(id))
}

fn plain(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

fn tag(revision: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{revision}\"")).expect("digits between quotes")
}
