//! Policies and virtual servers: documents under names that the administrator chooses.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::admin::settle::MAX_ROUNDS;
use crate::admin::{Admin, AdminError, Listed, Precondition, Shown, decode_cursor};
use crate::catalog::{understand_policy, understand_server};
use crate::policy::{Mode, Policy, limits};
use crate::port::row::{RowId, Rows};
use crate::port::{StoreError, Stored};
use crate::protocol::json;
use crate::protocol::name::Name;
use crate::registration::listing::ObjectText;
use crate::registration::problem::{InvalidRegistration, Problem};
use crate::server::{Server, ServerName};

/// A collection of documents.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Collection {
    /// Who may what.
    Policies,
    /// Parts of the whole.
    Servers,
}

/// A document as it was written, and whether it is new.
#[derive(Clone, Debug)]
pub struct Put {
    /// Whether there was none of this name before.
    pub created: bool,
    /// The document.
    pub shown: Shown,
}

impl Collection {
    /// What a document of it is.
    pub fn what(self) -> &'static str {
        match self {
            Self::Policies => "policy",
            Self::Servers => "virtual server",
        }
    }

    /// The member of a list that holds its documents.
    fn member(self) -> &'static str {
        match self {
            Self::Policies => "policies",
            Self::Servers => "servers",
        }
    }

    fn rows(self) -> Rows {
        match self {
            Self::Policies => Rows::Policies,
            Self::Servers => Rows::Servers,
        }
    }

    /// How many documents there may be.
    fn most(self) -> usize {
        match self {
            Self::Policies => limits::MAX_POLICIES,
            Self::Servers => limits::MAX_SERVERS,
        }
    }

    fn id(self, name: &str) -> Option<RowId> {
        match self {
            Self::Policies => Name::parse(name).ok().map(RowId::Policy),
            Self::Servers => ServerName::parse(name).ok().map(RowId::Server),
        }
    }

    /// Checks a new document: the key and the text of its row.
    fn check(self, name: &str, text: &str) -> Result<(RowId, String), InvalidRegistration> {
        let misnamed = |error: String| InvalidRegistration(vec![at("/name", error)]);
        match self {
            Self::Policies => {
                let name = Name::parse(name).map_err(|error| misnamed(error.to_string()))?;
                let policy = Policy::parse(&name, text)?;
                Ok((RowId::Policy(name), policy.document().to_owned()))
            }
            Self::Servers => {
                let name = ServerName::parse(name).map_err(|error| misnamed(error.to_string()))?;
                let server = Server::parse(&name, text)?;
                Ok((RowId::Server(name), server.document().to_owned()))
            }
        }
    }

    /// What becomes of a row: a word, or why it cannot be understood.
    fn status(self, row: &Stored) -> Result<&'static str, String> {
        match self {
            Self::Policies => understand_policy(row).map(|policy| match policy.mode {
                Mode::Enforce => "enforced",
                Mode::LogOnly => "log-only",
            }),
            Self::Servers => understand_server(row).map(|_| "active"),
        }
    }

    fn missing(self) -> AdminError {
        AdminError::NoDocument(self.what())
    }

    fn failed(self, error: StoreError) -> AdminError {
        match error {
            StoreError::NotFound => self.missing(),
            StoreError::Exists(_) | StoreError::Stale { .. } | StoreError::Unavailable(_) => {
                error.into()
            }
        }
    }

    /// A row as JSON: what the server added, then the document. One that cannot be understood says
    /// why.
    fn show(self, row: &Stored) -> Shown {
        let name = row.id.split_once('-').map_or(row.id.as_str(), |(_, name)| name);
        let status = self.status(row);
        let word = match status {
            Ok(word) => word,
            Err(_) => "broken",
        };
        let head = ObjectText::new()
            .string("name", Some(name))
            .text("revision", &row.revision.to_string())
            .string("createdAt", Some(&row.created_at.to_rfc3339()))
            .string("updatedAt", Some(&row.updated_at.to_rfc3339()))
            .string("status", Some(word));
        let body = match status {
            Err(problem) => head
                .string("problem", Some(&problem))
                .string("document", Some(&row.document))
                .finish(),
            // What was understood is an object with members.
            Ok(_) => {
                let inner = row.document.trim().trim_start_matches('{');
                format!("{},{inner}", head.finish().trim_end_matches('}'))
            }
        };
        Shown { id: name.to_owned(), revision: row.revision, body }
    }
}

fn at(pointer: &str, detail: String) -> Problem {
    Problem { pointer: pointer.to_owned(), detail }
}

impl Admin {
    /// Lists a page of documents.
    pub async fn list_documents(
        &self,
        collection: Collection,
        listed: Listed,
    ) -> Result<String, AdminError> {
        let after = listed.cursor.as_deref().map(decode_cursor).transpose()?;
        let registrations = &self.gateway.ports().registrations;
        let page = registrations.page(collection.rows(), after.as_deref(), listed.limit + 1);
        let mut rows = page.await?;
        let more = rows.len() > listed.limit;
        rows.truncate(listed.limit);
        let items: Vec<String> = rows.iter().map(|row| collection.show(row).body).collect();
        let mut body = format!(r#"{{"{}":[{}]"#, collection.member(), items.join(","));
        if let (true, Some(last)) = (more, rows.last()) {
            body.push_str(&format!(r#","nextCursor":"{}""#, URL_SAFE_NO_PAD.encode(&last.id)));
        }
        body.push('}');
        Ok(body)
    }

    /// Reads a document.
    pub async fn show_document(
        &self,
        collection: Collection,
        name: &str,
    ) -> Result<Shown, AdminError> {
        let id = collection.id(name).ok_or_else(|| collection.missing())?;
        let row = self.gateway.ports().registrations.load(&id).await?;
        row.map(|row| collection.show(&row)).ok_or_else(|| collection.missing())
    }

    /// Creates a document, or replaces it.
    pub async fn put_document(
        &self,
        collection: Collection,
        name: &str,
        body: &[u8],
        when: Precondition,
    ) -> Result<Put, AdminError> {
        let what = collection.what();
        let invalid = |invalid| AdminError::InvalidDocument { what, invalid };
        let text = json::check(body)
            .map_err(|error| invalid(InvalidRegistration(vec![at("", error.to_string())])))?;
        let (id, document) = collection.check(name, text).map_err(invalid)?;
        let ports = self.gateway.ports();
        for _ in 0..MAX_ROUNDS {
            let now = ports.clock.now();
            let replacing =
                ports.registrations.replace(&id, document.clone(), when.revision(), now);
            match replacing.await {
                Ok(row) => return Ok(Put { created: false, shown: collection.show(&row) }),
                Err(StoreError::NotFound) if when == Precondition::None => {}
                Err(error) => return Err(collection.failed(error)),
            }
            self.check_number(collection).await?;
            let new = vec![(id.clone(), document.clone())];
            match ports.registrations.create(new, now).await {
                Ok(rows) => {
                    let row = rows.first().ok_or_else(|| collection.missing())?;
                    return Ok(Put { created: true, shown: collection.show(row) });
                }
                // Somebody else was first, so that it can be replaced now.
                Err(StoreError::Exists(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AdminError::Unavailable(format!("others change {id} all the time")))
    }

    /// Removes a document.
    pub async fn remove_document(
        &self,
        collection: Collection,
        name: &str,
        when: Precondition,
    ) -> Result<(), AdminError> {
        let id = collection.id(name).ok_or_else(|| collection.missing())?;
        let registrations = &self.gateway.ports().registrations;
        let removed = registrations.remove(&id, when.revision()).await;
        removed.map_err(|error| collection.failed(error))
    }

    /// Refuses one document too many. Some that are created in the same moment may all come in: the
    /// bound is for the cost of decisions and is not exact.
    async fn check_number(&self, collection: Collection) -> Result<(), AdminError> {
        let catalog = self.gateway.compiled().await?;
        let number = match collection {
            Collection::Policies => catalog.policies.len(),
            Collection::Servers => catalog.servers(),
        };
        if number < collection.most() {
            return Ok(());
        }
        Err(AdminError::TooMany { what: collection.what(), most: collection.most() })
    }
}
