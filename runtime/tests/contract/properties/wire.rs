//! Messages, ids, cursors and headers.

use mcp_lambda_runtime::catalog::cursor::Cursor;
use mcp_lambda_runtime::protocol::call::{Call, List};
use mcp_lambda_runtime::protocol::classify::{Classified, classify};
use mcp_lambda_runtime::protocol::header::{self, Field, RoutingHeaders};
use mcp_lambda_runtime::protocol::jsonrpc::{self, Body, Message, RequestId};
use mcp_lambda_runtime::protocol::limits;
use mcp_lambda_runtime::protocol::meta::Meta;
use mcp_lambda_runtime::protocol::name::Name;
use mcp_lambda_runtime::protocol::render;
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{config, mangled, text, value};

const LISTS: [List; 4] = [List::Tools, List::Resources, List::ResourceTemplates, List::Prompts];
const METHODS: [&str; 16] = [
    "initialize",
    "ping",
    "logging/setLevel",
    "resources/subscribe",
    "resources/unsubscribe",
    "tools/list",
    "resources/list",
    "resources/templates/list",
    "prompts/list",
    "tools/call",
    "prompts/get",
    "resources/read",
    "completion/complete",
    "server/discover",
    "subscriptions/listen",
    "notifications/cancelled",
];

fn name() -> impl Strategy<Value = Name> {
    "[A-Za-z0-9_.-]{1,64}".prop_map(|text| Name::parse(&text).expect("a name"))
}

/// Messages that are right, and such that are nearly so.
fn message() -> impl Strategy<Value = Value> {
    let id = prop_oneof![any::<i64>().prop_map(Value::from), text().prop_map(Value::from), value()];
    let method = prop_oneof![
        6 => prop::sample::select(METHODS.to_vec()).prop_map(Value::from),
        1 => text().prop_map(Value::from),
        1 => value(),
    ];
    (id, method, params(), any::<u8>(), value()).prop_map(|(id, method, params, shape, other)| {
        let mut message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let members = message.as_object_mut().expect("an object");
        match shape % 8 {
            0 => drop(members.remove("id")),
            1 => drop(members.remove("params")),
            2 => drop(members.insert("result".to_owned(), other)),
            3 => {
                members.remove("method");
                members.remove("params");
                members.insert("error".to_owned(), other);
            }
            4 => return Value::Array(vec![message, other]),
            _ => {}
        }
        message
    })
}

/// The members that methods read, some of them of the wrong type.
fn params() -> impl Strategy<Value = Value> {
    let names = [
        "name",
        "uri",
        "cursor",
        "level",
        "arguments",
        "inputResponses",
        "requestState",
        "ref",
        "protocolVersion",
        "capabilities",
        "argument",
        "context",
        "_meta",
        "requestId",
    ];
    let known = json!({"type": "ref/prompt", "name": "n", "value": "v", "elicitation": {},
        "progressToken": 1, "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {"sampling": {}}});
    let value = prop_oneof![
        2 => text().prop_map(Value::from),
        2 => Just(known),
        1 => Just(json!("2025-11-25")),
        1 => value(),
    ];
    let member = (prop::sample::select(names.to_vec()).prop_map(str::to_owned), value);
    prop::collection::vec(member, 0..8).prop_map(Value::from_iter)
}

fn field() -> impl Strategy<Value = Option<String>> {
    let known = [
        "2026-07-28",
        "2025-11-25",
        "2025-03-26",
        "tools/call",
        "resources/read",
        "n",
        "=?base64?bg==?=",
        "=?base64?!?=",
    ];
    let known = prop::sample::select(known.to_vec()).prop_map(str::to_owned);
    prop::option::of(prop_oneof![known, "[ -~]{0,8}"])
}

fn as_field(value: Option<&String>) -> Field<'_> {
    value.map_or(Field::Absent, |text| Field::Once(text))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn ids_are_echoed_as_they_were_written(
        id in prop_oneof![any::<i64>().prop_map(Value::from), text().prop_map(Value::from)],
        other in value(),
    ) {
        let raw = serde_json::value::to_raw_value(&id).expect("JSON");
        let parsed = RequestId::parse(&raw).expect("an id");
        prop_assert_eq!(parsed.as_json(), raw.get());
        let again: &RawValue = serde_json::from_str(parsed.as_json()).expect("JSON");
        prop_assert_eq!(RequestId::parse(again), Some(parsed.clone()));
        let text = id.as_str().map_or(id.to_string(), str::to_owned);
        prop_assert_eq!(parsed.to_text(), text.as_str());
        prop_assert_eq!(RequestId::from_text(&text).to_text(), text);

        let raw = serde_json::value::to_raw_value(&other).expect("JSON");
        let is_id = (other.is_string() || other.is_i64() || other.is_u64())
            && raw.get().len() <= limits::MAX_ID_BYTES;
        prop_assert_eq!(RequestId::parse(&raw).is_some(), is_id, "{}", other);
    }

    #[test]
    fn requests_are_read_as_they_were_rendered(text in text(), method in text(), params in params()) {
        let id = RequestId::from_text(&text);
        let params = params.to_string();
        let rendered = render::request(&id, &method, Some(&params));
        let body = jsonrpc::parse(rendered.as_bytes()).expect("a message");
        let Body::Single(Message::Request(request)) = body else { panic!("{rendered}") };
        prop_assert_eq!(request.id, id);
        prop_assert_eq!(&*request.method.0, method);
        prop_assert_eq!(request.params.map(RawValue::get), Some(params.as_str()));
    }

    #[test]
    fn any_body_is_a_message_or_refused(
        body in prop_oneof![
            4 => mangled(message().prop_map(|message| message.to_string())),
            1 => prop::collection::vec(any::<u8>(), 0..200),
        ],
        fields in [field(), field(), field()],
    ) {
        let headers = RoutingHeaders {
            protocol_version: as_field(fields[0].as_ref()),
            method: as_field(fields[1].as_ref()),
            name: as_field(fields[2].as_ref()),
        };
        if let Err(refused) = jsonrpc::parse(&body) {
            let answer = render::error(refused.id.as_ref(), &refused.error).into_bytes();
            serde_json::from_slice::<Value>(&answer).expect("a refusal is JSON");
        }
        match classify(&headers, &body) {
            Err(refused) => {
                let answer = render::error(refused.id.as_ref(), &refused.error).into_bytes();
                serde_json::from_slice::<Value>(&answer).expect("a refusal is JSON");
            }
            Ok(Classified::Modern { request, method, meta, .. }) => {
                request.describe(&meta);
                let _ = Call::parse(method, request.params);
            }
            Ok(Classified::Legacy { message: Message::Request(request), .. }) => {
                if let Ok(meta) = Meta::read(request.params) {
                    request.describe(&meta);
                    let _ = (meta.progress_token(), meta.log_level());
                }
            }
            Ok(Classified::Legacy { .. } | Classified::Batch { .. } | Classified::Dropped) => {}
        }
    }

    #[test]
    fn any_parameters_are_a_call_or_refused(params in params(), method in 0..METHODS.len()) {
        use mcp_lambda_runtime::protocol::call::Method;
        use mcp_lambda_runtime::protocol::version::{LegacyVersion, Version};
        let raw = serde_json::value::to_raw_value(&params).expect("JSON");
        for version in [Version::Modern, Version::Legacy(LegacyVersion::NEWEST)] {
            if let Some(method) = Method::parse(METHODS[method], version) {
                let _ = Call::parse(method, Some(&raw));
            }
        }
    }

    #[test]
    fn cursors_come_back(name in name(), list in 0..LISTS.len(), other in 0..LISTS.len()) {
        let cursor = Cursor::new(LISTS[list], name);
        let text = cursor.render();
        let expected = (list == other).then_some(cursor);
        prop_assert_eq!(Cursor::parse(&text, LISTS[other]).ok(), expected);
    }

    #[test]
    fn any_text_is_a_cursor_or_refused(text in prop_oneof![text(), "[A-Za-z0-9_=-]{0,40}"]) {
        for list in LISTS {
            if let Ok(cursor) = Cursor::parse(&text, list) {
                prop_assert_eq!(cursor.render(), text.as_str(), "one cursor has one form");
            }
        }
    }

    #[test]
    fn header_values_come_back(value in prop_oneof![text(), "[ -~]{0,12}", r"=\?base64\?[A-Z=]{0,4}(\?=)?"]) {
        let encoded = header::encode(&value);
        let decoded = header::decode(&encoded);
        prop_assert_eq!(decoded.as_deref(), Some(value.as_str()));
        let sent = http::HeaderValue::from_str(&encoded).expect("a header value");
        let received = sent.to_str().expect("visible ASCII").trim_matches([' ', '\t']);
        prop_assert_eq!(received, &*encoded, "white space around a value is lost on the way");
        prop_assert!(!encoded.is_empty());
        prop_assert!(header::require("X", Field::Once(&encoded), &value).is_ok());
    }

    #[test]
    fn any_header_value_is_decoded_or_refused(value in prop_oneof!["[ -~]{0,16}", r"=\?base64\?[ -~]{0,12}\?="]) {
        if let Some(decoded) = header::decode(&value) {
            prop_assert!(header::require("X", Field::Once(&value), &decoded).is_ok());
        }
    }
}
