//! Registrations as the client plane sees them.

use mcp_lambda_runtime::port::{Clock, Registrations};
use mcp_lambda_runtime::protocol::name::Name;
use mcp_lambda_runtime::registration::{Kind, RegistrationId};
use serde_json::{Value, json};

use crate::support::{TestGateway, functions, post};

#[tokio::test]
async fn what_is_registered_is_served_at_once() {
    let gateway = TestGateway::empty();
    let names = |reply: Value| -> Vec<String> {
        let tools = reply["tools"].as_array().expect("tools").clone();
        tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert!(names(gateway.modern("tools/list", &json!({})).await.result()).is_empty());
    let body = json!({"type": "tool", "name": "b", "description": "d", "lambdaArn": functions::arn("plain")});
    assert_eq!(gateway.send(post("/register", &[], &body.to_string())).await.status, 201);
    gateway.register(&json!({"type": "tool", "name": "a", "description": "d", "lambdaArn": functions::arn("plain")})).await;
    assert_eq!(names(gateway.modern("tools/list", &json!({})).await.result()), ["a", "b"]);
    let delete = http::Request::delete("/register/tool-a").header("host", "localhost");
    gateway.send(delete.body(bytes::Bytes::new()).expect("a request")).await;
    assert_eq!(names(gateway.modern("tools/list", &json!({})).await.result()), ["b"]);
}

#[tokio::test]
async fn a_poisoned_row_is_reported_and_harms_nobody() {
    let gateway = TestGateway::new().await;
    let rows = [
        "{",
        r#"{"type":"tool","name":"other","description":"d","lambdaArn":"x"}"#,
        r#"{"type":"teapot"}"#,
    ];
    for (index, document) in rows.iter().enumerate() {
        let name = Name::parse(&format!("poisoned{index}")).expect("a name");
        let id = RegistrationId::new(Kind::Tool, name).into();
        let now = gateway.clock.now();
        gateway.store.create(vec![(id, (*document).to_owned())], now).await.expect("stored");
    }
    let listed = gateway.modern("tools/list", &json!({})).await.result();
    assert!(listed["tools"].as_array().expect("tools").len() >= 7);
    let get = |path: &str| {
        let request = http::Request::get(path).header("host", "localhost");
        request.body(bytes::Bytes::new()).expect("a request")
    };
    let all = gateway.send(get("/register?type=tool")).await.json();
    let shown = all["registrations"].as_array().expect("registrations");
    let problems = shown.iter().filter(|row| row.get("problem").is_some()).count();
    assert_eq!(problems, rows.len());
    let status = gateway.send(get("/register/tool-poisoned0/status")).await.json();
    assert_eq!(status["status"], "failing");
    assert_eq!(status["checks"][0]["ok"], false);
    let delete = http::Request::delete("/register/tool-poisoned0").header("host", "localhost");
    let deleted = gateway.send(delete.body(bytes::Bytes::new()).expect("a request")).await;
    assert_eq!(deleted.status, 204, "it can be removed");
}

#[tokio::test]
async fn lists_have_pages_that_join_without_gap_or_overlap() {
    let gateway = TestGateway::empty();
    let total = mcp_lambda_runtime::protocol::limits::PAGE_SIZE * 2 + 1;
    for number in 0..total {
        gateway.register(&json!({
            "type": "tool", "name": format!("t{number:04}"), "description": "d", "lambdaArn": functions::arn("plain")
        })).await;
    }
    let mut names = Vec::new();
    let mut cursor: Option<String> = None;
    let mut pages = 0;
    loop {
        let params = cursor.as_ref().map_or(json!({}), |cursor| json!({"cursor": cursor}));
        let page = gateway.modern("tools/list", &params).await.result();
        names.extend(
            page["tools"].as_array().expect("tools").iter().map(|tool| tool["name"].to_string()),
        );
        pages += 1;
        match page.get("nextCursor") {
            Some(next) => cursor = Some(next.as_str().expect("text").to_owned()),
            None => break,
        }
        if pages == 1 {
            // What is registered before the place of the cursor moves nothing.
            gateway.register(&json!({"type": "tool", "name": "a", "description": "d", "lambdaArn": functions::arn("plain")})).await;
        }
    }
    assert_eq!((pages, names.len()), (3, total));
    assert!(names.is_sorted());
    names.dedup();
    assert_eq!(names.len(), total);
}
