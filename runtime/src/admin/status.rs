//! Whether a registration works, check by check.

use std::time::Duration;

use tokio::time::Instant;

use super::settle::function_of;
use crate::admin::{Admin, AdminError};
use crate::catalog;
use crate::port::permissions::{Grant, PermissionError, StatementId};
use crate::port::{InvokeError, Stored};
use crate::registration::arn::FunctionArn;
use crate::registration::listing::ObjectText;
use crate::registration::{Entry, RegistrationId};

/// How long a status waits for a right that was just granted to be known everywhere.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// How long after a write a right may be on its way.
pub const PROPAGATION: Duration = Duration::from_secs(60);
/// The first wait before the function is asked again; each one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

impl Admin {
    /// Says whether a registration works, check by check.
    pub async fn status(&self, id: &str) -> Result<String, AdminError> {
        let row = self.load(id).await?;
        let mut checks = Vec::new();
        let entry = catalog::understand(&row);
        checks.push(check("document", entry.as_ref().err().map(String::as_str)));
        if let Ok(entry) = &entry {
            if let Some(target) = entry.target() {
                let probed = self.probe(&target.function, &row).await;
                checks.push(self.permission(&row, &probed).await);
                checks.push(check("function", probed.err().map(explain).as_deref()));
            }
            if let Entry::Resource(resource) = entry {
                let taken = self.owner_of(&resource.uri).await?.filter(|owner| *owner != row.id);
                let why = taken.map(|owner| format!("the URI belongs to {owner}"));
                checks.push(check("uri", why.as_deref()));
            }
        }
        let good = checks.iter().all(|check| check.contains(r#""ok":true"#));
        Ok(ObjectText::new()
            .string("id", Some(&row.id))
            .string("status", Some(if good { "active" } else { "failing" }))
            .text("revision", &row.revision.to_string())
            .text("checks", &format!("[{}]", checks.join(",")))
            .finish())
    }

    /// Finds out whether the function can be called; again and again for a while where the right
    /// may still be on its way.
    async fn probe(&self, function: &FunctionArn, row: &Stored) -> Result<(), InvokeError> {
        let ports = self.gateway.ports();
        let give_up = Instant::now() + PATIENCE;
        let is_new = ports.clock.now() < row.updated_at.after(PROPAGATION);
        let mut pause = FIRST_PAUSE;
        loop {
            let probed = ports.invoker.probe(function).await;
            let may_pass = is_new && matches!(probed, Err(InvokeError::Denied(_)));
            if !may_pass || Instant::now() + pause > give_up {
                return probed;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    /// Says whether the right is there, and what is to be done if not. Whether it is enough, or
    /// another one does as well, is known by who has asked the function.
    async fn permission(&self, row: &Stored, probed: &Result<(), InvokeError>) -> String {
        let permissions = &self.gateway.ports().permissions;
        let Some(grant) = grant_of_row(row) else {
            return check("permission", Some("the row names no function"));
        };
        let function = &grant.function;
        let granted = permissions.granted(function, &[grant.statement()]).await;
        let denied = matches!(probed, Err(InvokeError::Denied(_)));
        let (state, problem) = match &granted {
            Ok(granted) if granted.contains(&true) => ("granted", None),
            Ok(_) if !denied => ("not-needed", None),
            Ok(_) => ("missing", Some("the function's policy does not let the gateway call it")),
            Err(PermissionError::External(_)) if !denied => ("external", None),
            Err(PermissionError::External(_)) => (
                "external",
                Some("the function belongs to another account, whose owner must grant"),
            ),
            Err(_) if !denied => ("unknown", None),
            Err(_) => ("unknown", Some("the function's policy cannot be read")),
        };
        let told = |problem| match &granted {
            Err(error) if state == "unknown" => format!("{problem}: {error}"),
            _ if permissions.principal().is_none() => {
                format!("{problem}; allow it to the gateway's role")
            }
            _ => format!("{problem}; run the command with the rights of the function's owner"),
        };
        let external = state == "external";
        let command = permissions
            .principal()
            .filter(|_| external || problem.is_some())
            .map(|principal| command(function, &grant.statement(), principal));
        ObjectText::new()
            .string("check", Some("permission"))
            .text("ok", if problem.is_none() { "true" } else { "false" })
            .string("state", Some(state))
            .string("problem", problem.map(told).as_deref())
            .string("command", command.as_deref())
            .finish()
    }
}

/// What the owner of a function runs. No part of it needs quotes: ARNs and ids have none of the
/// characters that a shell would understand. A grant names no `$LATEST`.
fn command(function: &FunctionArn, statement: &StatementId, principal: &str) -> String {
    let mut parts = function.as_str().splitn(8, ':');
    let unqualified: Vec<&str> = parts.by_ref().take(7).collect();
    let mut command = format!(
        "aws lambda add-permission --function-name {} --statement-id {statement} \
         --action lambda:InvokeFunction --principal {principal}",
        unqualified.join(":")
    );
    if let Some(region) = unqualified.get(3) {
        command.push_str(&format!(" --region {region}"));
    }
    if let Some(qualifier) = function.qualifier() {
        command.push_str(&format!(" --qualifier {qualifier}"));
    }
    command
}

fn grant_of_row(row: &Stored) -> Option<Grant> {
    let registration = RegistrationId::parse(&row.id)?;
    Some(Grant { registration, function: function_of(&row.document)? })
}

fn check(name: &str, problem: Option<&str>) -> String {
    ObjectText::new()
        .string("check", Some(name))
        .text("ok", if problem.is_none() { "true" } else { "false" })
        .string("problem", problem)
        .finish()
}

/// What an administrator can do about a function that cannot be called.
fn explain(error: InvokeError) -> String {
    let hint = match &error {
        InvokeError::NotFound(_) => "; create it, or correct lambdaArn",
        InvokeError::Denied(_) => "; its resource policy must let the gateway's role call it",
        InvokeError::Throttled(_) | InvokeError::TooLarge | InvokeError::TimedOut(_) => "",
        InvokeError::Unavailable(_) => "; try again",
    };
    format!("{error}{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
        let principal = "arn:aws:iam::210987654321:role/gateway";
        let statement = StatementId::of(&RegistrationId::parse("tool-a").expect("an id"));
        let of = |qualifier: &str| {
            let function = FunctionArn::parse(&format!("{arn}{qualifier}")).expect("an ARN");
            command(&function, &statement, principal)
        };
        let plain = format!(
            "aws lambda add-permission --function-name {arn} --statement-id MCP-Execute-tool-a \
             --action lambda:InvokeFunction --principal {principal} --region eu-west-1"
        );
        assert_eq!(of(""), plain);
        assert_eq!(of(":live"), format!("{plain} --qualifier live"));
    }
}
