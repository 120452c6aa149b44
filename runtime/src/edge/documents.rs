//! The admin plane's URLs of policies and virtual servers: `/policies`, `/policies/{name}`,
//! `/policies/explain`, `/servers` and `/servers/{name}`.

use http::{Method, StatusCode};

use crate::admin::documents::Collection;
use crate::admin::{Admin, Listed, MAX_LIST};
use crate::edge::Incoming;
use crate::edge::register::{
    bad_precondition, bad_query, body, failed, may_be_json, pairs, precondition,
};
use crate::edge::reply::Reply;

/// The name that no policy can have, because its URL is another one's.
const EXPLAIN: &str = "explain";

/// Answers a request for policies.
pub(crate) async fn policies(admin: &Admin, incoming: &Incoming, path: &str) -> Reply {
    let rest = path.strip_prefix("/policies").unwrap_or_default();
    if rest.strip_prefix('/') != Some(EXPLAIN) {
        return answer(admin, incoming, Collection::Policies, rest).await;
    }
    match incoming.method {
        Method::POST if !may_be_json(incoming) => not_json(),
        Method::POST => match admin.explain(body(incoming)).await {
            Ok(explained) => Reply::json(StatusCode::OK, explained),
            Err(error) => failed(&error),
        },
        _ => Reply::not_allowed("POST"),
    }
}

/// Answers a request for virtual servers.
pub(crate) async fn servers(admin: &Admin, incoming: &Incoming, path: &str) -> Reply {
    let rest = path.strip_prefix("/servers").unwrap_or_default();
    answer(admin, incoming, Collection::Servers, rest).await
}

async fn answer(admin: &Admin, incoming: &Incoming, of: Collection, rest: &str) -> Reply {
    let method = &incoming.method;
    let Some(name) = rest.strip_prefix('/') else {
        return match *method {
            Method::GET => list(admin, of, &incoming.query).await,
            _ => Reply::not_allowed("GET"),
        };
    };
    if name.contains('/') {
        return Reply::problem(StatusCode::NOT_FOUND, "there is nothing at this path");
    }
    match *method {
        Method::GET => match admin.show_document(of, name).await {
            Ok(shown) => Reply::json(StatusCode::OK, shown.body).with_etag(shown.revision),
            Err(error) => failed(&error),
        },
        Method::PUT if !may_be_json(incoming) => not_json(),
        Method::PUT => match precondition(incoming) {
            None => bad_precondition(),
            Some(when) => match admin.put_document(of, name, body(incoming), when).await {
                Ok(put) => {
                    let status = if put.created { StatusCode::CREATED } else { StatusCode::OK };
                    Reply::json(status, put.shown.body).with_etag(put.shown.revision)
                }
                Err(error) => failed(&error),
            },
        },
        Method::DELETE => match precondition(incoming) {
            None => bad_precondition(),
            Some(when) => match admin.remove_document(of, name, when).await {
                Ok(()) => Reply::empty(StatusCode::NO_CONTENT),
                Err(error) => failed(&error),
            },
        },
        _ => Reply::not_allowed("GET, PUT, DELETE"),
    }
}

fn not_json() -> Reply {
    let detail = "the body must be sent as Content-Type: application/json";
    Reply::problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
}

async fn list(admin: &Admin, of: Collection, query: &str) -> Reply {
    let mut listed = Listed::default();
    for (name, value) in pairs(query) {
        match name.as_str() {
            "limit" => match value.parse() {
                Ok(limit) if (1..=MAX_LIST).contains(&limit) => listed.limit = limit,
                _ => return bad_query("limit must be 1 to 100"),
            },
            "cursor" => listed.cursor = Some(value),
            _ => return bad_query("the query takes limit and cursor"),
        }
    }
    match admin.list_documents(of, listed).await {
        Ok(body) => Reply::json(StatusCode::OK, body),
        Err(error) => failed(&error),
    }
}
