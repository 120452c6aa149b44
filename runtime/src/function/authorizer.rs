//! API Gateway's custom authorizer: keeps strangers from the gateway, so that they cost little.
//!
//! It says who may pass and nothing else. Behind it the gateway's function asks for the same proof
//! again and believes nothing that an event says, so that neither a cached answer nor a forged
//! event makes anybody a caller.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::door::{Admitted, Door, Refused, Site, presented};
use crate::edge::routes::Place;
use crate::function::answer::{Answer, Failure};
use crate::protocol::json::{self, Text};

/// Bytes of the ARN of a method or route.
const MAX_ARN_BYTES: usize = 2_048;

/// The authorizer.
pub struct Authorizer {
    /// Who may pass.
    pub door: std::sync::Arc<Door>,
    /// Where clients reach the gateway, if it was said.
    pub site: Option<Site>,
}

/// What API Gateway sends: a REST API of the types TOKEN and REQUEST, an HTTP API in both formats.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(borrow)]
    version: Option<Text<'a>>,
    #[serde(borrow)]
    r#type: Text<'a>,
    #[serde(borrow)]
    method_arn: Option<Text<'a>>,
    #[serde(borrow)]
    raw_path: Option<Text<'a>>,
    #[serde(borrow)]
    authorization_token: Option<Text<'a>>,
    #[serde(borrow)]
    headers: Option<&'a RawValue>,
    #[serde(borrow)]
    multi_value_headers: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Policy<'a> {
    principal_id: &'a str,
    policy_document: Document<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    version: &'static str,
    statement: [Statement<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'a> {
    action: &'static str,
    effect: &'static str,
    resource: &'a str,
}

/// An answer to API Gateway, and what the log should know of it.
pub(super) struct Judged {
    pub(super) answer: Answer,
    pub(super) refused: Option<String>,
}

impl Authorizer {
    /// Answers an event; nothing if it is no authorizer's.
    pub(super) async fn judge(&self, payload: &[u8]) -> Option<Judged> {
        let text = json::check(payload).ok()?;
        let event: Event<'_> = json::object(text).ok()?;
        let simple = event.version.as_ref().is_some_and(|version| version.0 == "2.0");
        let headers = match &*event.r#type.0 {
            "TOKEN" => vec![event.authorization_token.as_ref()?.0.as_ref().to_owned()],
            "REQUEST" => authorization(event.multi_value_headers, event.headers),
            _ => return None,
        };
        let (stage, path) = match (&event.method_arn, simple) {
            (Some(arn), false) => (whole_stage(&arn.0)?, path(&arn.0)),
            (None, true) => (String::new(), event.raw_path.as_ref().map_or("", |path| &path.0)),
            (Some(_), true) | (None, false) => return None,
        };
        let presented = presented(headers.iter().map(String::as_bytes));
        let site = self.site.as_ref().map(|site| match Place::of(path) {
            Some(place) => place.site(site),
            None => site.clone(),
        });
        let admitted = self.door.admit(presented, site.as_ref()).await;
        let refused = admitted.as_ref().err().map(why);
        let answer = if simple {
            Answer::Whole(format!(r#"{{"isAuthorized":{}}}"#, admitted.is_ok()).into())
        } else {
            answer(&admitted, &stage)
        };
        let is_broken = matches!(admitted, Err(Refused::Unavailable(_)));
        let answer = if is_broken { broken() } else { answer };
        Some(Judged { answer, refused })
    }
}

/// A policy for the whole stage: API Gateway keeps it for the token, whatever method it is sent to
/// next.
fn answer(admitted: &Result<Admitted, Refused>, stage: &str) -> Answer {
    let policy = |name: &str, effect: &'static str| {
        let action = "execute-api:Invoke";
        let statement = [Statement { action, effect, resource: stage }];
        let document = Document { version: "2012-10-17", statement };
        let policy = Policy { principal_id: name, policy_document: document };
        let text = serde_json::to_string(&policy).expect("texts always have a JSON form");
        Answer::Whole(text.into())
    };
    match admitted {
        Ok(admitted) => policy(admitted.principal.name(), "Allow"),
        // 403.
        Err(Refused::Scope(_)) => policy("insufficient-scope", "Deny"),
        // 401: API Gateway knows this word.
        Err(Refused::Missing | Refused::Malformed(_) | Refused::Invalid(_)) => {
            let (kind, message) = ("Authorizer.Refused", "Unauthorized".to_owned());
            Answer::Failed(Failure { kind, message })
        }
        Err(Refused::Unavailable(_)) => broken(),
    }
}

/// 500, which is never kept.
fn broken() -> Answer {
    let message = "tokens cannot be verified at the moment".to_owned();
    Answer::Failed(Failure { kind: "Authorizer.Unavailable", message })
}

fn why(refused: &Refused) -> String {
    match refused {
        Refused::Missing => "no token was sent".to_owned(),
        Refused::Malformed(why) => (*why).to_owned(),
        Refused::Invalid(why) => format!("token: {why}"),
        Refused::Scope(needed) => format!("token: it needs the scopes {needed}"),
        Refused::Unavailable(cause) => cause.clone(),
    }
}

/// `arn:…:api/stage/*` of `arn:…:api/stage/METHOD/path`.
fn whole_stage(arn: &str) -> Option<String> {
    let mut parts = arn.splitn(6, ':');
    let (head, service) = (parts.next()?, parts.nth(1)?);
    let mut path = parts.nth(2)?.split('/');
    let (api, stage, method) = (path.next()?, path.next()?, path.next()?);
    let named = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_$".contains(&b))
    };
    let good = head == "arn"
        && service == "execute-api"
        && arn.len() <= MAX_ARN_BYTES
        && named(api)
        && named(stage)
        && !method.is_empty();
    let end = arn.find('/')? + 1 + stage.len();
    good.then(|| format!("{}/*", &arn[..end]))
}

/// `/path` of `arn:…:api/stage/METHOD/path`.
fn path(arn: &str) -> &str {
    let mut slashes = arn.match_indices('/').map(|(at, _)| at);
    slashes.nth(2).map_or("", |at| &arn[at..])
}

/// All values of the header. Where both forms are there, they say the same.
fn authorization(several: Option<&RawValue>, single: Option<&RawValue>) -> Vec<String> {
    use std::collections::BTreeMap;
    let is_it = |name: &str| name.eq_ignore_ascii_case("authorization");
    let several = several
        .and_then(|raw| json::object::<BTreeMap<String, Vec<String>>>(raw.get()).ok())
        .unwrap_or_default();
    let values: Vec<String> = several
        .into_iter()
        .filter(|(name, _)| is_it(name))
        .flat_map(|(_, values)| values)
        .collect();
    if !values.is_empty() {
        return values;
    }
    let single = single
        .and_then(|raw| json::object::<BTreeMap<String, String>>(raw.get()).ok())
        .unwrap_or_default();
    single.into_iter().filter(|(name, _)| is_it(name)).map(|(_, value)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages() {
        let of =
            |rest: &str| whole_stage(&format!("arn:aws:execute-api:eu-west-1:123456789012:{rest}"));
        let all = Some("arn:aws:execute-api:eu-west-1:123456789012:abc/prod/*".to_owned());
        assert_eq!(of("abc/prod/POST/mcp"), all);
        assert_eq!(of("abc/prod/GET/"), all);
        assert_eq!(of("abc/prod/POST/a:b/c"), all);
        for bad in
            ["abc", "abc/prod", "abc/prod/", "/prod/GET/", "abc//GET", "*/*/GET/", "a/b*/GET"]
        {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(whole_stage("arn:aws:s3:eu-west-1:1:a/b/GET/"), None);
        let long = |length: usize| of(&"x".repeat(length)).is_some();
        assert!(!long(MAX_ARN_BYTES));
        let fill = |length: usize| {
            let start = "arn:aws:execute-api:eu-west-1:123456789012:abc/prod/GET/";
            whole_stage(&format!("{start}{}", "x".repeat(length - start.len()))).is_some()
        };
        assert!(fill(MAX_ARN_BYTES) && !fill(MAX_ARN_BYTES + 1));
    }

    #[test]
    fn paths() {
        let of = |rest: &str| path(&format!("arn:aws:execute-api:r:1:{rest}")).to_owned();
        assert_eq!(of("api/prod/POST/s/team/mcp"), "/s/team/mcp");
        assert_eq!(of("api/prod/GET/"), "/");
        assert_eq!(of("api/prod/GET"), "");
    }

    #[test]
    fn headers_in_both_forms() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).expect("JSON");
        let several = raw(r#"{"Authorization":["a","b"],"other":["c"]}"#);
        let single = raw(r#"{"authorization":"b"}"#);
        assert_eq!(authorization(Some(&several), Some(&single)), ["a", "b"]);
        assert_eq!(authorization(None, Some(&single)), ["b"]);
        assert_eq!(authorization(Some(&raw("null")), Some(&single)), ["b"]);
        assert!(authorization(None, None).is_empty());
    }
}
