//! What must never be written anywhere.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};

use crate::policy::{function_arn, role_arn};
use crate::stack::{SESSIONS, Stack, root};
use crate::wire::hex;

/// Asserts that no log has a key, a secret or a token, after functions have served.
pub(crate) async fn none_in_logs(stack: &Stack) {
    let logs = stack.logs().await;
    assert!(logs.contains("START RequestId"), "functions have logged: {logs}");
    let keys = sealing_keys(stack).await;
    assert!(!keys.is_empty(), "sessions were sealed");
    for key in keys {
        let forms = [
            hex(&key),
            STANDARD.encode(&key),
            STANDARD_NO_PAD.encode(&key),
            URL_SAFE.encode(&key),
            URL_SAFE_NO_PAD.encode(&key),
            format!("{key:?}"),
        ];
        for form in forms {
            assert!(!logs.contains(&form), "a sealing key is in the logs");
        }
    }
    let mut secrets = BTreeSet::from([
        ("client".to_owned(), stack.client.secret.clone()),
        ("administrator".to_owned(), stack.administrator.secret.clone()),
    ]);
    for (function, role) in [("mcp", "mcp"), ("registration", "registration")] {
        for secret in of_function(function, role) {
            secrets.insert((function.to_owned(), secret));
        }
    }
    for (whose, secret) in secrets {
        assert!(!logs.contains(&secret), "a secret of {whose} is in the logs");
    }
}

async fn sealing_keys(stack: &Stack) -> Vec<Vec<u8>> {
    let answer = aws_sdk_dynamodb::Client::new(&stack.shared(&root()))
        .get_item()
        .table_name(SESSIONS)
        .key("session_id", AttributeValue::S("sealing-keys".to_owned()))
        .send()
        .await
        .expect("root may");
    let item = answer.item.unwrap_or_default();
    let keys = item.get("keys").and_then(|keys| keys.as_l().ok()).cloned().unwrap_or_default();
    keys.iter().map(|key| key.as_b().expect("bytes").clone().into_inner()).collect()
}

/// The secret and the token that the emulator gives a function, by its rule.
fn of_function(function: &str, role: &str) -> [String; 2] {
    let named = format!("{}:{}", function_arn(function), role_arn(role));
    let seed = hex(digest(&SHA256, named.as_bytes()).as_ref());
    ["secret", "token"]
        .map(|what| hex(digest(&SHA256, format!("{what}:{seed}").as_bytes()).as_ref()))
}
