//! What every way of permitting calls must do.

use std::sync::Arc;

use crate::port::contract::race;
use crate::port::permissions::{PermissionError, Permissions, StatementId};
use crate::registration::RegistrationId;
use crate::registration::arn::FunctionArn;

/// Functions that the suite may use, on which nothing is granted.
#[derive(Clone, Debug)]
pub struct Functions {
    /// A function.
    pub plain: FunctionArn,
    /// A version or alias of the same function.
    pub qualified: FunctionArn,
    /// Another function.
    pub other: FunctionArn,
    /// One that does not exist, where that is known.
    pub missing: Option<FunctionArn>,
    /// One of another account, where there are others.
    pub external: Option<FunctionArn>,
}

/// Holds an adapter to everything below. Nothing is granted afterwards.
pub async fn all(permissions: Arc<dyn Permissions>, functions: &Functions) {
    what_is_granted_is_there_until_it_is_revoked(&*permissions, functions).await;
    functions_and_qualifiers_are_told_apart(&*permissions, functions).await;
    registrations_are_told_apart(&*permissions, functions).await;
    what_is_missing_or_external_is_said(&*permissions, functions).await;
    many_at_once_are_like_one(&permissions, functions).await;
}

/// Granting and revoking may be repeated.
pub async fn what_is_granted_is_there_until_it_is_revoked(
    permissions: &dyn Permissions,
    functions: &Functions,
) {
    let (function, id) = (&functions.plain, statement("tool-a"));
    start(permissions, functions).await;
    assert_eq!(permissions.revoke(function, &id).await, Ok(()), "there is nothing to revoke");
    assert_eq!(permissions.room(function, &[id.clone(), statement("tool-b")]).await, Ok(()));
    for _ in 0..2 {
        assert_eq!(permissions.grant(function, &id).await, Ok(()));
        assert_eq!(granted(permissions, function, &["tool-a", "tool-b"]).await, [true, false]);
    }
    for _ in 0..2 {
        assert_eq!(permissions.revoke(function, &id).await, Ok(()));
        assert_eq!(granted(permissions, function, &["tool-b", "tool-a"]).await, [false, false]);
    }
    assert_eq!(permissions.grant(function, &id).await, Ok(()), "it can be granted again");
    assert_eq!(permissions.revoke(function, &id).await, Ok(()));
    assert_eq!(permissions.granted(function, &[]).await, Ok(Vec::new()));
}

/// What is granted on a function is granted on none of its versions, nor the other way round.
pub async fn functions_and_qualifiers_are_told_apart(
    permissions: &dyn Permissions,
    functions: &Functions,
) {
    start(permissions, functions).await;
    let id = statement("tool-a");
    let all = [&functions.plain, &functions.qualified, &functions.other];
    for one in all {
        permissions.grant(one, &id).await.expect("granted");
        for each in all {
            assert_eq!(granted(permissions, each, &["tool-a"]).await, [one == each], "{each}");
        }
        permissions.revoke(one, &id).await.expect("revoked");
    }
}

/// Of two registrations of one function, each has a right of its own.
pub async fn registrations_are_told_apart(permissions: &dyn Permissions, functions: &Functions) {
    start(permissions, functions).await;
    let ids = ["tool-a.b", "tool-a_b", "prompt-a_b", "resource-a"];
    for id in ids {
        permissions.grant(&functions.plain, &statement(id)).await.expect("granted");
    }
    for (number, id) in ids.into_iter().enumerate() {
        let left: Vec<bool> = (0..ids.len()).map(|other| other >= number).collect();
        assert_eq!(granted(permissions, &functions.plain, &ids).await, left);
        permissions.revoke(&functions.plain, &statement(id)).await.expect("revoked");
    }
    start(permissions, functions).await;
}

/// Nothing can be granted on what is not there, and nothing is revoked from it; other accounts'
/// functions are left alone.
pub async fn what_is_missing_or_external_is_said(
    permissions: &dyn Permissions,
    functions: &Functions,
) {
    let id = statement("tool-a");
    if let Some(missing) = &functions.missing {
        let error = PermissionError::NotFound(missing.to_string());
        assert_eq!(permissions.grant(missing, &id).await, Err(error));
        assert_eq!(permissions.revoke(missing, &id).await, Ok(()));
        assert_eq!(granted(permissions, missing, &["tool-a"]).await, [false]);
    }
    if let Some(external) = &functions.external {
        let error = PermissionError::External(external.to_string());
        let one = std::slice::from_ref(&id);
        assert_eq!(permissions.grant(external, &id).await, Err(error.clone()));
        assert_eq!(permissions.revoke(external, &id).await, Err(error.clone()));
        assert_eq!(permissions.room(external, one).await, Err(error.clone()));
        assert_eq!(permissions.granted(external, one).await, Err(error));
        assert!(permissions.principal().is_some(), "its owner must know whom to permit");
    }
}

/// Many that grant the same, and then many that revoke it, do what one would have done.
pub async fn many_at_once_are_like_one(permissions: &Arc<dyn Permissions>, functions: &Functions) {
    const RUNNERS: usize = 4;
    start(&**permissions, functions).await;
    let run = |grants: bool| {
        let (permissions, function) = (permissions.clone(), functions.plain.clone());
        race(RUNNERS, move |_| {
            let (permissions, function) = (permissions.clone(), function.clone());
            async move {
                match grants {
                    true => permissions.grant(&function, &statement("tool-a")).await,
                    false => permissions.revoke(&function, &statement("tool-a")).await,
                }
            }
        })
    };
    assert_eq!(run(true).await, vec![Ok(()); RUNNERS]);
    assert_eq!(granted(&**permissions, &functions.plain, &["tool-a"]).await, [true]);
    assert_eq!(run(false).await, vec![Ok(()); RUNNERS]);
    start(&**permissions, functions).await;
}

async fn start(permissions: &dyn Permissions, functions: &Functions) {
    for function in [&functions.plain, &functions.qualified, &functions.other] {
        let found = granted(permissions, function, &["tool-a", "tool-a.b"]).await;
        assert_eq!(found, [false, false], "the suite needs functions without grants");
    }
}

async fn granted(permissions: &dyn Permissions, function: &FunctionArn, ids: &[&str]) -> Vec<bool> {
    let statements: Vec<StatementId> = ids.iter().map(|id| statement(id)).collect();
    permissions.granted(function, &statements).await.expect("it can be read")
}

fn statement(id: &str) -> StatementId {
    StatementId::of(&RegistrationId::parse(id).expect("an id"))
}
