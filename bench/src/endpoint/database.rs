//! The operations of DynamoDB that the gateway uses, in this process and in memory.

use dynoxide::errors::DynoxideError;
use http::{Response, StatusCode};
use mcp_lambda_runtime::deployment::tables::{REGISTRATIONS_KEY, SESSIONS_KEY, TableKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Body, whole};
use crate::failure::Failure;

/// The table of registrations.
pub const REGISTRATIONS: &str = "bench-registrations";
/// The table of sessions.
pub const SESSIONS: &str = "bench-sessions";
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// A database with both tables.
pub struct Database(dynoxide::Database);

impl Database {
    /// Both tables, empty.
    pub fn new() -> Result<Self, Failure> {
        let wrong = |error: DynoxideError| Failure::Start(format!("DynamoDB: {error}"));
        let database = dynoxide::Database::memory().map_err(wrong)?;
        for (name, key) in [(REGISTRATIONS, REGISTRATIONS_KEY), (SESSIONS, SESSIONS_KEY)] {
            let request = serde_json::from_value(table(name, key));
            let request = request.map_err(|error| Failure::Start(format!("{name}: {error}")))?;
            database.create_table(request).map_err(wrong)?;
        }
        Ok(Self(database))
    }

    /// Answers a request whose operation stands in its header.
    pub(super) fn answer(&self, target: &str, body: &[u8]) -> Response<Body> {
        let database = &self.0;
        let answered = match target.rsplit('.').next().unwrap_or_default() {
            "GetItem" => run(body, |request| database.get_item(request)),
            "Query" => run(body, |request| database.query(request)),
            "BatchGetItem" => run(body, |request| database.batch_get_item(request)),
            "TransactGetItems" => run(body, |request| database.transact_get_items(request)),
            "PutItem" => run(body, |request| database.put_item(request)),
            "UpdateItem" => run(body, |request| database.update_item(request)),
            "DeleteItem" => run(body, |request| database.delete_item(request)),
            "TransactWriteItems" => run(body, |request| database.transact_write_items(request)),
            other => Err((400, format!(r#"{{"__type":"UnknownOperation","message":"{other}"}}"#))),
        };
        match answered {
            Ok(body) => whole(StatusCode::OK, CONTENT_TYPE, body),
            Err((status, body)) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
                whole(status, CONTENT_TYPE, body)
            }
        }
    }
}

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<String, (u16, String)> {
    let refused = |text: String| {
        (400, json!({ "__type": "SerializationException", "message": text }).to_string())
    };
    let request = serde_json::from_slice(body).map_err(|error| refused(error.to_string()))?;
    let answer = operation(request).map_err(|error| (error.status_code(), error.to_json()))?;
    serde_json::to_string(&answer).map_err(|error| refused(error.to_string()))
}

fn table(name: &str, key: TableKey) -> Value {
    let parts = [Some((key.partition, "HASH")), key.sort.map(|sort| (sort, "RANGE"))];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    let attribute =
        |(name, _): &(&str, &str)| json!({ "AttributeName": name, "AttributeType": "S" });
    let element = |(name, kind): &(&str, &str)| json!({ "AttributeName": name, "KeyType": kind });
    json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": parts.iter().map(attribute).collect::<Vec<_>>(),
        "KeySchema": parts.iter().map(element).collect::<Vec<_>>()
    })
}
