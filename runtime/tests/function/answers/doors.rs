//! Functions behind a door, and API Gateway's authorizer.

use std::collections::BTreeSet;

use mcp_lambda_runtime::door::{BearerDoor, OAuthDoor, OAuthSettings, ScopeRules, Site};
use mcp_lambda_runtime::function::authorizer::Authorizer;
use mcp_lambda_runtime::port::StoreError;
use mcp_lambda_runtime::port::doors::{
    BearerToken, DocumentError, Documents, IssuerUrl, LiveTokens, Tokens,
};
use mcp_lambda_runtime::principal::Scopes;

use super::*;
use crate::events::file;

const TOKEN: &str = "the-token-of-the-stack-0123456789-abcdef";

/// The one token, or no answer.
struct One(bool);

#[async_trait]
impl Tokens for One {
    async fn load(&self) -> Result<LiveTokens, StoreError> {
        match self.0 {
            true => Ok(LiveTokens {
                current: BearerToken::parse(TOKEN).expect("a token"),
                previous: None,
            }),
            false => Err(StoreError::Unavailable("no answer".to_owned())),
        }
    }

    async fn save(&self, _: &LiveTokens) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("it is read only".to_owned()))
    }
}

fn bearer(answers: bool) -> Door {
    let ids = SystemIds::default();
    Door::Bearer(Box::new(BearerDoor::new(
        Arc::new(One(answers)),
        "stack".to_owned(),
        Arc::new(Stopped),
        &ids,
    )))
}

struct Nowhere;

#[async_trait]
impl Documents for Nowhere {
    async fn get(&self, _: &IssuerUrl) -> Result<Bytes, DocumentError> {
        Err(DocumentError::Status(404))
    }
}

fn oauth() -> Door {
    let settings = OAuthSettings {
        issuer: IssuerUrl::parse("https://issuer.example.com").expect("a URL"),
        audiences: BTreeSet::new(),
        clients: BTreeSet::new(),
        scopes: Scopes::default(),
        rules: ScopeRules::default(),
        admin: None,
        claims: Vec::new(),
    };
    Door::OAuth(Box::new(OAuthDoor::new(settings, Arc::new(Nowhere), Arc::new(Stopped))))
}

fn behind(door: Door) -> Setting {
    Setting { authentication: Authentication::Door, door: Some(door), ..Setting::default() }
}

fn with_token(mut event: Value, token: &str) -> Value {
    event["headers"]["authorization"] = json!(format!("Bearer {token}"));
    event
}

#[tokio::test]
async fn the_door_says_who_calls_and_no_event_does() {
    let world = World::new(behind(bearer(true))).await;
    // A genuine event of a Function URL with IAM, and whatever else authorizers write.
    let signed = request("POST", "/mcp", &call("echo"));
    let mut others = vec![signed.clone()];
    for authorizer in [
        json!({ "jwt": { "claims": { "sub": "alice" }, "scopes": ["mcp:tools"] } }),
        json!({ "lambda": { "principalId": "alice" } }),
        json!({ "principalId": "alice", "claims": { "sub": "alice" } }),
        Value::Null,
    ] {
        let mut event = signed.clone();
        event["requestContext"]["authorizer"] = authorizer;
        others.push(event);
    }
    for event in others {
        let (status, body) = world.whole(&event).await;
        assert_eq!(status, 401, "{event}: {body}");
        let (status, body) = world.whole(&with_token(event, TOKEN)).await;
        assert_eq!(status, 200, "{body}");
        assert!(body.contains(r#"mcpCallerType\\\":\\\"bearer"#), "{body}");
        assert!(body.contains(r#"mcpCaller\\\":\\\"stack"#) && !body.contains("alice"), "{body}");
    }
}

#[tokio::test]
async fn a_token_opens_no_door_for_signatures() {
    let world = World::new(Setting::default()).await;
    let mut open = request("POST", "/mcp", &call("echo"));
    open["requestContext"]["authorizer"] = Value::Null;
    assert_eq!(world.whole(&with_token(open, TOKEN)).await.0, 403);
}

#[tokio::test]
async fn a_door_that_was_forgotten_is_closed() {
    let setting = Setting { authentication: Authentication::Door, ..Setting::default() };
    let world = World::new(setting).await;
    let event = with_token(request("POST", "/mcp", &call("echo")), TOKEN);
    assert_eq!(world.whole(&event).await.0, 403);
}

#[tokio::test]
async fn a_message_by_direct_invocation_is_no_way_around() {
    let world = World::new(behind(bearer(true))).await;
    let answer = json_of(world.invoke(&call("echo")).await);
    assert!(answer.get("result").is_none() && answer.get("error").is_some(), "{answer}");
    // Nor if the function were set to take them.
    let setting = Setting { direct_invoke: true, ..behind(bearer(true)) };
    let answer = json_of(World::new(setting).await.invoke(&call("echo")).await);
    assert!(answer.get("result").is_none(), "{answer}");
}

#[tokio::test]
async fn metadata_names_the_function_url_of_a_genuine_event_only() {
    let world = World::new(behind(oauth())).await;
    let mut event = file("url_open");
    event["rawPath"] = json!("/.well-known/oauth-protected-resource");
    let (status, body) = world.whole(&event).await;
    let host = event["requestContext"]["domainName"].as_str().expect("a domain").to_owned();
    assert_eq!(status, 200, "{body}");
    let metadata: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(metadata["resource"], format!("https://{host}/mcp"));
    // Headers say nothing of where a request came to.
    event["headers"]["host"] = json!("evil.example");
    event["headers"]["x-forwarded-host"] = json!("evil.example");
    assert_eq!(world.whole(&event).await, (200, body));
    let post = |event: &mut Value| {
        event["rawPath"] = json!("/mcp");
        event["requestContext"]["http"]["method"] = json!("POST");
    };
    let challenge = |answer: &Value| answer["headers"]["www-authenticate"].to_string();
    let mut genuine = file("url_open");
    post(&mut genuine);
    let answer = json_of(world.invoke(&genuine).await);
    assert_eq!(answer["statusCode"], 401);
    let expected = format!("https://{host}/.well-known/oauth-protected-resource/mcp");
    assert!(challenge(&answer).contains(&expected), "{answer}");
    let mut forged = genuine.clone();
    forged["requestContext"]["requestId"] = json!("11111111-1111-4111-8111-111111111111");
    let answer = json_of(world.invoke(&forged).await);
    assert!(!challenge(&answer).contains("resource_metadata"), "{answer}");
    forged["rawPath"] = json!("/.well-known/oauth-protected-resource");
    forged["requestContext"]["http"]["method"] = json!("GET");
    assert_eq!(world.whole(&forged).await.0, 404);
}

fn authorizer(door: Door) -> (Function, Arc<Mutex<Vec<Value>>>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    let sink = Arc::new(move |line: &str| {
        sink.lock().expect("no panic").push(serde_json::from_str(line).expect("JSON"));
    });
    let clock: Arc<dyn Clock> = Arc::new(Stopped);
    let site = Some(Site::new("https://tools.example.com"));
    let role = Role::Authorizer(Authorizer { door: Arc::new(door), site });
    (Function::new(role, Log::new(sink, clock.clone()), clock), lines)
}

async fn judge(function: &Function, event: &Value) -> Result<Value, String> {
    let payload = event.to_string().into();
    let event = Event { id: ID.to_owned(), deadline: NOW.after(TIMEOUT), payload, trace: None };
    match function.answer(event).await {
        Answer::Whole(bytes) => Ok(serde_json::from_slice(&bytes).expect("JSON")),
        Answer::Failed(failure) => Err(failure.message),
        Answer::Streamed(_) => panic!("it streams"),
    }
}

const METHOD: &str = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/prod/POST/mcp";

#[tokio::test]
async fn an_authorizer_of_a_rest_api() {
    let (function, lines) = authorizer(bearer(true));
    let of_token =
        |token: &str| json!({ "type": "TOKEN", "methodArn": METHOD, "authorizationToken": token });
    let of_request = |token: &str| {
        json!({
            "type": "REQUEST", "version": "1.0", "methodArn": METHOD,
            "headers": { "Authorization": token },
            "multiValueHeaders": { "Authorization": [token] }
        })
    };
    let good = format!("Bearer {TOKEN}");
    for event in [of_token(&good), of_request(&good)] {
        let policy = judge(&function, &event).await.expect("a policy");
        assert_eq!(
            policy,
            json!({
                "principalId": "stack",
                "policyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{
                        "Action": "execute-api:Invoke", "Effect": "Allow",
                        "Resource": "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/prod/*"
                    }]
                }
            })
        );
    }
    let twice = json!({
        "type": "REQUEST", "methodArn": METHOD,
        "multiValueHeaders": { "Authorization": [good], "authorization": ["Bearer x"] }
    });
    let none = json!({ "type": "REQUEST", "methodArn": METHOD, "headers": {} });
    for event in [of_token("Bearer wrong"), of_request(TOKEN), of_token(""), twice, none] {
        // To the letter: API Gateway answers 401 to this word and 500 to others.
        assert_eq!(judge(&function, &event).await, Err("Unauthorized".to_owned()), "{event}");
    }
    let lines = format!("{:?}", lines.lock().expect("no panic"));
    assert!(lines.contains("caller refused") && !lines.contains(TOKEN), "{lines}");
}

#[tokio::test]
async fn an_authorizer_of_an_http_api() {
    let (function, _) = authorizer(bearer(true));
    let event = |token: &str| {
        json!({
            "version": "2.0", "type": "REQUEST",
            "routeArn": METHOD, "identitySource": [token],
            "headers": { "authorization": token }
        })
    };
    for (token, passes) in [(format!("Bearer {TOKEN}"), true), ("Bearer wrong".to_owned(), false)] {
        let answer = judge(&function, &event(&token)).await;
        assert_eq!(answer, Ok(json!({ "isAuthorized": passes })));
    }
}

#[tokio::test]
async fn an_authorizer_that_cannot_judge_fails() {
    let (function, lines) = authorizer(bearer(false));
    let token = format!("Bearer {TOKEN}");
    let event = json!({ "type": "TOKEN", "methodArn": METHOD, "authorizationToken": token });
    let refused = judge(&function, &event).await.expect_err("a failure");
    assert_eq!(refused, "tokens cannot be verified at the moment");
    assert!(format!("{:?}", lines.lock().expect("no panic")).contains("no answer"));
    for other in [
        json!({ "type": "TOKEN", "authorizationToken": token }),
        json!({ "type": "TOKEN", "methodArn": "arn:aws:s3:::a", "authorizationToken": token }),
        json!({ "type": "OTHER", "methodArn": METHOD, "authorizationToken": token }),
        json!({ "type": "REQUEST", "version": "2.0", "methodArn": METHOD }),
        file("url"),
        call("echo"),
        json!([]),
    ] {
        let refused = judge(&function, &other).await.expect_err("a failure");
        assert!(refused.contains("authorizer events only"), "{other}: {refused}");
    }
}
