//! The client's end of an HTTP/1.1 connection: as little work as possible, because client and
//! server share the machine.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Headers of a response at most.
const MAX_HEADERS: usize = 32;
/// What is read at once: more than a page of tools.
const BUFFER_BYTES: usize = 256 * 1024;

/// A connection that is kept open.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A response that has come in as a whole.
#[derive(Debug)]
pub struct Response<'a> {
    /// The status.
    pub status: u16,
    /// The session that began.
    pub session: Option<String>,
    /// The body as it was sent, chunk sizes included.
    pub body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(BUFFER_BYTES) })
    }

    /// Sends a request and waits for the end of its response.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<Response<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(head) = complete(&self.buffer).map_err(invalid)? {
                break head;
            }
        };
        let Head { status, session, bytes } = head;
        Ok(Response { status, session, body: &self.buffer[bytes..] })
    }
}

fn invalid(error: httparse::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

struct Head {
    status: u16,
    session: Option<String>,
    bytes: usize,
}

/// The head of a response, once the whole response is there.
fn complete(buffer: &[u8]) -> Result<Option<Head>, httparse::Error> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(bytes) = response.parse(buffer)? else { return Ok(None) };
    let value = |name: &str| {
        let mut all = response.headers.iter();
        let header = all.find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    let body = &buffer[bytes..];
    let ended = match value("content-length").and_then(|text| text.parse::<usize>().ok()) {
        Some(length) => body.len() >= length,
        None if value("transfer-encoding").is_some() => has_last_chunk(body)?,
        // Without either there is no body: the connection stays open.
        None => true,
    };
    let session = value("mcp-session-id").map(str::to_owned);
    Ok(ended.then(|| Head { status: response.code.unwrap_or_default(), session, bytes }))
}

fn has_last_chunk(mut body: &[u8]) -> Result<bool, httparse::Error> {
    loop {
        let size = httparse::parse_chunk_size(body).map_err(|_| httparse::Error::Token)?;
        let httparse::Status::Complete((head, length)) = size else { return Ok(false) };
        let length = usize::try_from(length).map_err(|_| httparse::Error::Token)?;
        // A line end follows each chunk, the empty one included.
        let Some(rest) = body.get(head + length + 2..) else { return Ok(false) };
        if length == 0 {
            return Ok(true);
        }
        body = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(response: &str) -> Option<u16> {
        complete(response.as_bytes()).expect("a response").map(|head| head.status)
    }

    #[test]
    fn the_end_of_a_response() {
        let sized = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";
        assert_eq!(check(&format!("{sized}a")), None);
        assert_eq!(check(&format!("{sized}ab")), Some(200));
        assert_eq!(check("HTTP/1.1 202 Accepted\r\n\r\n"), Some(202));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let body = "3\r\nabc\r\n0\r\n\r\n";
        for end in 0..body.len() {
            assert_eq!(check(&format!("{chunked}{}", &body[..end])), None, "{end}");
        }
        assert_eq!(check(&format!("{chunked}{body}")), Some(200));
    }
}
