//! The admin plane's URLs: `/register`, `/register/{id}`, `/register/{id}/status`, `/register/import`.

use http::header::{CONTENT_TYPE, IF_MATCH};
use http::{Method, StatusCode};

use crate::admin::{Admin, AdminError, Import, Listed, Precondition, Shown};
use crate::edge::accept;
use crate::edge::reply::Reply;
use crate::edge::{Incoming, Mount};
use crate::port::permissions::PermissionError;
use crate::protocol::json;
use crate::registration::Kind;

/// Answers a request of an administrator.
pub(crate) async fn answer(admin: &Admin, incoming: &Incoming, path: &str) -> Reply {
    let rest = path.strip_prefix("/register").unwrap_or_default();
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let decode = |segment: &str| {
        percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
    };
    let decoded: Vec<String> = rest.split('/').map(decode).collect();
    let segments: Vec<&str> = match decoded.as_slice() {
        [only] if only.is_empty() => Vec::new(),
        all => all.iter().map(String::as_str).collect(),
    };
    let method = &incoming.method;
    if matches!(*method, Method::POST | Method::PUT) && !may_be_json(incoming) {
        let detail = "the body must be sent as Content-Type: application/json";
        return Reply::problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
    }
    match (segments.as_slice(), method) {
        ([], &Method::POST) => {
            shown(&incoming.mount, StatusCode::CREATED, admin.create(body(incoming)).await)
        }
        ([], &Method::GET) => list(admin, &incoming.query).await,
        ([], _) => Reply::not_allowed("GET, POST"),
        (["import"], &Method::POST) => import(admin, incoming).await,
        (["import"], _) => Reply::not_allowed("POST"),
        ([id], &Method::GET) => shown(&incoming.mount, StatusCode::OK, admin.show(id).await),
        ([id], &Method::PUT) => match precondition(incoming) {
            None => bad_precondition(),
            Some(when) => shown(
                &incoming.mount,
                StatusCode::OK,
                admin.replace(id, body(incoming), when).await,
            ),
        },
        ([id], &Method::DELETE) => match precondition(incoming) {
            None => bad_precondition(),
            Some(when) => match admin.remove(id, when).await {
                Ok(()) => Reply::empty(StatusCode::NO_CONTENT),
                Err(error) => failed(&error),
            },
        },
        ([_], _) => Reply::not_allowed("GET, PUT, DELETE"),
        ([id, "status"], &Method::GET) => match admin.status(id).await {
            Ok(body) => Reply::json(StatusCode::OK, body),
            Err(error) => failed(&error),
        },
        ([_, "status"], _) => Reply::not_allowed("GET"),
        _ => Reply::problem(StatusCode::NOT_FOUND, "there is nothing at this path"),
    }
}

/// A form is what a browser may send anywhere without asking.
pub(super) fn may_be_json(incoming: &Incoming) -> bool {
    accept::sends_json(&incoming.headers) || !incoming.headers.contains_key(CONTENT_TYPE)
}

pub(super) fn body(incoming: &Incoming) -> &[u8] {
    &incoming.body
}

/// `If-Match`; `None` when it is no tag that was ever given out.
pub(super) fn precondition(incoming: &Incoming) -> Option<Precondition> {
    let Some(value) = incoming.headers.get(IF_MATCH) else { return Some(Precondition::None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Some(Precondition::None);
    }
    let revision = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    revision.and_then(|revision| revision.parse().ok()).map(Precondition::Revision)
}

pub(super) fn bad_precondition() -> Reply {
    let detail = "If-Match must be an ETag that was given out, such as \"3\"";
    Reply::problem(StatusCode::PRECONDITION_FAILED, detail)
}

fn shown(mount: &Mount, status: StatusCode, result: Result<Shown, AdminError>) -> Reply {
    match result {
        Err(error) => failed(&error),
        Ok(shown) => {
            let reply = Reply::json(status, shown.body).with_etag(shown.revision);
            match status {
                StatusCode::CREATED => {
                    reply.with_location(&format!("{}/register/{}", mount.0, shown.id))
                }
                _ => reply,
            }
        }
    }
}

async fn list(admin: &Admin, query: &str) -> Reply {
    let mut listed = Listed::default();
    for (name, value) in pairs(query) {
        match name.as_str() {
            "type" => match Kind::parse(&value) {
                Some(kind) => listed.kind = Some(kind),
                None => return bad_query("type must be tool, resource or prompt"),
            },
            "limit" => match value.parse() {
                Ok(limit) if (1..=crate::admin::MAX_LIST).contains(&limit) => listed.limit = limit,
                _ => return bad_query("limit must be 1 to 100"),
            },
            "cursor" => listed.cursor = Some(value),
            _ => return bad_query("the query takes type, limit and cursor"),
        }
    }
    match admin.list(listed).await {
        Ok(body) => Reply::json(StatusCode::OK, body),
        Err(error) => failed(&error),
    }
}

async fn import(admin: &Admin, incoming: &Incoming) -> Reply {
    let mut import = Import::default();
    for (name, value) in pairs(&incoming.query) {
        match name.as_str() {
            "lambdaArn" => import.lambda_arn = value,
            "target" => import.target = Some(value),
            _ => return bad_query("the query takes lambdaArn and target"),
        }
    }
    if import.lambda_arn.is_empty() {
        return bad_query("the query must name the lambdaArn of the tools");
    }
    match admin.import(body(incoming), &import).await {
        Ok(body) => Reply::json(StatusCode::CREATED, body),
        Err(error) => failed(&error),
    }
}

pub(super) fn bad_query(detail: &str) -> Reply {
    Reply::problem(StatusCode::BAD_REQUEST, detail)
}

pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// The one table from an administrator's errors to statuses.
pub(super) fn failed(error: &AdminError) -> Reply {
    let status = match error {
        AdminError::Invalid(_)
        | AdminError::InvalidDocument { .. }
        | AdminError::ChangesId { .. }
        | AdminError::BadCursor => StatusCode::BAD_REQUEST,
        AdminError::NotFound | AdminError::NoDocument(_) => StatusCode::NOT_FOUND,
        AdminError::Exists(_) | AdminError::UriTaken { .. } | AdminError::TooMany { .. } => {
            StatusCode::CONFLICT
        }
        AdminError::Stale { .. } => StatusCode::PRECONDITION_FAILED,
        AdminError::NotGranted(error) => match error {
            // The document is as it should be, but this function cannot be had.
            PermissionError::NotFound(_)
            | PermissionError::Denied(_)
            | PermissionError::External(_) => StatusCode::UNPROCESSABLE_ENTITY,
            PermissionError::PolicyFull(_) => StatusCode::CONFLICT,
            PermissionError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        },
        AdminError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    match error {
        AdminError::Invalid(invalid) | AdminError::InvalidDocument { invalid, .. } => {
            let one = |problem: &crate::registration::problem::Problem| {
                format!(
                    r#"{{"pointer":{},"detail":{}}}"#,
                    json::string(&problem.pointer),
                    json::string(&problem.detail)
                )
            };
            let errors: Vec<String> = invalid.0.iter().map(one).collect();
            // `details` is where clients of mcp-lambda-sam look.
            let errors = errors.join(",");
            let members = format!(r#","errors":[{errors}],"details":[{errors}]"#);
            Reply::problem_with(status, &error.to_string(), &members)
        }
        AdminError::Unavailable(cause) => Reply::problem(status, "try again in a moment")
            .failing(Some("store unavailable".to_owned()), Some(cause.clone())),
        AdminError::NotGranted(PermissionError::Unavailable(cause)) => {
            Reply::problem(status, "try again in a moment")
                .failing(Some("permissions unavailable".to_owned()), Some(cause.clone()))
        }
        AdminError::NotGranted(_)
        | AdminError::ChangesId { .. }
        | AdminError::BadCursor
        | AdminError::NotFound
        | AdminError::NoDocument(_)
        | AdminError::TooMany { .. }
        | AdminError::Exists(_)
        | AdminError::UriTaken { .. }
        | AdminError::Stale { .. } => Reply::problem(status, &error.to_string()),
    }
}
