//! Runs every file of `wire/`: exchanges as they are on the wire.
//!
//! Lines after `> ` are sent, lines after `< ` are expected, the rest is for people. The host,
//! content type and accept headers are added where a request does not name them; only the
//! response headers that are written down are compared. `{{name}}` in an expected header keeps its
//! value for later requests. `WIRE=update cargo test` writes what is answered into the files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::Request;

use crate::support::{Reply, TestGateway};

#[tokio::test(start_paused = true)]
async fn every_exchange_is_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/wire");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder of exchanges")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert!(files.len() >= 8, "exchanges are missing");
    let update = std::env::var("WIRE").as_deref() == Ok("update");
    let mut failures = Vec::new();
    for path in files {
        let written = std::fs::read_to_string(&path).expect("a file of exchanges");
        let answered = run(&written).await;
        if update && answered != written {
            std::fs::write(&path, &answered).expect("the file can be written");
        } else if answered != written {
            failures.push(format!("{}:\n{}", path.display(), difference(&written, &answered)));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn difference(written: &str, answered: &str) -> String {
    let pairs = written.lines().zip(answered.lines()).enumerate();
    let first = pairs.into_iter().find(|(_, (a, b))| a != b);
    match first {
        Some((line, (a, b))) => format!("line {}\n  written  {a}\n  answered {b}", line + 1),
        None => "the answers have another length".to_owned(),
    }
}

/// The file's text with what is really answered in place of what is expected.
async fn run(text: &str) -> String {
    let gateway = TestGateway::new().await;
    let mut kept: HashMap<String, String> = HashMap::new();
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if !line.starts_with('>') {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let mut sent = vec![line];
        while let Some(next) = lines.next_if(|next| next.starts_with('>')) {
            sent.push(next);
        }
        let mut expected = Vec::new();
        while let Some(next) = lines.next_if(|next| next.starts_with('<')) {
            expected.push(next);
        }
        for line in &sent {
            out.push_str(line);
            out.push('\n');
        }
        let reply = gateway.send(request(&sent, &kept)).await;
        out.push_str(&render(&reply, &expected, &mut kept));
    }
    out
}

fn content(line: &str) -> &str {
    let rest = &line[1..];
    rest.strip_prefix(' ').unwrap_or(rest)
}

fn request(lines: &[&str], kept: &HashMap<String, String>) -> Request<Bytes> {
    let fill = |text: &str| {
        kept.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{{{name}}}}}"), value)
        })
    };
    let mut lines = lines.iter().map(|line| fill(content(line)));
    let first = lines.next().expect("a request line");
    let (method, target) = first.split_once(' ').expect("a method and a target");
    let mut request = Request::builder().method(method).uri(target);
    let mut named = Vec::new();
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').expect("a header");
        named.push(name.to_ascii_lowercase());
        // "-" leaves a header out that would be added.
        if value.trim() != "-" {
            request = request.header(name, value.trim());
        }
    }
    for (name, value) in [
        ("host", "127.0.0.1"),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
    ] {
        if !named.iter().any(|given| given == name) {
            request = request.header(name, value);
        }
    }
    let body: Vec<String> = lines.collect();
    request.body(body.join("\n").into()).expect("a request")
}

fn render(reply: &Reply, expected: &[&str], kept: &mut HashMap<String, String>) -> String {
    let mut out = format!("< {}\n", reply.status);
    let headers =
        expected.iter().skip(1).map(|line| content(line)).take_while(|line| !line.is_empty());
    for line in headers {
        let (name, value) = line.split_once(':').expect("a header");
        let found = reply.header(name).unwrap_or("-");
        match value.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) {
            Some(variable) if found != "-" => {
                kept.insert(variable.to_owned(), found.to_owned());
                out.push_str(&format!("< {line}\n"));
            }
            _ => out.push_str(&format!("< {name}: {found}\n")),
        }
    }
    if !reply.body.is_empty() {
        out.push_str("<\n");
        for line in reply.body.lines() {
            out.push_str(format!("< {line}").trim_end());
            out.push('\n');
        }
    }
    out
}
