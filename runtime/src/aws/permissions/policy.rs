//! Resource policies of functions, as GetPolicy gives them.

use serde::Deserialize;
use serde_json::Value;

use super::RoleArn;
use crate::port::permissions::StatementId;
use crate::registration::arn::FunctionArn;

/// The action that is granted.
pub(super) const ACTION: &str = "lambda:InvokeFunction";
/// Lambda's bound of a function's resource policy, for each version and alias.
pub(super) const MAX_POLICY_BYTES: usize = 20 * 1024;

/// The statements of one function, version or alias.
#[derive(Debug, Default)]
pub(super) struct Policy {
    statements: Vec<Statement>,
    bytes: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Document {
    statement: Vec<Statement>,
}

/// A statement as far as it matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Statement {
    sid: String,
    effect: String,
    principal: Value,
    action: Value,
    resource: String,
    condition: Value,
}

impl Policy {
    /// Reads a policy; `None` if it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let document: Document = serde_json::from_str(text).ok()?;
        Some(Self { statements: document.statement, bytes: text.len() })
    }

    /// The statement of an id.
    pub(super) fn statement(&self, id: &StatementId) -> Option<&Statement> {
        self.statements.iter().find(|statement| statement.sid == id.as_str())
    }

    /// Whether these fit into it as well. Those that are there already need no room.
    pub(super) fn has_room(
        &self,
        function: &FunctionArn,
        role: &RoleArn,
        ids: &[StatementId],
    ) -> bool {
        let needed: usize = ids
            .iter()
            .filter(|id| self.statement(id).is_none())
            .map(|id| written(function, role, id).len())
            .sum();
        self.bytes.max(EMPTY.len()) + needed <= MAX_POLICY_BYTES
    }
}

const EMPTY: &str = r#"{"Version":"2012-10-17","Id":"default","Statement":[]}"#;

/// A statement as Lambda writes it, with the comma before the next.
fn written(function: &FunctionArn, role: &RoleArn, id: &StatementId) -> String {
    format!(
        concat!(
            r#"{{"Sid":"{}","Effect":"Allow","Principal":{{"AWS":"{}"}},"#,
            r#""Action":"{}","Resource":"{}"}},"#
        ),
        id, role, ACTION, function
    )
}

impl Statement {
    /// Whether it lets a role call this function, version or alias, always and nothing else.
    ///
    /// Of a role that was removed, AWS writes an id in the place of its ARN; a new role of the same
    /// name is another one.
    pub(super) fn permits(&self, role: &RoleArn, resource: &str) -> bool {
        let is = |value: &Value, text: &str| value.as_str() == Some(text);
        let conditions = self.condition.as_object();
        let unconditional =
            self.condition.is_null() || conditions.is_some_and(serde_json::Map::is_empty);
        let principal = self.principal.get("AWS").unwrap_or(&self.principal);
        self.effect == "Allow"
            && is(&self.action, ACTION)
            && unconditional
            && self.resource == resource
            && is(principal, role.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::RegistrationId;

    fn role() -> RoleArn {
        RoleArn::parse("arn:aws:iam::123456789012:role/gateway").expect("a role")
    }

    fn function() -> FunctionArn {
        FunctionArn::parse("arn:aws:lambda:us-east-1:123456789012:function:f").expect("an ARN")
    }

    fn id(text: &str) -> StatementId {
        StatementId::of(&RegistrationId::parse(text).expect("an id"))
    }

    #[test]
    fn statements() {
        let good = r#""Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/gateway"},
            "Action":"lambda:InvokeFunction","Resource":"r""#;
        let permits = |text: &str| {
            let text = format!(
                r#"{{"Statement":[{{"Sid":"other"}},{{"Sid":"MCP-Execute-tool-a",{text}}}]}}"#
            );
            let policy = Policy::read(&text).expect("a policy");
            policy.statement(&id("tool-a")).expect("it is there").permits(&role(), "r")
        };
        assert!(permits(good));
        assert!(permits(&format!(r#"{good},"Condition":{{}}"#)));
        for (from, to) in [
            ("Allow", "Deny"),
            ("role/gateway", "role/other"),
            (r#"{"AWS":"arn:aws:iam::123456789012:role/gateway"}"#, r#"{"Service":"x"}"#),
            ("InvokeFunction", "GetFunction"),
            (r#""Resource":"r""#, r#""Resource":"r:live""#),
            (r#""Resource""#, r#""Condition":{"StringEquals":{"a":"b"}},"Resource""#),
        ] {
            assert!(!permits(&good.replace(from, to)), "{from} is {to}");
        }
        assert!(Policy::read("{").is_none());
        assert!(Policy::read("{}").expect("a policy").statement(&id("tool-a")).is_none());
    }

    #[test]
    fn room_is_counted_to_the_byte() {
        let one = written(&function(), &role(), &id("tool-a")).len();
        let with = |bytes: usize| Policy { statements: Vec::new(), bytes };
        let fits = |policy: &Policy| policy.has_room(&function(), &role(), &[id("tool-a")]);
        assert!(fits(&with(MAX_POLICY_BYTES - one)));
        assert!(!fits(&with(MAX_POLICY_BYTES - one + 1)));
        let many: Vec<StatementId> = (100..300).map(|n| id(&format!("tool-{n}"))).collect();
        let each = written(&function(), &role(), &many[0]).len();
        let most = (MAX_POLICY_BYTES - EMPTY.len()) / each;
        assert!(Policy::default().has_room(&function(), &role(), &many[..most]));
        assert!(!Policy::default().has_room(&function(), &role(), &many[..=most]));
        let there = Statement { sid: id("tool-a").to_string(), ..Statement::default() };
        assert!(fits(&Policy { statements: vec![there], bytes: MAX_POLICY_BYTES }));
    }
}
