//! The bearer door's tokens in Systems Manager and Secrets Manager: before the emulated AWS, with
//! the actions that a role needs, and before scripted answers.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_types::SdkConfig;
use aws_types::region::Region;
use http::Response;
use mcp_lambda_runtime::aws::tokens::{SecretName, SecretTokens};
use mcp_lambda_runtime::deployment::{actions, tokens_parameter};
use mcp_lambda_runtime::port::StoreError;
use mcp_lambda_runtime::port::contract::tokens as contract;
use mcp_lambda_runtime::port::doors::Tokens;
use mcp_lambda_runtime::system::SystemClock;
use mcp_lambda_test_support::command::succeed;
use mcp_lambda_test_support::ministack::{Key, Ministack, REGION};

use crate::server;
use crate::sqs::world::as_user;

/// How long a request of the AWS CLI's kind may take.
const REQUEST: Duration = Duration::from_secs(60);

fn store(place: &str, config: SdkConfig) -> SecretTokens {
    let place = SecretName::parse(place).expect("a place");
    SecretTokens::new(place, config, Arc::new(SystemClock))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parameter_holds_tokens() {
    let Some(ministack) = Ministack::start(Path::new(env!("CARGO_TARGET_TMPDIR")), false) else {
        return;
    };
    let key = Key::root();
    let config = as_user(ministack.endpoint(), &key.id, &key.secret);
    contract::all(Arc::new(store(&tokens_parameter("stack"), config))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_needs_the_actions_that_are_told() {
    let Some(ministack) = Ministack::start(Path::new(env!("CARGO_TARGET_TMPDIR")), true) else {
        return;
    };
    let root = Key::root();
    let owner =
        store(&tokens_parameter("stack"), as_user(ministack.endpoint(), &root.id, &root.secret));
    let token = mcp_lambda_runtime::port::doors::BearerToken::parse(&"t".repeat(40));
    let live = mcp_lambda_runtime::port::doors::LiveTokens {
        current: token.expect("a token"),
        previous: None,
    };
    owner.save(&live).await.expect("it is saved");
    let user = ministack.user("reader");
    let reader =
        store(&tokens_parameter("stack"), as_user(ministack.endpoint(), &user.id, &user.secret));
    ministack.allow("reader", &[]);
    let refused = reader.load().await.expect_err("nothing is allowed");
    assert!(
        matches!(&refused, StoreError::Unavailable(why) if why.contains("AccessDenied")),
        "{refused}"
    );
    ministack.allow("reader", actions::TOKENS_PARAMETER);
    assert_eq!(reader.load().await, Ok(live.clone()));
    // Reading is all that it may.
    assert!(reader.save(&live).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_holds_tokens() {
    let Some(ministack) = Ministack::start(Path::new(env!("CARGO_TARGET_TMPDIR")), false) else {
        return;
    };
    // As a stack would make it: with a token that Secrets Manager has generated.
    let secret =
        format!(r#"{{"Name":"tokens","SecretString":"{{\"current\":\"{}\"}}"}}"#, "t".repeat(43));
    let key = Key::root();
    let mut curl: Command = ministack.emulator().program("awscurl");
    curl.args(["--service", "secretsmanager", "--region", REGION, "-X", "POST"])
        .args(["--access_key", &key.id, "--secret_key", &key.secret])
        .args(["-H", "content-type: application/x-amz-json-1.1"])
        .args(["-H", "x-amz-target: secretsmanager.CreateSecret", "-d", &secret])
        .arg(format!("{}/", ministack.endpoint()));
    let made = succeed(&mut curl, REQUEST).expect("an answer");
    let made: serde_json::Value = serde_json::from_str(&made.stdout).expect("JSON");
    let config = as_user(ministack.endpoint(), &key.id, &key.secret);
    let store = store(made["ARN"].as_str().expect("an ARN"), config);
    let first = store.load().await.expect("tokens");
    assert_eq!((first.current.reveal(), &first.previous), ("t".repeat(43).as_str(), &None));
    let new =
        mcp_lambda_runtime::port::doors::BearerToken::parse(&"n".repeat(43)).expect("a token");
    let second = first.rotated(new);
    store.save(&second).await.expect("it is saved");
    assert_eq!(store.load().await, Ok(second));
}

/// What the endpoint was sent: target, signature, body.
type Sent = Arc<Mutex<Vec<(String, String, String)>>>;

async fn scripted(status: u16, body: &'static str) -> (SdkConfig, Sent) {
    let sent = Sent::default();
    let seen = sent.clone();
    let address = server::start(move |request| {
        let header = |name: &str| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let text = String::from_utf8_lossy(request.body()).into_owned();
        seen.lock().expect("no panic").push((
            header("x-amz-target"),
            header("authorization"),
            text,
        ));
        async move {
            let mut response = Response::new(server::full(body));
            *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
            response
        }
    })
    .await;
    let config = crate::configuration(address).into_builder();
    (config.region(Region::from_static("eu-central-1")).build(), sent)
}

#[tokio::test]
async fn requests_are_signed_for_their_service() {
    let answer = r#"{"Parameter":{"Value":"{\"current\":\"cccccccccccccccccccccccccccccccc\",\"previous\":\"\"}"}}"#;
    let (config, sent) = scripted(200, answer).await;
    let tokens = store("/mcp-lambda/a/tokens", config).load().await.expect("tokens");
    assert_eq!((tokens.current.reveal().len(), tokens.previous), (32, None));
    let (target, authorization, body) = sent.lock().expect("no panic")[0].clone();
    assert_eq!(target, "AmazonSSM.GetParameter");
    assert!(authorization.contains("/eu-central-1/ssm/aws4_request"), "{authorization}");
    assert!(authorization.contains("content-type") && authorization.contains("x-amz-target"));
    assert_eq!(body, r#"{"Name":"/mcp-lambda/a/tokens","WithDecryption":true}"#);
    // A secret that is nothing but a token.
    let (config, sent) =
        scripted(200, r#"{"SecretString":"dddddddddddddddddddddddddddddddd\n"}"#).await;
    let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a-AbCdEf";
    let tokens = store(arn, config).load().await.expect("tokens");
    assert_eq!(tokens.current.reveal(), "d".repeat(32));
    let (target, authorization, _) = sent.lock().expect("no panic")[0].clone();
    assert_eq!(target, "secretsmanager.GetSecretValue");
    assert!(authorization.contains("/secretsmanager/aws4_request"), "{authorization}");
}

#[tokio::test]
async fn refusals_name_their_code_and_nothing_else() {
    for (status, body, expected) in [
        (400, r#"{"__type":"ParameterNotFound"}"#, None),
        (400, r#"{"__type":"com.amazonaws.ssm#ParameterNotFound","message":"x"}"#, None),
        (400, r#"{"__type":"AccessDeniedException","message":"s3cret"}"#, Some("AccessDenied")),
        (500, "s3cret", Some("HTTP 500")),
        (200, r#"{"Parameter":{"Value":"s3cret"}}"#, Some("32 to 512")),
        (200, r#"{"Parameter":{"Value":"{\"current\":\"s3cret\"}"}}"#, Some("32 to 512")),
        (200, "{}", Some("no text")),
        (200, "s3cret", Some("cannot be read")),
    ] {
        let (config, _) = scripted(status, body).await;
        let error = store("/a", config).load().await.expect_err("a refusal");
        match expected {
            None => assert_eq!(error, StoreError::NotFound),
            Some(words) => {
                let text = error.to_string();
                assert!(text.contains(words) && !text.contains("s3cret"), "{text}");
            }
        }
    }
}
