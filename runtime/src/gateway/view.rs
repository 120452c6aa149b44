//! What a caller may know of: the same for lists, completion and calls.
//!
//! Names and URIs are looked up in what the caller is offered and nowhere else, so that what is
//! hidden from him and what is not there take the same way to the same answer.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::catalog::cursor::Cursor;
use crate::catalog::offer::Offer;
use crate::catalog::shelf::Shelved;
use crate::gateway::{Answered, Asked, Facts, Gateway};
use crate::policy::decide::{self, Applicable, Verdict};
use crate::policy::select::Labels;
use crate::policy::traits::Traits;
use crate::principal::Principal;
use crate::protocol::call::List;
use crate::protocol::error::RpcError;
use crate::protocol::rope::Rope;
use crate::registration::ResourceTemplate;
use crate::server::ServerName;

/// What policies said of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authorization {
    /// The decision that took effect.
    pub enforced: Verdict,
    /// What it would have been, had all policies taken effect; none where all do.
    pub logged: Option<Verdict>,
}

/// What a caller is offered, and why.
pub(super) struct View {
    pub(super) offer: Arc<Offer>,
    catalog: Arc<Catalog>,
    server: Option<ServerName>,
    /// The statements that concern the caller; none where there are no policies.
    applicable: Option<Applicable>,
}

impl View {
    pub(super) fn new(
        catalog: Arc<Catalog>,
        principal: &Principal,
        server: Option<&ServerName>,
    ) -> Self {
        let caller = || Traits::of(principal, server.map(ServerName::as_str));
        let policies = &catalog.policies;
        let applicable = (!policies.is_empty()).then(|| policies.applicable(&caller()));
        let offer = catalog.offer(server, applicable.as_ref().map(Applicable::enforced));
        Self { offer, server: server.cloned(), applicable, catalog }
    }

    /// What policies say of a registration, for the log; none where there are no policies.
    pub(super) fn judge(&self, labels: Labels<'_>) -> Option<Box<Authorization>> {
        let applicable = self.applicable.as_ref()?;
        let policies = &self.catalog.policies;
        let decide = |asked| policies.decide(applicable, labels, asked);
        let logged = policies.is_logging().then(|| decide(decide::Asked::All));
        Some(Box::new(Authorization { enforced: decide(decide::Asked::Enforced), logged }))
    }

    /// Answers that there is no such thing. If it is only hidden, the log is told; `find` looks
    /// for it among what the endpoint offers to those who may use everything.
    pub(super) fn unknown(
        &self,
        error: RpcError,
        find: impl Fn(&Offer) -> Option<Labels<'_>>,
    ) -> Answered {
        let mut answered = Answered::from(error);
        if self.applicable.is_some() {
            let everything = self.catalog.offer(self.server.as_ref(), None);
            answered.facts.authorization = find(&everything).and_then(|labels| self.judge(labels));
        }
        answered
    }
}

impl Offer {
    /// The first template that an URI fits, with the values of its variables.
    pub(super) fn template(
        &self,
        uri: &str,
    ) -> Option<(&ResourceTemplate, std::collections::BTreeMap<String, String>)> {
        self.templates.iter().find_map(|t| t.template.extract(uri).map(|values| (t, values)))
    }

    /// The labels of whatever answers to a URI.
    pub(super) fn at_uri(&self, uri: &str) -> Option<Labels<'_>> {
        let fixed = self.resource(uri).map(Shelved::labels);
        fixed.or_else(|| self.template(uri).map(|(template, _)| template.labels()))
    }
}

impl Answered {
    /// Adds what policies said.
    pub(super) fn judged(self, authorization: Option<Box<Authorization>>) -> Self {
        Self { facts: Facts { authorization, ..self.facts }, ..self }
    }
}

impl Gateway {
    /// What the caller of a request is offered where it calls.
    pub(super) async fn view(&self, asked: &Asked<'_>) -> Result<View, Answered> {
        let catalog = self.compiled().await;
        let catalog = catalog.map_err(|error| self.unavailable(asked.correlation, &error))?;
        Ok(View::new(catalog, asked.principal, asked.endpoint.server.as_ref()))
    }

    pub(super) async fn list(
        &self,
        list: List,
        cursor: Option<&str>,
        asked: &Asked<'_>,
    ) -> Answered {
        let cursor = cursor.map(|text| Cursor::parse(text, list)).transpose();
        let cursor = match cursor {
            Ok(cursor) => cursor,
            Err(error) => return error.into(),
        };
        let view = match self.view(asked).await {
            Ok(view) => view,
            Err(answered) => return answered,
        };
        let (cursor, version, stamp, hint) =
            (cursor.as_ref(), asked.version, &asked.endpoint.stamp, self.cache_hint());
        let offer = &view.offer;
        let page = match list {
            List::Tools => offer.tools.page(cursor, version, stamp, hint),
            List::Resources => offer.resources.page(cursor, version, stamp, hint),
            List::ResourceTemplates => offer.templates.page(cursor, version, stamp, hint),
            List::Prompts => offer.prompts.page(cursor, version, stamp, hint),
        };
        let mut rope = Rope::default();
        rope.push(page);
        Answered::of(Ok(rope))
    }
}
