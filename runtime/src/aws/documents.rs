//! Documents of an issuer, over HTTPS with the same TLS as everything else.

use std::sync::OnceLock;

use async_trait::async_trait;
use aws_sdk_lambda::config::http::HttpRequest;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::HttpConnector;
use bytes::{Bytes, BytesMut};
use http_body::Body;

use crate::aws::fault::causes;
use crate::port::doors::{DocumentError, Documents, IssuerUrl, MAX_DOCUMENT_BYTES};

/// Fetches by HTTPS, and by HTTP from this machine.
#[derive(Debug, Default)]
pub struct HttpDocuments {
    // Certificates are read when the first document is wanted.
    connector: OnceLock<Connector>,
}

impl HttpDocuments {
    fn connector(&self) -> &Connector {
        self.connector.get_or_init(connector)
    }
}

/// Connections with TLS by `ring`, for requests that no SDK makes.
pub(super) fn connector() -> Connector {
    Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
}

#[async_trait]
impl Documents for HttpDocuments {
    async fn get(&self, url: &IssuerUrl) -> Result<Bytes, DocumentError> {
        let mut request = HttpRequest::get(url.as_str())
            .map_err(|error| DocumentError::Unreachable(error.to_string()))?;
        request.headers_mut().insert("accept", "application/json");
        let answered = self.connector().call(request).await;
        let mut response = answered.map_err(|error| DocumentError::Unreachable(causes(&error)))?;
        if response.status().as_u16() != 200 {
            return Err(DocumentError::Status(response.status().as_u16()));
        }
        read(response.body_mut(), MAX_DOCUMENT_BYTES).await.map_err(|error| match error {
            Unread::TooLarge => DocumentError::TooLarge,
            Unread::Broken(cause) => DocumentError::Unreachable(cause),
        })
    }
}

/// Why a body could not be read.
pub(super) enum Unread {
    TooLarge,
    Broken(String),
}

/// Reads a body up to a bound.
pub(super) async fn read<B>(body: &mut B, bound: usize) -> Result<Bytes, Unread>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let mut whole = BytesMut::new();
    while let Some(frame) =
        std::future::poll_fn(|context| std::pin::Pin::new(&mut *body).poll_frame(context)).await
    {
        let frame = frame.map_err(|error| Unread::Broken(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > bound {
            return Err(Unread::TooLarge);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}
