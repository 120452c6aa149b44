//! Decisions: all policies of a gateway, the statements that concern one caller, and what they say
//! of one registration.

use std::fmt;

use crate::policy::select::Labels;
use crate::policy::traits::Traits;
use crate::policy::{Action, Effect, Mode, Policy, Statement};

/// All policies of a gateway.
#[derive(Debug, Default)]
pub struct PolicySet {
    policies: Vec<Policy>,
    /// Ids of stored policies that cannot be understood, with the reason. Nobody knows what they
    /// forbid, so everything is forbidden.
    broken: Vec<(String, String)>,
    enforced: bool,
    logging: bool,
}

/// Which policies are asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asked {
    /// Those that take effect.
    Enforced,
    /// Those that are only logged as well, as if they took effect.
    All,
}

/// Names a statement of a policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatementId {
    /// The policy.
    pub policy: String,
    /// The statement in it; none where the policy cannot be understood.
    pub statement: Option<String>,
}

impl fmt::Display for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.statement {
            Some(statement) => write!(f, "{}/{statement}", self.policy),
            None => f.write_str(&self.policy),
        }
    }
}

/// A decision with what determined it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// There is no policy.
    Unrestricted,
    /// These statements permit, and none forbids.
    Permitted(Vec<StatementId>),
    /// These statements forbid.
    Forbidden(Vec<StatementId>),
    /// No statement permits.
    NotPermitted,
    /// These policies cannot be understood.
    Broken(Vec<StatementId>),
}

impl Verdict {
    /// Whether it may be done.
    pub fn is_allowed(&self) -> bool {
        match self {
            Self::Unrestricted | Self::Permitted(_) => true,
            Self::Forbidden(_) | Self::NotPermitted | Self::Broken(_) => false,
        }
    }

    /// The word for administrators and logs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Unrestricted => "no-policy",
            Self::Permitted(_) => "permitted",
            Self::Forbidden(_) => "forbidden",
            Self::NotPermitted => "not-permitted",
            Self::Broken(_) => "broken-policy",
        }
    }

    /// The statements that determined it.
    pub fn by(&self) -> &[StatementId] {
        match self {
            Self::Unrestricted | Self::NotPermitted => &[],
            Self::Permitted(by) | Self::Forbidden(by) | Self::Broken(by) => by,
        }
    }
}

/// The statements that concern one caller at one server, as places in the set.
///
/// Callers with the same ones are offered the same, so a filtered list is made once for all of
/// them.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Applicable {
    enforced: Vec<(usize, usize)>,
    logged: Vec<(usize, usize)>,
}

impl Applicable {
    /// The ones that take effect, which decide what a caller is offered.
    pub fn enforced(&self) -> &[(usize, usize)] {
        &self.enforced
    }
}

impl PolicySet {
    /// A set of policies, and of ids whose policies cannot be understood.
    pub fn new(policies: Vec<Policy>, broken: Vec<(String, String)>) -> Self {
        let is = |mode: Mode| policies.iter().any(|policy| policy.mode == mode);
        let (enforced, logging) = (is(Mode::Enforce) || !broken.is_empty(), is(Mode::LogOnly));
        Self { policies, broken, enforced, logging }
    }

    /// Whether there is no policy at all.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty() && self.broken.is_empty()
    }

    /// Whether any policy takes effect.
    pub fn restricts(&self) -> bool {
        self.enforced
    }

    /// Whether any policy is only logged.
    pub fn is_logging(&self) -> bool {
        self.logging
    }

    /// How many policies there are.
    pub fn len(&self) -> usize {
        self.policies.len() + self.broken.len()
    }

    /// Ids of policies that cannot be understood, with the reason.
    pub fn broken(&self) -> &[(String, String)] {
        &self.broken
    }

    fn is_any(&self, asked: Asked) -> bool {
        self.enforced || (asked == Asked::All && self.logging)
    }

    /// The statements that concern a caller.
    pub fn applicable(&self, caller: &Traits<'_>) -> Applicable {
        let mut found = Applicable::default();
        for (place, policy) in self.policies.iter().enumerate() {
            let list = match policy.mode {
                Mode::Enforce => &mut found.enforced,
                Mode::LogOnly => &mut found.logged,
            };
            for (index, statement) in policy.statements.iter().enumerate() {
                if statement.servers.hold(caller.server) && statement.who.is(caller) {
                    list.push((place, index));
                }
            }
        }
        found
    }

    /// Decides about a registration: whether it may be called, read or got.
    pub fn decide(&self, caller: &Applicable, labels: Labels<'_>, asked: Asked) -> Verdict {
        if !self.broken.is_empty() {
            let named = |(id, _): &(String, String)| StatementId {
                policy: id.strip_prefix("policy-").unwrap_or(id).to_owned(),
                statement: None,
            };
            return Verdict::Broken(self.broken.iter().map(named).collect());
        }
        if !self.is_any(asked) {
            return Verdict::Unrestricted;
        }
        let logged = match asked {
            Asked::Enforced => &[][..],
            Asked::All => &caller.logged,
        };
        let (mut permits, mut forbids) = (Vec::new(), Vec::new());
        for (place, index) in caller.enforced.iter().chain(logged) {
            // An applicable statement of another version of the set could be gone.
            let Some(policy) = self.policies.get(*place) else { continue };
            let Some(statement) = policy.statements.get(*index) else { continue };
            if !statement.concerns(labels) {
                continue;
            }
            let id = StatementId {
                policy: policy.name.to_string(),
                statement: Some(statement.id.clone()),
            };
            match statement.effect {
                Effect::Permit => permits.push(id),
                Effect::Forbid => forbids.push(id),
            }
        }
        match (forbids.is_empty(), permits.is_empty()) {
            (false, _) => Verdict::Forbidden(forbids),
            (true, false) => Verdict::Permitted(permits),
            (true, true) => Verdict::NotPermitted,
        }
    }

    /// The same as [`Self::decide`] of the policies that take effect, without the reasons.
    pub fn allows(&self, enforced: &[(usize, usize)], labels: Labels<'_>) -> bool {
        if !self.broken.is_empty() {
            return false;
        }
        if !self.restricts() {
            return true;
        }
        let mut permitted = false;
        for (place, index) in enforced {
            let Some(policy) = self.policies.get(*place) else { continue };
            let Some(statement) = policy.statements.get(*index) else { continue };
            if statement.concerns(labels) {
                match statement.effect {
                    Effect::Forbid => return false,
                    Effect::Permit => permitted = true,
                }
            }
        }
        permitted
    }
}

impl Statement {
    fn concerns(&self, labels: Labels<'_>) -> bool {
        self.actions.contains(&Action::of(labels.kind)) && self.select.chooses(labels)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::principal::{Principal, Scopes, TokenClaims};
    use crate::protocol::name::Name;
    use crate::registration::Kind;
    use crate::registration::tag::Tag;

    fn policy(name: &str, mode: &str, statements: &str) -> Policy {
        let text = format!(r#"{{"mode":"{mode}","statements":[{statements}]}}"#);
        let name = Name::parse(name).expect("a name");
        Policy::parse(&name, &text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    fn set(statements: &str) -> PolicySet {
        PolicySet::new(vec![policy("p", "enforce", statements)], Vec::new())
    }

    /// A statement that permits everything to some.
    fn permit(principal: &str) -> String {
        format!(r#"{{"effect":"permit","principal":{principal},"action":"*","resource":"*"}}"#)
    }

    fn verdict(set: &PolicySet, caller: &Traits<'_>, kind: Kind, name: &str) -> Verdict {
        let name = Name::parse(name).expect("a name");
        let labels = Labels { kind, name: &name, tags: &[] };
        let applicable = set.applicable(caller);
        let verdict = set.decide(&applicable, labels, Asked::Enforced);
        assert_eq!(set.allows(applicable.enforced(), labels), verdict.is_allowed());
        verdict
    }

    fn may(set: &PolicySet, principal: &Principal) -> bool {
        let caller = Traits::of(principal, None);
        verdict(set, &caller, Kind::Tool, "t").is_allowed()
    }

    fn iam(arn: &str) -> Principal {
        Principal::Iam { arn: arn.to_owned() }
    }

    fn token(scopes: &str, claims: &[(&str, &str)]) -> Principal {
        Principal::OAuth(Arc::new(TokenClaims {
            issuer: "https://issuer.example".to_owned(),
            subject: "alice".to_owned(),
            client_id: Some("editor".to_owned()),
            scopes: Scopes::parse(scopes).expect("scopes"),
            claims: claims.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        }))
    }

    fn id(text: &str) -> StatementId {
        let (policy, statement) = text.split_once('/').expect("two parts");
        StatementId { policy: policy.to_owned(), statement: Some(statement.to_owned()) }
    }

    #[test]
    fn nothing_is_permitted_by_default_and_forbid_wins() {
        let anyone = Traits::default();
        let check = |set: &PolicySet, name: &str| verdict(set, &anyone, Kind::Tool, name);
        assert_eq!(check(&PolicySet::default(), "a"), Verdict::Unrestricted);
        let all = permit("\"*\"");
        let forbids = r#"{"id":"no","effect":"forbid","principal":"*","action":"tools/call","resource":{"name":"b*"}}"#;
        let both = set(&format!("{all},{forbids}"));
        assert_eq!(check(&both, "a"), Verdict::Permitted(vec![id("p/0")]));
        assert_eq!(check(&both, "b1"), Verdict::Forbidden(vec![id("p/no")]));
        let other_order = set(&format!("{forbids},{all}"));
        assert_eq!(check(&other_order, "b1"), Verdict::Forbidden(vec![id("p/no")]));
        assert_eq!(check(&set(forbids), "a"), Verdict::NotPermitted, "no permit, no call");
        let prompt = verdict(&both, &anyone, Kind::Prompt, "b1");
        assert_eq!(prompt, Verdict::Permitted(vec![id("p/0")]), "the forbid is about tools");
    }

    #[test]
    fn a_broken_policy_forbids_everything() {
        let broken = vec![("policy-x".to_owned(), "no JSON".to_owned())];
        let all = vec![policy("p", "enforce", &permit("\"*\""))];
        for policies in [Vec::new(), all] {
            let set = PolicySet::new(policies, broken.clone());
            let named = StatementId { policy: "x".to_owned(), statement: None };
            let found = verdict(&set, &Traits::default(), Kind::Tool, "a");
            assert_eq!(found, Verdict::Broken(vec![named]));
            assert!(!set.is_empty() && set.restricts());
        }
    }

    #[test]
    fn what_is_only_logged_denies_nothing() {
        let log_only = policy("l", "log-only", &permit(r#"{"type":"iam"}"#));
        let set = PolicySet::new(vec![log_only.clone()], Vec::new());
        let name = Name::parse("t").expect("a name");
        let labels = Labels { kind: Kind::Tool, name: &name, tags: &[] };
        let anyone = set.applicable(&Traits::default());
        assert_eq!(set.decide(&anyone, labels, Asked::Enforced), Verdict::Unrestricted);
        assert_eq!(set.decide(&anyone, labels, Asked::All), Verdict::NotPermitted);
        assert!(set.allows(anyone.enforced(), labels) && !set.restricts() && set.is_logging());

        // One that takes effect beside it decides alone; together they are what is logged.
        let enforced = policy("e", "enforce", &permit(r#"{"type":"anonymous"}"#));
        let set = PolicySet::new(vec![log_only, enforced], Vec::new());
        let iam = Traits::default().iam("arn:aws:iam::123456789012:root");
        let iam = set.applicable(&iam);
        assert_eq!(set.decide(&iam, labels, Asked::Enforced), Verdict::NotPermitted);
        assert_eq!(set.decide(&iam, labels, Asked::All), Verdict::Permitted(vec![id("l/0")]));
    }

    #[test]
    fn conditions_on_iam_principals() {
        let agent = "arn:aws:sts::123456789012:assumed-role/Agent/i-1";
        for (condition, arn, expected) in [
            (r#"{"arn":"arn:aws:iam::123456789012:role/Agent"}"#, agent, true),
            (r#"{"arn":"arn:aws:iam::123456789012:role/Ag*"}"#, agent, true),
            (r#"{"arn":"arn:aws:sts::123456789012:assumed-role/Agent/*"}"#, agent, true),
            (r#"{"arn":"arn:aws:sts::123456789012:assumed-role/Agent/i-2"}"#, agent, false),
            (r#"{"arn":"arn:aws:iam::123456789012:role/agent"}"#, agent, false),
            (r#"{"arn":"arn:aws:iam::999999999999:role/Agent"}"#, agent, false),
            (r#"{"arn":["arn:aws:iam::999999999999:root","*"]}"#, agent, true),
            (r#"{"account":"123456789012"}"#, agent, true),
            (r#"{"account":["999999999999"]}"#, agent, false),
            (r#"{"type":"iam"}"#, agent, true),
            (r#"{"type":["oauth","anonymous"]}"#, agent, false),
            (r#"{"account":"123456789012","arn":"arn:aws:iam::*:role/B"}"#, agent, false),
            // Whoever may name a user's path cannot write a role into it.
            (
                r#"{"arn":"arn:aws:iam::123456789012:role/Agent"}"#,
                "arn:aws:iam::123456789012:user/assumed-role/Agent/x",
                false,
            ),
        ] {
            assert_eq!(may(&set(&permit(condition)), &iam(arn)), expected, "{condition} {arn}");
        }
        for stranger in [Principal::Anonymous, Principal::DirectInvoke, token("", &[])] {
            assert!(!may(&set(&permit(r#"{"arn":"*"}"#)), &stranger), "{stranger:?}");
        }
    }

    #[test]
    fn conditions_on_tokens_and_bearers() {
        let alice = token("read write", &[("team", "blue"), ("groups", r#"["ops","dev"]"#)]);
        for (condition, expected) in [
            (r#"{"issuer":"https://issuer.example"}"#, true),
            (r#"{"issuer":"https://issuer.example","subject":["bob","ali*"]}"#, true),
            (r#"{"issuer":"https://other.example","subject":"alice"}"#, false),
            (r#"{"clientId":"editor"}"#, true),
            (r#"{"allScopes":["read","write"]}"#, true),
            (r#"{"allScopes":["read","admin"]}"#, false),
            (r#"{"anyScope":["read","admin"]}"#, true),
            (r#"{"anyScope":"admin"}"#, false),
            (r#"{"anyScope":"rea"}"#, false),
            (r#"{"claims":{"team":["red","blue"]}}"#, true),
            (r#"{"claims":{"team":"blue","groups":"ops"}}"#, true),
            (r#"{"claims":{"groups":"op"}}"#, false),
            (r#"{"claims":{"team":"blue","missing":"*"}}"#, false),
            (r#"{"claims":{"Team":"*"}}"#, false),
            (r#"{"name":"alice"}"#, false),
        ] {
            assert_eq!(may(&set(&permit(condition)), &alice), expected, "{condition}");
        }
        let bearer = Principal::Bearer { name: "stack".to_owned() };
        for (condition, expected) in [
            (r#"{"name":"stack"}"#, true),
            (r#"{"name":"x"}"#, false),
            (r#"{"subject":"*"}"#, false),
        ] {
            assert_eq!(may(&set(&permit(condition)), &bearer), expected, "{condition}");
        }
    }

    #[test]
    fn conditions_on_registrations_and_servers() {
        let (blue, red) = (Tag::parse("team:blue").expect("one"), Tag::parse("red").expect("one"));
        let statement = |more: &str| {
            set(&format!(r#"{{"effect":"permit","principal":"*","action":"*",{more}}}"#))
        };
        let check = |set: &PolicySet, tags: &[Tag], server: Option<&str>| {
            let name = Name::parse("get-weather").expect("a name");
            let labels = Labels { kind: Kind::Tool, name: &name, tags };
            let caller = Traits { server, ..Traits::default() };
            set.decide(&set.applicable(&caller), labels, Asked::Enforced).is_allowed()
        };
        for (resource, expected) in [
            (r#"{"name":"get-*"}"#, true),
            (r#"{"name":["put-*","get-weather"]}"#, true),
            (r#"{"name":"GET-*"}"#, false),
            (r#"{"type":"prompt"}"#, false),
            (r#"{"type":["prompt","tool"],"tag":"team:*"}"#, true),
            (r#"{"tag":["red","team:blue"]}"#, true),
            (r#"{"tag":"blue"}"#, false),
            (r#"{"name":"get-*","tag":"green"}"#, false),
        ] {
            let set = statement(&format!(r#""resource":{resource}"#));
            assert_eq!(check(&set, std::slice::from_ref(&blue), None), expected, "{resource}");
        }
        let tagged = statement(r#""resource":{"tag":"*"}"#);
        assert!(check(&tagged, &[red], None) && !check(&tagged, &[], None));
        for (servers, at, expected) in [
            (r#""ops""#, Some("ops"), true),
            (r#""ops""#, Some("other"), false),
            (r#""ops""#, None, false),
            (r#"["o*","x"]"#, Some("ops"), true),
            (r#""*""#, None, false),
            (r#""/""#, None, true),
            (r#""/""#, Some("ops"), false),
            (r#"["/","*"]"#, Some("ops"), true),
        ] {
            let set = statement(&format!(r#""resource":"*","server":{servers}"#));
            assert_eq!(check(&set, &[], at), expected, "{servers} at {at:?}");
        }
    }

    /// Decides slowly, by the definition: some statement that takes effect permits, and none that
    /// does forbids.
    fn by_definition(statements: &[(bool, usize, usize)], role: usize, tool: usize) -> bool {
        let concerns = |effect: bool| {
            statements.iter().any(|(is, r, t)| {
                *is == effect && (*r == 0 || *r == role) && (*t == 0 || *t == tool)
            })
        };
        concerns(true) && !concerns(false)
    }

    proptest! {
        /// Neither the order of statements nor how they are spread over policies matters.
        #[test]
        fn decisions_are_as_defined(
            statements in prop::collection::vec((any::<bool>(), 0_usize..4, 0_usize..4), 1..12),
            split in 1_usize..4,
            role in 1_usize..4,
            tool in 1_usize..4,
        ) {
            let text = |(permits, role, tool): &(bool, usize, usize)| {
                let effect = if *permits { "permit" } else { "forbid" };
                let principal = match role {
                    0 => r#""*""#.to_owned(),
                    _ => format!(r#"{{"arn":"arn:aws:iam::123456789012:role/r{role}"}}"#),
                };
                let resource = match tool {
                    0 => r#""*""#.to_owned(),
                    _ => format!(r#"{{"name":"t{tool}"}}"#),
                };
                format!(
                    r#"{{"effect":"{effect}","principal":{principal},"action":"tools/call","resource":{resource}}}"#
                )
            };
            let policies = statements.chunks(split).enumerate().map(|(index, chunk)| {
                let all: Vec<String> = chunk.iter().map(text).collect();
                policy(&format!("p{index}"), "enforce", &all.join(","))
            });
            let set = PolicySet::new(policies.collect(), Vec::new());
            let arn = format!("arn:aws:sts::123456789012:assumed-role/r{role}/session");
            let caller = Traits::default().iam(&arn);
            let found = verdict(&set, &caller, Kind::Tool, &format!("t{tool}"));
            prop_assert_eq!(found.is_allowed(), by_definition(&statements, role, tool));
        }
    }
}
