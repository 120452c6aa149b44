//! What must never be written anywhere.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};

use crate::policy::{function_arn, role_arn};
use crate::stack::{REGISTRATIONS, SESSIONS, Stack, root};
use crate::wire::{Credentials, hex};

/// Asserts that no log has a key, a secret or a token, after these functions have served.
pub(crate) async fn none_in_logs(stack: &Stack, served: &[&'static str]) {
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
        ("client", stack.client.secret.clone()),
        ("administrator", stack.administrator.secret.clone()),
        ("somebody who signed", "AWS4-HMAC-SHA256".to_owned()),
    ]);
    for function in served {
        let Credentials { secret, token, .. } = of_function(stack, function).await;
        secrets.extend([Some(secret), token].into_iter().flatten().map(|text| (*function, text)));
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

/// What the emulator gives to a function that has its role's name, by a rule of its own; panics if
/// these credentials are not accepted.
async fn of_function(stack: &Stack, function: &str) -> Credentials {
    let hash = |text: String| hex(digest(&SHA256, text.as_bytes()).as_ref());
    let seed = hash(format!("{}:{}", function_arn(function), role_arn(function)));
    let credentials = Credentials {
        id: format!("ASIA{}", seed[..16].to_uppercase()),
        secret: hash(format!("secret:{seed}")),
        token: Some(hash(format!("token:{seed}"))),
    };
    let read = aws_sdk_dynamodb::Client::new(&stack.shared(&credentials))
        .get_item()
        .table_name(REGISTRATIONS)
        .key("pk", AttributeValue::S("r".to_owned()))
        .key("id", AttributeValue::S("tool-x".to_owned()))
        .send()
        .await;
    read.expect("the function's role may read registrations");
    credentials
}
