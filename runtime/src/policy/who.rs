//! The conditions of a statement on its caller, and on the server at which he calls.

use serde_json::value::RawValue;

use crate::policy::document::{AnyOr, Strings, Who as Document};
use crate::policy::limits;
use crate::policy::pattern::{ArnPattern, InvalidPattern, Pattern};
use crate::policy::traits::{CallerKind, Traits};
use crate::principal::Scope;
use crate::registration::problem::Problems;

/// Callers: those who satisfy every condition that is there.
#[derive(Clone, Debug, Default)]
pub(super) struct Who {
    kinds: Option<Vec<CallerKind>>,
    arns: Option<Vec<ArnPattern>>,
    accounts: Option<Vec<String>>,
    names: Option<Vec<Pattern>>,
    issuers: Option<Vec<Pattern>>,
    subjects: Option<Vec<Pattern>>,
    clients: Option<Vec<Pattern>>,
    all_scopes: Option<Vec<Scope>>,
    any_scope: Option<Vec<Scope>>,
    claims: Vec<(String, Vec<Pattern>)>,
}

impl Who {
    /// Reads `"*"`, or an object of conditions.
    pub(super) fn parse(raw: &RawValue, pointer: &str, problems: &mut Problems) -> Self {
        let hint = "must be \"*\" or an object of conditions on the caller";
        match AnyOr::<Document>::read(raw, hint) {
            Err(detail) => {
                problems.note(pointer, detail);
                Self::default()
            }
            Ok(AnyOr::Any) => Self::default(),
            Ok(AnyOr::Of(document)) => Self::of(document, pointer, problems),
        }
    }

    fn of(document: Document, pointer: &str, problems: &mut Problems) -> Self {
        check_kinds(&document, pointer, problems);
        let mut each = |member: &str, values: Option<Strings>| {
            values.map(|values| values.check(&format!("{pointer}/{member}"), problems))
        };
        let (kinds, arns, accounts, names) = (
            each("type", document.kind),
            each("arn", document.arn),
            each("account", document.account),
            each("name", document.name),
        );
        let (issuers, subjects, clients) = (
            each("issuer", document.issuer),
            each("subject", document.subject),
            each("clientId", document.client_id),
        );
        let (all, any) =
            (each("allScopes", document.all_scopes), each("anyScope", document.any_scope));
        let claims = document.claims.map_or_else(Vec::new, |claims| claims.0);
        if claims.len() > limits::MAX_CLAIMS {
            let detail = format!("has more than {} claims", limits::MAX_CLAIMS);
            problems.note(format!("{pointer}/claims"), detail);
        }
        let claims = claims.into_iter().map(|(name, values)| {
            let escaped = name.replace('~', "~0").replace('/', "~1");
            let values = values.check(&format!("{pointer}/claims/{escaped}"), problems);
            (name, values.parse(problems, Pattern::parse))
        });
        let claims = claims.collect();
        let kind = |text: &str| {
            let hint = "must be anonymous, iam, direct-invoke, bearer or oauth";
            CallerKind::parse(text).ok_or(hint)
        };
        Self {
            kinds: kinds.map(|of| of.parse(problems, kind)),
            arns: arns.map(|of| of.parse(problems, ArnPattern::parse)),
            accounts: accounts.map(|of| of.parse(problems, account)),
            names: names.map(|of| of.parse(problems, Pattern::parse)),
            issuers: issuers.map(|of| of.parse(problems, Pattern::parse)),
            subjects: subjects.map(|of| of.parse(problems, Pattern::parse)),
            clients: clients.map(|of| of.parse(problems, Pattern::parse)),
            all_scopes: all.map(|of| of.parse(problems, scope)),
            any_scope: any.map(|of| of.parse(problems, scope)),
            claims,
        }
    }

    /// Whether a caller is one of these. What a caller has not cannot satisfy a condition.
    pub(super) fn is(&self, caller: &Traits<'_>) -> bool {
        let holds = |patterns: &Option<Vec<Pattern>>, value: Option<&str>| match patterns {
            None => true,
            Some(all) => value.is_some_and(|value| all.iter().any(|one| one.matches(value))),
        };
        let has = |scope: &Scope| caller.scopes.contains(&scope.as_str());
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&caller.kind))
            && self.arns.as_ref().is_none_or(|arns| is_one_of(arns, caller))
            && self.accounts.as_ref().is_none_or(|accounts| {
                caller.account().is_some_and(|own| accounts.iter().any(|one| one == own))
            })
            && holds(&self.names, caller.name)
            && holds(&self.issuers, caller.issuer)
            && holds(&self.subjects, caller.subject)
            && holds(&self.clients, caller.client_id)
            && self.all_scopes.as_ref().is_none_or(|scopes| scopes.iter().all(has))
            && self.any_scope.as_ref().is_none_or(|scopes| scopes.iter().any(has))
            && self.claims.iter().all(|(name, patterns)| {
                let mut own = caller.claims.iter().filter(|(own, _)| own == name);
                own.any(|(_, value)| fits(value, patterns))
            })
    }
}

/// An assumed role is known by its session and by the role.
fn is_one_of(arns: &[ArnPattern], caller: &Traits<'_>) -> bool {
    let known = || caller.arn.into_iter().chain(caller.role.as_deref());
    arns.iter().any(|pattern| known().any(|arn| pattern.matches(arn)))
}

fn account(text: &str) -> Result<String, &'static str> {
    let good = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    good.then(|| text.to_owned()).ok_or("must be an AWS account: twelve digits")
}

/// A scope, compared whole: whoever writes `*` means something else.
fn scope(text: &str) -> Result<Scope, String> {
    if text.contains('*') {
        return Err("must be a whole scope: * stands for nothing here".to_owned());
    }
    Scope::parse(text).map_err(|error| error.to_string())
}

/// Whether the value of a claim, or an element of it where it is a list, fits.
fn fits(value: &str, patterns: &[Pattern]) -> bool {
    let any = |value: &str| patterns.iter().any(|pattern| pattern.matches(value));
    let listed = || {
        let list = value.starts_with('[').then(|| serde_json::from_str::<Vec<String>>(value));
        list.and_then(Result::ok).unwrap_or_default()
    };
    any(value) || listed().iter().any(|element| any(element))
}

/// Notes conditions that no caller can satisfy together: each kind of caller has its own.
fn check_kinds(document: &Document, pointer: &str, problems: &mut Problems) {
    let token = [
        document.issuer.is_some(),
        document.subject.is_some(),
        document.client_id.is_some(),
        document.all_scopes.is_some(),
        document.any_scope.is_some(),
        document.claims.as_ref().is_some_and(|claims| !claims.0.is_empty()),
    ];
    let families = [
        (document.arn.is_some() || document.account.is_some(), "iam"),
        (document.name.is_some(), "bearer"),
        (token.contains(&true), "oauth"),
    ];
    let named: Vec<&str> = families.iter().filter(|(is, _)| *is).map(|(_, kind)| *kind).collect();
    if named.is_empty() && document.kind.is_none() {
        problems.note(pointer, "has no condition: name one, or write \"*\" for everybody");
    }
    if named.len() > 1 {
        let detail = format!("matches nobody: no caller is {} at once", named.join(" and "));
        problems.note(pointer, detail);
    }
    if let (Some(kinds), [only]) = (&document.kind, named.as_slice())
        && !kinds.has(only)
    {
        problems.note(format!("{pointer}/type"), format!("matches nobody: the others are {only}"));
    }
}

/// The servers at which a statement holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Servers(Option<Vec<ServerPattern>>);

#[derive(Clone, Debug)]
enum ServerPattern {
    /// `/`: the whole, at `/mcp`.
    Whole,
    /// Virtual servers.
    Named(Pattern),
}

impl Servers {
    pub(super) fn parse(values: Option<Strings>, pointer: &str, problems: &mut Problems) -> Self {
        let Some(values) = values else { return Self(None) };
        let parse = |text: &str| match text {
            "/" => Ok::<_, InvalidPattern>(ServerPattern::Whole),
            _ => Pattern::parse_name(text).map(ServerPattern::Named),
        };
        Self(Some(values.check(pointer, problems).parse(problems, parse)))
    }

    pub(super) fn hold(&self, server: Option<&str>) -> bool {
        let Some(patterns) = &self.0 else { return true };
        patterns.iter().any(|pattern| match (pattern, server) {
            (ServerPattern::Whole, server) => server.is_none(),
            (ServerPattern::Named(pattern), server) => {
                server.is_some_and(|name| pattern.matches(name))
            }
        })
    }
}
