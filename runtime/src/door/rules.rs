//! Which scopes a call needs, beyond those that the door needs.

use percent_encoding::percent_decode_str;

use crate::principal::{InvalidScope, Scope, Scopes};

/// Rules of one door.
pub const MAX_RULES: usize = 256;
/// Bytes of one rule.
pub const MAX_RULE_BYTES: usize = 2_560;

/// What is called, by its name as the client writes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Called<'a> {
    /// `tools/call`.
    Tool(&'a str),
    /// `prompts/get`, or completing an argument of a prompt.
    Prompt(&'a str),
    /// `resources/read`, or completing a variable of a template.
    Resource(&'a str),
}

/// Which calls need which scopes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ScopeRules(Vec<Rule>);

/// `tools/report_*=reports:read`: what is called, and a scope that it needs.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Rule {
    kind: Kind,
    /// With `*` for any characters.
    pattern: Box<str>,
    scope: Scope,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Tool,
    Prompt,
    Resource,
}

const KINDS: [(&str, Kind); 3] =
    [("tools/", Kind::Tool), ("prompts/", Kind::Prompt), ("resources/", Kind::Resource)];

impl ScopeRules {
    /// Parses rules with white space between them. A call needs the scopes of all rules that it
    /// matches.
    pub fn parse(text: &str) -> Result<Self, InvalidRule> {
        let rules: Result<Vec<_>, _> = text.split_whitespace().map(Rule::parse).collect();
        let rules = rules?;
        if rules.len() > MAX_RULES { Err(InvalidRule::TooMany) } else { Ok(Self(rules)) }
    }

    /// Whether no call needs anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes that a call needs.
    pub fn needed(&self, called: Called<'_>) -> Scopes {
        let (kind, name) = match called {
            Called::Tool(name) => (Kind::Tool, name),
            Called::Prompt(name) => (Kind::Prompt, name),
            Called::Resource(uri) => (Kind::Resource, uri),
        };
        // A template's variables are decoded for its function, so that a name can be written in
        // many ways; a rule is for all of them.
        let decoded = percent_decode_str(name).decode_utf8_lossy();
        let is_meant = |rule: &Rule| {
            let also = rule.kind == Kind::Resource && matches(&rule.pattern, &decoded);
            matches(&rule.pattern, name) || also
        };
        let matching = |rule: &&Rule| rule.kind == kind && is_meant(rule);
        self.0.iter().filter(matching).map(|rule| rule.scope.clone()).collect()
    }

    /// All scopes that any call needs.
    pub fn scopes(&self) -> Scopes {
        self.0.iter().map(|rule| rule.scope.clone()).collect()
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self, InvalidRule> {
        let form = || InvalidRule::Form(text.chars().take(80).collect());
        if text.len() > MAX_RULE_BYTES {
            return Err(form());
        }
        // The last one: URIs have `=` in their queries.
        let (called, scope) = text.rsplit_once('=').ok_or_else(form)?;
        let known =
            KINDS.iter().find_map(|(prefix, kind)| Some((called.strip_prefix(prefix)?, *kind)));
        let (pattern, kind) = known.filter(|(pattern, _)| !pattern.is_empty()).ok_or_else(form)?;
        Ok(Self { kind, pattern: pattern.into(), scope: Scope::parse(scope)? })
    }
}

/// Whether a name is what a pattern with `*` stands for.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        // The earliest place leaves most for what follows.
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Why a text is no list of rules.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidRule {
    /// One of them has another form.
    #[error("a rule is tools/NAME=SCOPE, prompts/NAME=SCOPE or resources/URI=SCOPE, not `{0}`")]
    Form(String),
    /// The scope of one.
    #[error(transparent)]
    Scope(#[from] InvalidScope),
    /// More than [`MAX_RULES`].
    #[error("there are more than {MAX_RULES} rules")]
    TooMany,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a", "A", false),
            ("*", "", true),
            ("*", "anything", true),
            ("a*", "a", true),
            ("a*", "ba", false),
            ("*a", "ba", true),
            ("*a", "ab", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("é*", "éa", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_call_needs_what_all_its_rules_say() {
        let text = "tools/report_*=reports tools/*_all=admin\n prompts/*=p resources/db://x?a=b=r";
        let rules = ScopeRules::parse(text).expect("rules");
        let needed = |called| rules.needed(called).to_string();
        assert_eq!(needed(Called::Tool("report_one")), "reports");
        assert_eq!(needed(Called::Tool("report_all")), "admin reports");
        assert_eq!(needed(Called::Tool("other")), "");
        assert_eq!(needed(Called::Prompt("report_all")), "p");
        assert_eq!(needed(Called::Resource("db://x?a=b")), "r");
        assert_eq!(needed(Called::Resource("db://%78?a%3Db")), "r");
        assert_eq!(needed(Called::Tool("%72eport_one")), "");
        assert_eq!(rules.scopes().to_string(), "admin p r reports");
        assert!(ScopeRules::parse(" ").expect("none").is_empty());
    }

    #[test]
    fn what_is_no_rule() {
        for bad in ["tools/a", "tool/a=b", "tools/=b", "=b", "a=b", "tools/a=", "tools/a=\"b\""] {
            assert!(ScopeRules::parse(bad).is_err(), "{bad}");
        }
        let many = |count: usize| vec!["tools/a=b"; count].join(" ");
        assert!(ScopeRules::parse(&many(MAX_RULES)).is_ok());
        assert_eq!(ScopeRules::parse(&many(MAX_RULES + 1)), Err(InvalidRule::TooMany));
        let long = |length: usize| {
            let rest = "tools/=b".len();
            ScopeRules::parse(&format!("tools/{}=b", "a".repeat(length - rest))).is_ok()
        };
        assert!(long(MAX_RULE_BYTES) && !long(MAX_RULE_BYTES + 1));
    }
}
