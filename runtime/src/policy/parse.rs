//! From a policy's document to the policy: every rule for what may be written.

use serde_json::value::RawValue;

use crate::policy::document::{Policy as Document, Statement as StatementDocument, Strings};
use crate::policy::limits;
use crate::policy::select::Select;
use crate::policy::who::{Servers, Who};
use crate::policy::{Action, Effect, Mode, Policy, Statement};
use crate::protocol::json;
use crate::protocol::name::Name;
use crate::registration::listing::ObjectText;
use crate::registration::problem::{InvalidRegistration, Problem, Problems};

impl Policy {
    /// Understands a policy's document, or lists everything that is wrong with it.
    pub fn parse(name: &Name, text: &str) -> Result<Self, InvalidRegistration> {
        let document: Document<'_> = read(text, limits::MAX_POLICY_BYTES)?;
        let mut problems = Problems::default();
        check_name(document.name.as_deref(), name.as_str(), &mut problems);
        check_text("/description", document.description.as_deref(), &mut problems);
        let mode = match document.mode.as_deref() {
            None => Some(Mode::default()),
            Some(text) => {
                let found = Mode::ALL.into_iter().find(|mode| mode.as_str() == text);
                problems.keep("/mode", found.ok_or("must be enforce or log-only"))
            }
        };
        let most = limits::MAX_STATEMENTS;
        if document.statements.is_empty() || document.statements.len() > most {
            problems.note("/statements", format!("must have 1 to {most} statements"));
        }
        let mut statements: Vec<Statement> = Vec::new();
        for (index, raw) in document.statements.iter().enumerate() {
            let pointer = format!("/statements/{index}");
            let Some(statement) = Statement::parse(raw, index, &pointer, &mut problems) else {
                continue;
            };
            if statements.iter().any(|other| other.id == statement.id) {
                let detail = format!("{} is the id of two statements", statement.id);
                problems.note(format!("{pointer}/id"), detail);
            }
            statements.push(statement);
        }
        match mode {
            Some(mode) if problems.is_empty() => {
                let raws: Vec<&str> = document.statements.iter().map(|raw| raw.get()).collect();
                let rendered = ObjectText::new()
                    .string("description", document.description.as_deref())
                    .string("mode", Some(mode.as_str()))
                    .text("statements", &format!("[{}]", raws.join(",")));
                let document = rendered.finish();
                Ok(Self { name: name.clone(), mode, statements, document })
            }
            _ => Err(problems.into_error()),
        }
    }
}

/// Reads the JSON of a document into its struct.
pub(crate) fn read<'a, T: serde::Deserialize<'a>>(
    text: &'a str,
    most: usize,
) -> Result<T, InvalidRegistration> {
    let fault =
        |detail: String| InvalidRegistration(vec![Problem { pointer: String::new(), detail }]);
    if text.len() > most {
        return Err(fault(format!("has more than {most} bytes")));
    }
    json::object(text).map_err(|error| fault(error.to_string()))
}

/// A document that names itself must be where it says it is.
pub(crate) fn check_name(claimed: Option<&str>, name: &str, problems: &mut Problems) {
    if claimed.is_some_and(|claimed| claimed != name) {
        problems.note("/name", format!("is not {name}, by which the path names the document"));
    }
}

pub(crate) fn check_text(pointer: &str, text: Option<&str>, problems: &mut Problems) {
    let most = limits::MAX_TEXT_BYTES;
    if text.is_some_and(|text| text.len() > most) {
        problems.note(pointer, format!("has more than {most} bytes"));
    }
}

impl Statement {
    fn parse(raw: &RawValue, index: usize, pointer: &str, problems: &mut Problems) -> Option<Self> {
        let read = json::object(raw.get());
        let document: StatementDocument<'_> = problems.keep(pointer, read)?;
        let at = |member: &str| format!("{pointer}/{member}");
        let id = match &document.id {
            None => index.to_string(),
            Some(id) => {
                problems.keep(&at("id"), check_id(id));
                id.clone()
            }
        };
        let found = Effect::ALL.into_iter().find(|effect| effect.as_str() == document.effect);
        let effect = problems.keep(&at("effect"), found.ok_or("must be permit or forbid"));
        let who = Who::parse(document.principal, &at("principal"), problems);
        let actions = actions(document.action, &at("action"), problems);
        let select = Select::parse(document.resource, &at("resource"), problems);
        if !actions.iter().any(|action| select.may_choose(action.kind())) && !actions.is_empty() {
            let words: Vec<&str> = actions.iter().map(|action| action.as_str()).collect();
            let detail = format!("matches nothing: {} has no such type", words.join(", "));
            problems.note(at("resource/type"), detail);
        }
        let servers = Servers::parse(document.server, &at("server"), problems);
        Some(Self { id, effect: effect?, who, actions, select, servers })
    }
}

fn check_id(text: &str) -> Result<(), String> {
    let most = limits::MAX_STATEMENT_ID_BYTES;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    let good = (1..=most).contains(&text.len()) && text.bytes().all(allowed);
    good.then_some(()).ok_or(format!("must be 1 to {most} letters, digits, '_', '-' and '.'"))
}

fn actions(values: Strings, pointer: &str, problems: &mut Problems) -> Vec<Action> {
    if values.is_any() {
        return Action::ALL.to_vec();
    }
    let parse = |text: &str| {
        Action::parse(text).ok_or_else(|| {
            let hint = match text {
                "tools/list" => "; lists show what tools/call permits",
                "prompts/list" => "; lists show what prompts/get permits",
                "resources/list" | "resources/templates/list" | "resources/subscribe" => {
                    "; it goes with resources/read"
                }
                "completion/complete" => "; it goes with prompts/get and resources/read",
                _ => "",
            };
            format!("must be \"*\", tools/call, resources/read or prompts/get{hint}")
        })
    };
    values.check(pointer, problems).parse(problems, parse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::limits::{MAX_POLICY_BYTES, MAX_STATEMENTS, MAX_VALUE_BYTES, MAX_VALUES};

    const ALL: &str = r#""effect":"permit","principal":"*","action":"*","resource":"*""#;

    fn parse(text: &str) -> Result<Policy, String> {
        let name = Name::parse("p").expect("a name");
        Policy::parse(&name, text).map_err(|error| error.to_string())
    }

    fn with(statement: &str) -> String {
        format!(r#"{{"statements":[{{{statement}}}]}}"#)
    }

    /// One statement whose member is this instead.
    fn but(member: &str, value: &str) -> String {
        let members = [
            ("effect", r#""permit""#),
            ("principal", r#""*""#),
            ("action", r#""*""#),
            ("resource", r#""*""#),
        ];
        let mut members: Vec<(&str, &str)> =
            members.into_iter().filter(|(name, _)| *name != member).collect();
        members.push((member, value));
        let texts: Vec<String> =
            members.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
        with(&texts.join(","))
    }

    #[test]
    fn every_fault_has_its_place() {
        for (text, expected) in [
            ("{", "EOF"),
            ("[]", "invalid type"),
            ("{}", "missing field `statements`"),
            (r#"{"statements":[],"x":1}"#, "unknown field `x`"),
            (r#"{"statements":[]}"#, "/statements: must have 1 to 100 statements"),
            (r#"{"mode":"off","statements":[]}"#, "/mode: must be enforce or log-only"),
            (r#"{"name":"q","statements":[]}"#, "/name: is not p"),
            (&with(r#""effect":"permit""#), "/statements/0: missing field `principal`"),
            (&with(&format!(r#"{ALL},"effect":"forbid""#)), "/statements/0: duplicate field"),
            (&with(&format!(r#"{ALL},"principals":1"#)), "/statements/0: unknown field"),
            (&with(&format!(r#"{ALL},"id":"a b""#)), "/statements/0/id: must be 1 to 64"),
            (&but("effect", r#""allow""#), "/statements/0/effect: must be permit or forbid"),
            (&but("principal", "null"), "/statements/0/principal: must be"),
            (&but("principal", r#""**""#), "/statements/0/principal: must be"),
            (&but("principal", "{}"), "/statements/0/principal: has no condition"),
            (&but("principal", r#"{"claims":{}}"#), "/statements/0/principal: has no condition"),
            (&but("principal", r#"{"role":"a"}"#), "/statements/0/principal: unknown field"),
            (&but("principal", r#"{"type":"user"}"#), "/statements/0/principal/type: must be"),
            (&but("principal", r#"{"arn":["*","bob"]}"#), "/statements/0/principal/arn/1: must"),
            (&but("principal", r#"{"account":"1"}"#), "/statements/0/principal/account: must be"),
            (&but("principal", r#"{"anyScope":"a*"}"#), "/statements/0/principal/anyScope: must"),
            (&but("principal", r#"{"allScopes":[]}"#), "/statements/0/principal/allScopes: must"),
            (
                &but("principal", r#"{"claims":{"a/b":""}}"#),
                "/statements/0/principal/claims/a~1b: must be 1 to",
            ),
            (&but("principal", r#"{"claims":{"a":"x","a":"y"}}"#), "/statements/0/principal: dup"),
            (
                &but("principal", r#"{"arn":"*","subject":"a"}"#),
                "/statements/0/principal: matches nobody: no caller is iam and oauth at once",
            ),
            (
                &but("principal", r#"{"type":"iam","subject":"a"}"#),
                "/statements/0/principal/type: matches nobody",
            ),
            (&but("action", r#"["tools/call","*"]"#), "/statements/0/action/1: must be"),
            (&but("action", r#""tools/list""#), "lists show what tools/call permits"),
            (&but("action", r#""tools/*""#), "/statements/0/action: must be"),
            (&but("action", "[]"), "/statements/0/action: must have 1 to 100 values"),
            (&but("resource", r#"{"name":"a/b"}"#), "/statements/0/resource/name: matches no"),
            (&but("resource", r#"{"type":"template"}"#), "/statements/0/resource/type: must be"),
            (
                &with(
                    r#""effect":"permit","principal":"*","action":"tools/call","resource":{"type":["prompt","resource"]}"#,
                ),
                "/statements/0/resource/type: matches nothing: tools/call has no such type",
            ),
            (&with(&format!(r#"{ALL},"server":"a b""#)), "/statements/0/server: matches no name"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(expected), "{expected} in {error}");
        }
    }

    #[test]
    fn all_faults_are_told_together() {
        let error = parse(
            r#"{"mode":"x","statements":[{"effect":"y","principal":"*","action":"z","resource":"*"},{}]}"#,
        )
        .expect_err("faults");
        for expected in ["/mode", "/statements/0/effect", "/statements/0/action", "/statements/1:"]
        {
            assert!(error.contains(expected), "{expected} in {error}");
        }
    }

    #[test]
    fn ids_are_unique_also_where_they_are_counted() {
        let two = |first: &str, second: &str| {
            parse(&format!(r#"{{"statements":[{{{ALL}{first}}},{{{ALL}{second}}}]}}"#))
        };
        assert!(two("", "").is_ok());
        assert!(two(r#","id":"a""#, r#","id":"b""#).is_ok());
        for (first, second) in [(r#","id":"a""#, r#","id":"a""#), (r#","id":"1""#, "")] {
            let error = two(first, second).expect_err("twice");
            assert!(error.contains("/statements/1/id"), "{error}");
        }
    }

    #[test]
    fn bounds_at_and_above() {
        let statements = |count: usize| {
            let all = vec![format!("{{{ALL}}}"); count].join(",");
            parse(&format!(r#"{{"statements":[{all}]}}"#)).is_ok()
        };
        assert!(statements(MAX_STATEMENTS) && !statements(MAX_STATEMENTS + 1));
        let names = |count: usize| {
            let names = vec![r#""a""#; count].join(",");
            parse(&but("resource", &format!(r#"{{"name":[{names}]}}"#))).is_ok()
        };
        assert!(names(MAX_VALUES) && !names(MAX_VALUES + 1) && !names(0));
        let value = |bytes: usize| {
            let value = "a".repeat(bytes);
            parse(&but("principal", &format!(r#"{{"subject":"{value}"}}"#))).is_ok()
        };
        assert!(value(MAX_VALUE_BYTES) && !value(MAX_VALUE_BYTES + 1));
        let claims = |count: usize| {
            let claims: Vec<String> = (0..count).map(|n| format!(r#""c{n}":"a""#)).collect();
            parse(&but("principal", &format!(r#"{{"claims":{{{}}}}}"#, claims.join(",")))).is_ok()
        };
        assert!(claims(limits::MAX_CLAIMS) && !claims(limits::MAX_CLAIMS + 1));
        let description = |bytes: usize| {
            let text = "d".repeat(bytes);
            parse(&format!(r#"{{"description":"{text}","statements":[{{{ALL}}}]}}"#)).is_ok()
        };
        assert!(description(limits::MAX_TEXT_BYTES) && !description(limits::MAX_TEXT_BYTES + 1));
        let whole = |bytes: usize| {
            let text = with(ALL);
            parse(&format!("{text}{}", " ".repeat(bytes - text.len()))).is_ok()
        };
        assert!(whole(MAX_POLICY_BYTES) && !whole(MAX_POLICY_BYTES + 1));
    }

    #[test]
    fn documents_read_back() {
        let text = format!(r#"{{"description":"d","mode":"log-only","statements":[{{{ALL}}}]}}"#);
        let once = parse(&text).expect("valid").document().to_owned();
        assert_eq!(once, text);
        let echoed = once.replacen(
            '{',
            r#"{"name":"p","revision":1,"createdAt":"x","updatedAt":"y","status":"log-only","#,
            1,
        );
        assert_eq!(parse(&echoed).expect("valid").document(), once);
        let plain = parse(&with(ALL)).expect("valid");
        assert_eq!(plain.mode, Mode::Enforce, "a policy takes effect unless it says otherwise");
    }
}
