//! Arbitrary and almost-right requests against the HTTP edge: no panic, no hang, and always an
//! answer that its client can read.
//!
//! A few thousand inputs by default; `FUZZ=1000000 cargo test -p mcp-lambda --test it fuzz` for many.
//! A failure prints the seed and number of its input; `FUZZ_SEED` runs that sequence again.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value;

use crate::support::TestGateway;

/// SplitMix64: enough to be arbitrary, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most + 1);
        (0..length).map(|_| self.next() as u8).collect()
    }
}

const PATHS: [&str; 14] = [
    "/mcp",
    "/",
    "/mcp/",
    "/message?sessionId=x",
    "/register",
    "/register/tool-echo",
    "/health",
    "/register/tool-echo/status",
    "/register?limit=2",
    "/register/import?lambdaArn=x",
    "//mcp",
    "/%6dcp",
    "/message",
    "/sse/x",
];
const METHODS: [&str; 16] = [
    "initialize",
    "server/discover",
    "ping",
    "tools/list",
    "tools/call",
    "resources/read",
    "resources/list",
    "prompts/get",
    "prompts/list",
    "completion/complete",
    "logging/setLevel",
    "subscriptions/listen",
    "notifications/cancelled",
    "resources/subscribe",
    "",
    "tasks/get",
];
const HEADERS: [&str; 9] = [
    "mcp-protocol-version",
    "mcp-method",
    "mcp-name",
    "mcp-session-id",
    "accept",
    "content-type",
    "mcp-param-region",
    "origin",
    "if-match",
];
const VALUES: [&str; 22] = [
    "2026-07-28",
    "2025-11-25",
    "2025-03-26",
    "v9",
    "tools/list",
    "tools/call",
    "echo",
    "plain",
    "application/json",
    "text/event-stream",
    "*/*",
    "",
    "=?base64?ZWNobw==?=",
    "=?base64?!?=",
    "http://localhost",
    "http://evil",
    "notes://today",
    "\"1\"",
    "greet",
    "mirror",
    "ask",
    "slow",
];

#[tokio::test(start_paused = true)]
async fn arbitrary_requests_are_answered() {
    let wanted = std::env::var("FUZZ").ok().and_then(|text| text.parse().ok());
    let inputs: u64 = wanted.unwrap_or(4_000);
    let given = std::env::var("FUZZ_SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = given.unwrap_or(0x6d63_702d_6c61_6d62);
    let mut gateway = TestGateway::new().await;
    let mut session = gateway.initialize("2025-11-25", r#"{"elicitation":{}}"#).await;
    for number in 0..inputs {
        if number % 50_000 == 49_999 {
            // Registrations that were made by chance would pile up.
            gateway = TestGateway::new().await;
            session = gateway.initialize("2025-03-26", "{}").await;
        }
        let mut random = Random(seed.wrapping_add(number));
        let request = request(&mut random, &session);
        let shown = format!("{request:?}");
        let answered = tokio::time::timeout(Duration::from_secs(3_600), gateway.send(request));
        let Ok(reply) = answered.await else {
            panic!("no answer to input {number} of seed {seed}: {shown}");
        };
        let well_formed = match reply.header("content-type") {
            Some("application/json" | "application/problem+json") => {
                serde_json::from_str::<Value>(&reply.body).is_ok()
            }
            Some("text/event-stream") => {
                reply.body.lines().all(|line| match line.strip_prefix("data: ") {
                    Some(data) => serde_json::from_str::<Value>(data).is_ok(),
                    None => line.is_empty() || line.starts_with(':') || line == "event: message",
                })
            }
            Some(_) => true,
            None => reply.body.is_empty(),
        };
        assert!(
            well_formed && (200..600).contains(&reply.status) && reply.status != 500,
            "input {number} of seed {seed}: {shown} was answered {reply:?}"
        );
        gateway.log.lock().expect("no panic").clear();
        gateway.functions.calls();
    }
}

fn request(random: &mut Random, session: &str) -> Request<Bytes> {
    let method = match random.below(10) {
        0 => random.pick(&["GET", "DELETE", "PUT", "OPTIONS", "PATCH", "HEAD", "X"]),
        _ => "POST",
    };
    // An open HTTP+SSE stream would answer for fifteen minutes.
    let path = if random.one_in(4) { random.pick(&PATHS) } else { "/mcp" };
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let mut request = Request::builder().method(method).uri(path);
    request = request.header("host", if random.one_in(50) { "evil" } else { "localhost" });
    let modern = random.one_in(2);
    let rpc = random.pick(&METHODS);
    let name = random.pick(&VALUES);
    if !random.one_in(10) {
        request = request.header("content-type", "application/json");
    }
    if modern && !random.one_in(8) {
        request = request.header("mcp-protocol-version", "2026-07-28").header("mcp-method", rpc);
        request = request.header("mcp-name", name);
    } else if random.one_in(2) {
        request = request.header("mcp-session-id", session);
    }
    while random.one_in(3) {
        let value = if random.one_in(4) {
            random.bytes(12)
        } else {
            random.pick(&VALUES).as_bytes().to_vec()
        };
        if let Ok(value) = http::HeaderValue::from_bytes(&value) {
            request = request.header(random.pick(&HEADERS), value);
        }
    }
    let body = match random.below(8) {
        0 => random.bytes(64),
        1 => json_value(random, 0).into_bytes(),
        2 => {
            let whole = message(random_copy(random), rpc, name, modern);
            mutated(random, &whole)
        }
        3 => format!("[{}]", message(random_copy(random), rpc, name, false)).into_bytes(),
        _ => message(random_copy(random), rpc, name, modern).into_bytes(),
    };
    request.body(body.into()).expect("a request")
}

fn random_copy(random: &mut Random) -> Random {
    Random(random.next())
}

fn message(mut random: Random, method: &str, name: &str, modern: bool) -> String {
    let mut params = Vec::new();
    if modern && !random.one_in(10) {
        let version = if random.one_in(10) { "v9" } else { "2026-07-28" };
        params.push(format!(
            r#""_meta":{{"io.modelcontextprotocol/protocolVersion":"{version}","io.modelcontextprotocol/clientCapabilities":{{"elicitation":{{}}}}}}"#
        ));
    }
    let name = serde_json::to_string(name).expect("a string");
    if !random.one_in(5) {
        params.push(format!(r#""name":{name},"uri":{name}"#));
    }
    for member in [
        "arguments",
        "inputResponses",
        "requestState",
        "cursor",
        "level",
        "ref",
        "argument",
        "capabilities",
        "protocolVersion",
        "requestId",
    ] {
        if random.one_in(4) {
            params.push(format!(r#""{member}":{}"#, json_value(&mut random, 0)));
        }
    }
    if random.one_in(3) {
        params.push(r#""arguments":{"text":"hi","who":"Ann"}"#.to_owned());
    }
    let id = if random.one_in(6) { json_value(&mut random, 3) } else { "1".to_owned() };
    let id = if random.one_in(8) { String::new() } else { format!(r#""id":{id},"#) };
    format!(r#"{{"jsonrpc":"2.0",{id}"method":"{method}","params":{{{}}}}}"#, params.join(","))
}

fn mutated(random: &mut Random, text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len().max(1));
        match random.below(3) {
            0 if at < bytes.len() => bytes[at] = random.next() as u8,
            1 => bytes.truncate(at),
            _ => bytes
                .insert(at.min(bytes.len()), *b"{}[],:\"\\0".get(random.below(9)).expect("nine")),
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

fn json_value(random: &mut Random, depth: usize) -> String {
    let kinds = if depth < 3 { 8 } else { 6 };
    match random.below(kinds) {
        0 => "null".to_owned(),
        1 => "true".to_owned(),
        2 => (random.next() as i64).to_string(),
        3 => "1.5e300".to_owned(),
        4 => serde_json::to_string(random.pick(&VALUES)).expect("a string"),
        5 => r#""\u0000\ud83d\ude00\"\\""#.to_owned(),
        6 => {
            let count = random.below(4);
            let elements: Vec<String> = (0..count).map(|_| json_value(random, depth + 1)).collect();
            format!("[{}]", elements.join(","))
        }
        _ => {
            let count = random.below(4);
            let member = |random: &mut Random| {
                let name =
                    random.pick(&["type", "name", "uri", "value", "text", "a", "_mcp", "who"]);
                format!("\"{name}\":{}", json_value(random, depth + 1))
            };
            let members: Vec<String> = (0..count).map(|_| member(random)).collect();
            format!("{{{}}}", members.join(","))
        }
    }
}
