//! Why somebody may do something, or not.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::admin::{Admin, AdminError};
use crate::catalog::offer::Offer;
use crate::catalog::shelf::Shelved;
use crate::policy::decide::{Asked, Verdict};
use crate::policy::select::Labels;
use crate::policy::traits::{CallerKind, Traits};
use crate::policy::{Action, limits, read};
use crate::principal::Scopes;
use crate::protocol::json;
use crate::protocol::name::Name;
use crate::registration::Kind;
use crate::registration::listing::ObjectText;
use crate::registration::problem::{InvalidRegistration, Problem, Problems};
use crate::registration::tag::{self, Tag};
use crate::server::ServerName;

/// What is asked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Question {
    principal: Caller,
    action: String,
    resource: Registered,
    #[serde(default)]
    server: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Caller {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    arn: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    issuer: Option<String>,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    claims: BTreeMap<String, String>,
}

/// A registration, which need not be there yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registered {
    name: String,
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// A question understood.
struct Asking<'a> {
    caller: Traits<'a>,
    kind: Kind,
    name: Name,
    tags: Option<Vec<Tag>>,
    server: Option<ServerName>,
}

impl Admin {
    /// Says what the stored policies decide about a caller, and which statements determine it.
    pub async fn explain(&self, body: &[u8]) -> Result<String, AdminError> {
        let invalid = |invalid| AdminError::InvalidDocument { what: "question", invalid };
        let text = json::check(body).map_err(|error| {
            let (pointer, detail) = (String::new(), error.to_string());
            invalid(InvalidRegistration(vec![Problem { pointer, detail }]))
        })?;
        let question: Question = read(text, limits::MAX_POLICY_BYTES).map_err(invalid)?;
        let asking = question.understand().map_err(invalid)?;
        let catalog = self.gateway.compiled().await?;
        let offer = catalog.offer(asking.server.as_ref(), None);
        let stored = labels_of(catalog.whole(), asking.kind, asking.name.as_str());
        // Tags that are given are tried out; otherwise those of the registration count.
        let tags = match (&asking.tags, stored) {
            (Some(tags), _) => tags.as_slice(),
            (None, Some(labels)) => labels.tags,
            (None, None) => &[],
        };
        let labels = Labels { kind: asking.kind, name: &asking.name, tags };
        let (policies, caller) = (&catalog.policies, &asking.caller);
        let applicable = policies.applicable(caller);
        let enforced = policies.decide(&applicable, labels, Asked::Enforced);
        let logged =
            policies.is_logging().then(|| policies.decide(&applicable, labels, Asked::All));
        let offered = labels_of(&offer, asking.kind, asking.name.as_str()).is_some();
        let word = |is: bool| if is { "true" } else { "false" };
        let answer = ObjectText::new()
            .text("allowed", word(enforced.is_allowed()))
            .string("verdict", Some(enforced.as_str()))
            .text("by", &by(&enforced))
            .text("registered", word(stored.is_some()))
            .text("offered", word(offered));
        let answer = match logged {
            None => answer,
            Some(logged) => {
                let inner = ObjectText::new()
                    .text("allowed", word(logged.is_allowed()))
                    .string("verdict", Some(logged.as_str()))
                    .text("by", &by(&logged));
                answer.text("withLogOnly", &inner.finish())
            }
        };
        Ok(answer.finish())
    }
}

impl Question {
    fn understand(&self) -> Result<Asking<'_>, InvalidRegistration> {
        let mut problems = Problems::default();
        let caller = &self.principal;
        let known = CallerKind::parse(&caller.kind)
            .ok_or("must be anonymous, iam, direct-invoke, bearer or oauth");
        let kind = problems.keep("/principal/type", known);
        let only = |member: &str, present: bool, of: CallerKind, problems: &mut Problems| {
            if present && kind.is_some_and(|kind| kind != of) {
                let detail = format!("belongs to {}", of.as_str());
                problems.note(format!("/principal/{member}"), detail);
            }
        };
        only("arn", caller.arn.is_some(), CallerKind::Iam, &mut problems);
        only("name", caller.name.is_some(), CallerKind::Bearer, &mut problems);
        for (member, present) in [
            ("issuer", caller.issuer.is_some()),
            ("subject", caller.subject.is_some()),
            ("clientId", caller.client_id.is_some()),
            ("scopes", !caller.scopes.is_empty()),
            ("claims", !caller.claims.is_empty()),
        ] {
            only(member, present, CallerKind::OAuth, &mut problems);
        }
        problems.keep("/principal/scopes", Scopes::parse(&caller.scopes.join(" ")));
        let hint = "must be tools/call, resources/read or prompts/get";
        let action = problems.keep("/action", Action::parse(&self.action).ok_or(hint));
        let name = problems.keep("/resource/name", Name::parse(&self.resource.name));
        let tags = self.resource.tags.as_deref();
        let tags = tags.map(|tags| tag::parse_all("/resource/tags", tags, &mut problems));
        let server = self.server.as_deref().map(ServerName::parse).transpose();
        let server = problems.keep("/server", server);
        match (kind, action, name, server) {
            (Some(kind), Some(action), Some(name), Some(server)) if problems.is_empty() => {
                let caller = self.principal.traits(kind, self.server.as_deref());
                Ok(Asking { caller, kind: action.kind(), name, tags, server })
            }
            _ => Err(problems.into_error()),
        }
    }
}

impl Caller {
    fn traits<'a>(&'a self, kind: CallerKind, server: Option<&'a str>) -> Traits<'a> {
        let base = Traits { kind, server, ..Traits::default() };
        let base = match self.arn.as_deref() {
            Some(arn) => base.iam(arn),
            None => base,
        };
        Traits {
            name: self.name.as_deref(),
            issuer: self.issuer.as_deref(),
            subject: self.subject.as_deref(),
            client_id: self.client_id.as_deref(),
            scopes: self.scopes.iter().map(String::as_str).collect(),
            claims: self.claims.iter().map(|(name, value)| (&**name, &**value)).collect(),
            ..base
        }
    }
}

fn labels_of<'a>(offer: &'a Offer, kind: Kind, name: &str) -> Option<Labels<'a>> {
    match kind {
        Kind::Tool => offer.tools.find(name).map(Shelved::labels),
        Kind::Prompt => offer.prompts.find(name).map(Shelved::labels),
        Kind::Resource => {
            let fixed = offer.resources.find(name).map(Shelved::labels);
            fixed.or_else(|| offer.templates.find(name).map(Shelved::labels))
        }
    }
}

fn by(verdict: &Verdict) -> String {
    let one = |id: &crate::policy::decide::StatementId| {
        ObjectText::new()
            .string("policy", Some(&id.policy))
            .string("statement", id.statement.as_deref())
            .finish()
    };
    let all: Vec<String> = verdict.by().iter().map(one).collect();
    format!("[{}]", all.join(","))
}
