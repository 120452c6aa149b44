//! A function that returns its event, with as little between it and the Runtime API as can be: the
//! floor under every other function's figures.

use std::io::{BufRead, BufReader, Error, ErrorKind, Write};
use std::net::TcpStream;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "echo-function: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let address = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(Error::other)?;
    let stream = TcpStream::connect(&address)?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    let next =
        format!("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: {address}\r\n\r\n");
    loop {
        writer.write_all(next.as_bytes())?;
        let (id, event) = response(&mut reader)?;
        let id = id.ok_or(ErrorKind::InvalidData)?;
        let mut answer = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nhost: {address}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            event.len()
        )
        .into_bytes();
        answer.extend_from_slice(&event);
        writer.write_all(&answer)?;
        response(&mut reader)?;
    }
}

/// A response of known length: the invocation's id, where it has one, and its body.
fn response(reader: &mut impl BufRead) -> Result<(Option<String>, Vec<u8>), Error> {
    let (mut id, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().map_err(Error::other)?,
            "lambda-runtime-aws-request-id" => id = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((id, body))
}
