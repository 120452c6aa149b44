//! The examples that call services, against services on this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Server, text};

/// A service that answers every request with the same, and keeps what it was asked.
pub(crate) struct Service {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Service {
    pub(crate) fn start(status: &'static str, body: Value) -> Self {
        Self::script(status, move |_| body.to_string())
    }

    /// One whose answers depend on how many requests came before.
    pub(crate) fn script(
        status: &'static str,
        body: impl Fn(usize) -> String + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        std::thread::spawn(move || {
            for (before, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { return };
                let request = answer(stream, status, &body(before));
                kept.lock().expect("no panic").push(request);
            }
        });
        Self { port, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    pub(crate) fn asked(&self) -> String {
        self.asked.lock().expect("no panic").join("\n")
    }
}

/// Answers one request on a connection; the request's text.
fn answer(mut stream: TcpStream, status: &str, body: &str) -> String {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    let mut sent = vec![0; length];
    reader.read_exact(&mut sent).expect("a body");
    let count = body.len();
    let response = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {count}\r\n\
         connection: close\r\n\r\n{body}"
    );
    // The client may have gone.
    let _ = stream.write_all(response.as_bytes());
    format!("{head}\n{}", String::from_utf8_lossy(&sent))
}

#[test]
fn hello() {
    let server = Server::start("hello", &[]);
    assert_eq!(text(&server.call("hello", &json!({}))), "Hello, world!");
    server.stop();
}

#[test]
fn weather() {
    let current =
        json!({ "temperature_2m": -3.5, "wind_speed_10m": 12, "time": "2026-01-01T10:00" });
    let service = Service::start("200 OK", json!({ "current": current }));
    let server = Server::start_with("weather", &[], &[("WEATHER_URL", &service.url())]);
    let result = server.call("weather", &json!({ "latitude": 59.91, "longitude": 10.75 }));
    assert_eq!(
        result["structuredContent"],
        json!({
            "temperature_celsius": -3.5, "wind_speed_kmh": 12.0, "observed_at": "2026-01-01T10:00"
        })
    );
    let asked = service.asked();
    assert!(asked.starts_with("GET /v1?latitude=59.91&longitude=10.75&current="), "{asked}");
    let result = server.call("weather", &json!({ "latitude": 91, "longitude": 0 }));
    assert!(text(&result).contains("/latitude"), "{result}");
    server.stop();
}

#[test]
fn a_service_that_fails_is_a_failure_that_the_model_reads() {
    let service = Service::start("503 Service Unavailable", json!({}));
    let server = Server::start_with("weather", &[], &[("WEATHER_URL", &service.url())]);
    let result = server.call("weather", &json!({ "latitude": 0, "longitude": 0 }));
    assert!(result["isError"] == true && text(&result).contains("503"), "{result}");
    server.stop();
}

#[test]
fn search() {
    let found = json!({ "organic": [
        { "title": "A", "link": "https://a.example", "snippet": "about a" },
        { "title": "without a link" },
        { "title": "B", "link": "https://b.example" },
        { "title": "C", "link": "https://c.example" }
    ] });
    let service = Service::start("200 OK", found);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("key");
    std::fs::write(&file, "s3cret\n").expect("a file");
    let secrets = Service::start("200 OK", json!({ "SecretString": "s3cret" }));
    let url = service.url();
    let port = secrets.port.to_string();
    for variables in [
        vec![("SEARCH_URL", url.as_str()), ("SEARCH_KEY_FILE", file.to_str().expect("UTF-8"))],
        vec![
            ("SEARCH_URL", &url),
            ("SEARCH_SECRET_ID", "search-key"),
            ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", &port),
            ("AWS_SESSION_TOKEN", "the-token"),
        ],
    ] {
        let server = Server::start_with("search", &[], &variables);
        let result = server.call("search_web", &json!({ "query": "letters", "count": 2 }));
        assert_eq!(
            result["structuredContent"],
            json!({ "pages": [
                { "title": "A", "url": "https://a.example", "snippet": "about a" },
                { "title": "B", "url": "https://b.example", "snippet": null }
            ] })
        );
        server.stop();
    }
    let asked = service.asked();
    assert_eq!(asked.matches("x-api-key: s3cret").count(), 2, "{asked}");
    assert!(asked.contains(r#"{"num":2,"q":"letters"}"#), "{asked}");
    let asked = secrets.asked();
    assert!(asked.starts_with("GET /secretsmanager/get?secretId=search-key"), "{asked}");
    assert!(asked.contains("x-aws-parameters-secrets-token: the-token"), "{asked}");
}

#[test]
fn a_missing_key_is_the_operators_affair() {
    for (variables, said) in [
        (vec![], "SEARCH_KEY_FILE"),
        (vec![("SEARCH_KEY_FILE", "/no/such/file")], "the key of the search service is missing"),
    ] {
        let server = Server::start_with("search", &[], &variables);
        let result = server.call("search_web", &json!({ "query": "letters" }));
        assert!(text(&result).contains(said) && !result.to_string().contains("/no/"), "{result}");
        server.stop();
    }
}
