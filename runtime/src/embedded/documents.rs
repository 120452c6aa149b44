//! Documents of an issuer on this machine, over plain HTTP.

use async_trait::async_trait;
use bytes::Bytes;
use http::Request;
use http::header::{ACCEPT, HOST};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::port::doors::{DocumentError, Documents, IssuerUrl, MAX_DOCUMENT_BYTES};

/// Fetches from loopback addresses alone; whoever composes a server with another issuer has another
/// adapter.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoopbackDocuments;

#[async_trait]
impl Documents for LoopbackDocuments {
    async fn get(&self, url: &IssuerUrl) -> Result<Bytes, DocumentError> {
        let unreachable = |cause: &dyn std::fmt::Display| {
            DocumentError::Unreachable(format!("cannot be fetched: {cause}"))
        };
        if !url.is_plain() {
            return Err(DocumentError::Unreachable("TLS is not served here".to_owned()));
        }
        let uri: http::Uri = url.as_str().parse().map_err(|error| unreachable(&error))?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(80);
        let stream = TcpStream::connect((host, port)).await;
        let stream = TokioIo::new(stream.map_err(|error| unreachable(&error))?);
        let (mut sender, connection) =
            http1::handshake(stream).await.map_err(|error| unreachable(&error))?;
        let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let request = Request::get(path)
            .header(HOST, authority)
            .header(ACCEPT, "application/json")
            .body(Empty::<Bytes>::new())
            .map_err(|error| unreachable(&error))?;
        let exchange = async {
            let response = sender.send_request(request).await;
            let response = response.map_err(|error| unreachable(&error))?;
            if response.status() != http::StatusCode::OK {
                return Err(DocumentError::Status(response.status().as_u16()));
            }
            let body = Limited::new(response.into_body(), MAX_DOCUMENT_BYTES).collect().await;
            match body {
                Ok(body) => Ok(body.to_bytes()),
                Err(error) if error.is::<LengthLimitError>() => Err(DocumentError::TooLarge),
                Err(error) => Err(unreachable(&error)),
            }
        };
        // The connection is driven beside the exchange, and ends with it.
        let drive = async {
            let _ = connection.await;
            std::future::pending::<std::convert::Infallible>().await
        };
        tokio::select! {
            biased;
            done = exchange => done,
            never = drive => match never {},
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    async fn fetch(answer: String) -> Result<Bytes, DocumentError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut head = [0; 1_024];
            let read = stream.read(&mut head).await.expect("a request");
            assert!(head[..read].starts_with(b"GET /keys HTTP/1.1\r\n"));
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        let url = IssuerUrl::parse(&format!("http://{address}/keys")).expect("a URL");
        LoopbackDocuments.get(&url).await
    }

    fn ok(length: usize) -> String {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{}", "x".repeat(length))
    }

    #[tokio::test]
    async fn documents_at_and_above_their_bound() {
        assert_eq!(fetch(ok(2)).await, Ok("xx".into()));
        let largest = fetch(ok(MAX_DOCUMENT_BYTES)).await.expect("a document");
        assert_eq!(largest.len(), MAX_DOCUMENT_BYTES);
        assert_eq!(fetch(ok(MAX_DOCUMENT_BYTES + 1)).await, Err(DocumentError::TooLarge));
    }

    #[tokio::test]
    async fn redirects_are_not_followed() {
        let moved =
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(fetch(moved.to_owned()).await, Err(DocumentError::Status(302)));
    }

    #[tokio::test]
    async fn nobody_answers() {
        let failed = fetch(String::new()).await;
        assert!(matches!(failed, Err(DocumentError::Unreachable(_))), "{failed:?}");
        let tls = IssuerUrl::parse("https://127.0.0.1:1/").expect("a URL");
        let failed = LoopbackDocuments.get(&tls).await;
        assert!(matches!(failed, Err(DocumentError::Unreachable(_))), "{failed:?}");
    }
}
