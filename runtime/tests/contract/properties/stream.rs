//! A function's stream: the same notifications and the same result, however its bytes are cut.

use mcp_lambda_runtime::invoke::stream::Lines;
use mcp_lambda_runtime::protocol::notification::{LogLevel, Relay, Wanted};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{config, text, value};

fn run<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<String>, Vec<u8>) {
    let wanted = Wanted { log: Some(LogLevel::Info), ..Wanted::default() };
    let mut lines = Lines::new(Relay::new(wanted));
    let mut messages = Vec::new();
    for chunk in chunks {
        messages.extend(lines.feed(chunk));
    }
    let (last, result) = lines.finish();
    messages.extend(last);
    (messages, result)
}

/// Cuts bytes at some places.
fn cut<'a>(whole: &'a [u8], places: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place.index(whole.len() + 1)).collect();
    places.extend([0, whole.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &whole[pair[0]..pair[1]]).collect()
}

fn places() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    prop::collection::vec(any::<prop::sample::Index>(), 0..8)
}

fn line() -> impl Strategy<Value = String> {
    let levels = prop::sample::select(vec!["debug", "info", "error", "none"]);
    let log = (levels, value()).prop_map(|(level, data)| {
        let params = json!({"level": level, "data": data});
        json!({"method": "notifications/message", "params": params}).to_string()
    });
    let other =
        text().prop_map(|name| json!({"method": format!("notifications/{name}")}).to_string());
    prop_oneof![4 => log, 1 => other, 1 => "[ \t\r]{0,3}"]
}

fn result() -> impl Strategy<Value = String> {
    let pretty = |value: Value| serde_json::to_string_pretty(&value).expect("JSON");
    prop_oneof![3 => value().prop_map(pretty), 1 => "[a-z]{0,3}(\n[a-z]{0,3}){0,3}", 1 => Just(String::new())]
}

fn prelude() -> impl Strategy<Value = String> {
    let pretty = |status: u16| format!("{{\n \"statusCode\": {status}\n}}{}", "\0".repeat(8));
    let short = |status: u16| format!(r#"{{"statusCode":{status}}}{}"#, "\0".repeat(8));
    prop_oneof![
        3 => Just(String::new()),
        1 => (100..600_u16).prop_map(pretty),
        1 => (100..600_u16).prop_map(short),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn however_the_bytes_are_cut(
        prelude in prelude(),
        lines in prop::collection::vec(line(), 0..6),
        result in result(),
        places in places(),
    ) {
        let mut whole = prelude;
        for line in &lines {
            whole.push_str(line);
            whole.push('\n');
        }
        whole.push_str(&result);
        let whole = whole.as_bytes();
        let expected = run(std::iter::once(whole));
        prop_assert_eq!(run(cut(whole, &places).into_iter()), expected.clone());
        prop_assert_eq!(run(whole.chunks(1)), expected);
    }

    #[test]
    fn any_bytes_are_taken(
        whole in prop::collection::vec(
            prop_oneof![Just(0), Just(b'\n'), Just(b'{'), any::<u8>()],
            0..300,
        ),
        places in places(),
    ) {
        run(cut(&whole, &places).into_iter());
        run(whole.chunks(1));
    }
}

/// A line of the longest kind, and one that is longer: what becomes of it does not depend on how
/// it comes.
#[test]
fn long_lines_are_treated_the_same_however_they_come() {
    use mcp_lambda_runtime::protocol::limits::MAX_STREAM_LINE_BYTES;
    for length in [MAX_STREAM_LINE_BYTES - 1, MAX_STREAM_LINE_BYTES, MAX_STREAM_LINE_BYTES + 1] {
        let head = r#"{"method":"notifications/message","params":{"level":"info","data":""#;
        let data = "x".repeat(length - head.len() - 3);
        let whole = format!("{head}{data}\"}}}}\n7");
        let whole = whole.as_bytes();
        let expected = run(std::iter::once(whole));
        for size in [1_000, 100_000, length, length + 1] {
            let found = run(whole.chunks(size));
            assert!(found == expected, "a line of {length} bytes in chunks of {size}");
        }
    }
}
