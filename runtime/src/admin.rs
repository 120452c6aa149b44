//! The admin plane: registrations, policies and virtual servers created, read, changed and
//! removed.
//!
//! Knows nothing of HTTP. Whoever gets here has been let in as an administrator.

pub mod documents;
pub mod explain;
pub mod grants;
pub mod settle;
pub mod status;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::catalog;
use crate::gateway::Gateway;
use crate::port::permissions::PermissionError;
use crate::port::row::Rows;
use crate::port::{StoreError, Stored};
use crate::protocol::json;
use crate::registration::document::Document;
use crate::registration::listing::ObjectText;
use crate::registration::parse::Trust;
use crate::registration::problem::{InvalidRegistration, Problem};
use crate::registration::{Entry, Kind, Registration, RegistrationId, agentcore};

/// Registrations on one page.
pub const MAX_LIST: usize = 100;

/// The admin plane of a gateway.
pub struct Admin {
    gateway: Arc<Gateway>,
}

/// Why an administrator's request was not carried out.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AdminError {
    /// The document is not valid.
    #[error("the registration is not valid: {0}")]
    Invalid(InvalidRegistration),
    /// A policy, a virtual server or a question is not valid.
    #[error("the {what} is not valid: {invalid}")]
    InvalidDocument {
        /// What it is.
        what: &'static str,
        /// Its faults.
        invalid: InvalidRegistration,
    },
    /// There is no policy or virtual server of that name.
    #[error("there is no {0} of this name")]
    NoDocument(&'static str),
    /// One policy or virtual server more than there may be.
    #[error("there are {most} of them already, which is the most: remove a {what} first")]
    TooMany {
        /// What it is.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// A change of type or name.
    #[error(
        "Cannot change registration ID: {id} cannot become {becomes}; \
         register the new one and remove the old one"
    )]
    ChangesId {
        /// The id in the URL.
        id: String,
        /// The id of the document.
        becomes: String,
    },
    /// A cursor that no list gave.
    #[error("the cursor is not valid; list again from the start")]
    BadCursor,
    /// No registration of that id.
    #[error("there is no registration of this id")]
    NotFound,
    /// It is there already.
    #[error("{0} exists already; change it with PUT")]
    Exists(String),
    /// Another resource has the URI.
    #[error("the URI {uri} belongs to {owner} already")]
    UriTaken {
        /// The URI.
        uri: String,
        /// Whose it is.
        owner: String,
    },
    /// It changed since it was read.
    #[error("it has changed in the meantime: the revision is now {current}; read it again")]
    Stale {
        /// What is stored.
        current: u64,
    },
    /// The gateway cannot be permitted to call the function. Nothing was changed.
    #[error("the gateway cannot be given the right to call the function: {0}")]
    NotGranted(PermissionError),
    /// The store failed.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Exists(id) => Self::Exists(id),
            StoreError::NotFound => Self::NotFound,
            StoreError::Stale { current } => Self::Stale { current },
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
        }
    }
}

/// What a change expects of the stored revision.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Precondition {
    /// Nothing.
    None,
    /// Exactly this.
    Revision(u64),
}

impl Precondition {
    fn revision(self) -> Option<u64> {
        match self {
            Self::None => None,
            Self::Revision(revision) => Some(revision),
        }
    }
}

/// A registration to be shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// Its revision.
    pub revision: u64,
    /// Its JSON.
    pub body: String,
}

/// Which registrations are listed.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Of one type.
    pub kind: Option<Kind>,
    /// How many at most.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

impl Default for Listed {
    fn default() -> Self {
        Self { kind: None, limit: MAX_LIST, cursor: None }
    }
}

/// What an import says besides the file.
#[derive(Clone, Debug, Default)]
pub struct Import {
    /// The function of all the tools.
    pub lambda_arn: String,
    /// The target's name.
    pub target: Option<String>,
}

impl Admin {
    /// The admin plane of a gateway.
    pub fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway }
    }

    /// Registers.
    pub async fn create(&self, body: &[u8]) -> Result<Shown, AdminError> {
        let registration = read(body)?;
        self.check_uri(&registration).await?;
        let new = vec![(registration.id.clone(), registration.document.render())];
        let stored = self.create_rows(new).await?;
        stored.first().map(show).ok_or(AdminError::NotFound)
    }

    /// Reads.
    pub async fn show(&self, id: &str) -> Result<Shown, AdminError> {
        Ok(show(&self.load(id).await?))
    }

    /// Replaces. Type and name are the id and stay.
    pub async fn replace(
        &self,
        id: &str,
        body: &[u8],
        when: Precondition,
    ) -> Result<Shown, AdminError> {
        let parsed = RegistrationId::parse(id).ok_or(AdminError::NotFound)?;
        let registration = read(body)?;
        if registration.id != parsed {
            let becomes = registration.id.to_string();
            return Err(AdminError::ChangesId { id: id.to_owned(), becomes });
        }
        self.check_uri(&registration).await?;
        let text = registration.document.render();
        Ok(show(&self.replace_row(&parsed, &text, when).await?))
    }

    /// Removes.
    pub async fn remove(&self, id: &str, when: Precondition) -> Result<(), AdminError> {
        let id = RegistrationId::parse(id).ok_or(AdminError::NotFound)?;
        self.remove_row(&id, when).await
    }

    /// Lists a page.
    pub async fn list(&self, listed: Listed) -> Result<String, AdminError> {
        let after = listed.cursor.as_deref().map(decode_cursor).transpose()?;
        let registrations = &self.gateway.ports().registrations;
        // One more than asked for tells whether there is another page.
        let mut rows = registrations
            .page(Rows::Registrations(listed.kind), after.as_deref(), listed.limit + 1)
            .await?;
        let more = rows.len() > listed.limit;
        rows.truncate(listed.limit);
        let items: Vec<String> = rows.iter().map(|row| show(row).body).collect();
        let mut body = format!(r#"{{"registrations":[{}]"#, items.join(","));
        if let (true, Some(last)) = (more, rows.last()) {
            body.push_str(&format!(r#","nextCursor":"{}""#, URL_SAFE_NO_PAD.encode(&last.id)));
        }
        body.push('}');
        Ok(body)
    }

    /// Registers the tools of an AgentCore `inlinePayload`, all or none.
    pub async fn import(&self, body: &[u8], import: &Import) -> Result<String, AdminError> {
        let text = checked_text(body)?;
        let documents = agentcore::read(text, &import.lambda_arn, import.target.as_deref())
            .map_err(AdminError::Invalid)?;
        let mut new = Vec::with_capacity(documents.len());
        let mut problems = Vec::new();
        for (index, document) in documents.into_iter().enumerate() {
            match Registration::parse(document, Trust::Checked) {
                Ok(registration) => {
                    new.push((registration.id.clone(), registration.document.render()))
                }
                Err(invalid) => problems.extend(invalid.0.into_iter().map(|problem| Problem {
                    pointer: format!("/{index}{}", problem.pointer),
                    ..problem
                })),
            }
        }
        if !problems.is_empty() {
            return Err(AdminError::Invalid(InvalidRegistration(problems)));
        }
        let stored = self.create_rows(new).await?;
        let items: Vec<String> = stored.iter().map(|row| show(row).body).collect();
        Ok(format!(r#"{{"registrations":[{}]}}"#, items.join(",")))
    }

    async fn load(&self, id: &str) -> Result<Stored, AdminError> {
        let id = RegistrationId::parse(id).ok_or(AdminError::NotFound)?;
        self.gateway.ports().registrations.load(&id.into()).await?.ok_or(AdminError::NotFound)
    }

    /// Refuses a second resource with the same URI. Two that are created in the same moment are
    /// both stored; the catalog then serves the first and reports the second.
    async fn check_uri(&self, registration: &Registration) -> Result<(), AdminError> {
        let Entry::Resource(resource) = &registration.entry else { return Ok(()) };
        match self.owner_of(&resource.uri).await? {
            Some(owner) if owner != registration.id.to_string() => {
                Err(AdminError::UriTaken { uri: resource.uri.clone(), owner })
            }
            _ => Ok(()),
        }
    }

    async fn owner_of(&self, uri: &str) -> Result<Option<String>, AdminError> {
        let catalog = self.gateway.compiled().await?;
        Ok(catalog.owner_of(uri))
    }
}

fn checked_text(body: &[u8]) -> Result<&str, AdminError> {
    json::check(body).map_err(|error| {
        let detail = error.to_string();
        AdminError::Invalid(InvalidRegistration(vec![Problem { pointer: String::new(), detail }]))
    })
}

fn read(body: &[u8]) -> Result<Registration, AdminError> {
    let document = Document::read(checked_text(body)?).map_err(AdminError::Invalid)?;
    let claimed = document.claimed_id().map(str::to_owned);
    let registration =
        Registration::parse(document, Trust::Checked).map_err(AdminError::Invalid)?;
    let becomes = registration.id.to_string();
    match claimed {
        Some(id) if id != becomes => Err(AdminError::ChangesId { id, becomes }),
        _ => Ok(registration),
    }
}

/// A row as JSON: what the server added, then the document. A poisoned row says what is wrong.
fn show(row: &Stored) -> Shown {
    let head = ObjectText::new()
        .string("id", Some(&row.id))
        .text("revision", &row.revision.to_string())
        .string("createdAt", Some(&row.created_at.to_rfc3339()))
        .string("updatedAt", Some(&row.updated_at.to_rfc3339()));
    let problem = catalog::understand(row).err();
    let raw: Result<&serde_json::value::RawValue, _> = serde_json::from_str(&row.document);
    let members = raw.ok().and_then(json::members).filter(|members| !members.is_empty());
    let body = match (problem, members) {
        (None, Some(members)) => {
            let head = head.finish();
            format!("{},{members}}}", head.trim_end_matches('}'))
        }
        (problem, _) => head
            .string("problem", Some(&problem.unwrap_or_else(|| "the document is empty".to_owned())))
            .string("document", Some(&row.document))
            .finish(),
    };
    Shown { id: row.id.clone(), revision: row.revision, body }
}

fn decode_cursor(text: &str) -> Result<String, AdminError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| AdminError::BadCursor)?;
    String::from_utf8(bytes).map_err(|_| AdminError::BadCursor)
}
