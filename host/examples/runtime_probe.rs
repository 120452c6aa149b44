//! A function that speaks the Runtime API byte by byte, so that it can also speak it badly.
//!
//! The event is a list of steps that are done in order: `{"send": "raw bytes"}` writes to the
//! connection, with `$ID` replaced by the invocation's id; `{"read": true}` reads an answer and
//! prints its first line and body; `{"close": true}` closes the connection and opens another;
//! `{"exit": 3}` ends the process; `{"fill": 100, "chunk": 10}` sends that many bytes in chunks;
//! `{"gate": "address"}` connects there and waits for a byte.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::TcpStream;

use serde_json::Value;

fn main() -> Result<()> {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(std::io::Error::other)?;
    let mut connection = BufReader::new(TcpStream::connect(&api)?);
    // Steps to do before the first invocation.
    let first = std::env::args().nth(1).unwrap_or("[]".to_owned());
    let mut steps: Vec<Value> = serde_json::from_str(&first)?;
    let mut id = String::new();
    loop {
        for step in &steps {
            run(step, &id, &api, &mut connection)?;
        }
        let head = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: api\r\n\r\n";
        connection.get_mut().write_all(head.as_bytes())?;
        let answer = read_answer(&mut connection)?;
        let found = answer.headers.iter().find_map(|header| {
            header.strip_prefix("lambda-runtime-aws-request-id: ").map(str::to_owned)
        });
        id = found.unwrap_or_default();
        steps = serde_json::from_str(&answer.body)?;
    }
}

fn run(step: &Value, id: &str, api: &str, connection: &mut BufReader<TcpStream>) -> Result<()> {
    if let Some(text) = step["send"].as_str() {
        connection.get_mut().write_all(text.replace("$ID", id).as_bytes())?;
    }
    if let Some(size) = step["fill"].as_u64() {
        fill(size, step["chunk"].as_u64().unwrap_or(size), connection.get_mut())?;
    }
    if step["read"] == true {
        let answer = read_answer(connection)?;
        writeln!(std::io::stdout(), "{} {}", answer.status, answer.body)?;
    }
    if let Some(gate) = step["gate"].as_str() {
        TcpStream::connect(gate)?.read_exact(&mut [0])?;
    }
    if step["close"] == true {
        *connection = BufReader::new(TcpStream::connect(api)?);
    }
    if let Some(status) = step["exit"].as_i64() {
        std::process::exit(i32::try_from(status).unwrap_or(1));
    }
    Ok(())
}

fn fill(size: u64, chunk: u64, stream: &mut TcpStream) -> Result<()> {
    let mut left = size;
    while left > 0 {
        let length = left.min(chunk);
        let bytes = vec![b'x'; usize::try_from(length).unwrap_or(0)];
        write!(stream, "{length:x}\r\n")?;
        stream.write_all(&bytes)?;
        stream.write_all(b"\r\n")?;
        left -= length;
    }
    stream.write_all(b"0\r\n\r\n")
}

struct Answer {
    status: String,
    headers: Vec<String>,
    body: String,
}

fn read_answer(connection: &mut BufReader<TcpStream>) -> Result<Answer> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line)? == 0 {
            return Err(std::io::Error::other("the connection is closed"));
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Answer { status: lines.remove(0), headers: lines, body })
}
