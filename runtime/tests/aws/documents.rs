//! Both adapters that fetch documents, before the same answers.

use bytes::Bytes;
use http::{Request, Response};
use mcp_lambda_runtime::aws::documents::HttpDocuments;
use mcp_lambda_runtime::embedded::documents::LoopbackDocuments;
use mcp_lambda_runtime::port::doors::{DocumentError, Documents, IssuerUrl, MAX_DOCUMENT_BYTES};

use crate::server::{self, Body};

fn answer(request: &Request<Bytes>) -> Response<Body> {
    assert_eq!(request.method(), "GET");
    let with = |status: u16, body: Vec<u8>| {
        let response = Response::builder().status(status).header("location", "/small");
        response.body(server::full(body)).expect("a response")
    };
    match request.uri().path() {
        "/small" => with(200, b"{}".to_vec()),
        "/largest" => with(200, vec![b'x'; MAX_DOCUMENT_BYTES]),
        "/too-large" => with(200, vec![b'x'; MAX_DOCUMENT_BYTES + 1]),
        "/moved" => with(302, Vec::new()),
        "/broken" => Response::new(server::breaking(vec![b"{".to_vec()])),
        _ => with(404, b"{}".to_vec()),
    }
}

#[tokio::test]
async fn documents_are_bounded_and_redirects_not_followed() {
    let address = server::start(|request| async move { answer(&request) }).await;
    let adapters: [&dyn Documents; 2] = [&LoopbackDocuments, &HttpDocuments::default()];
    for documents in adapters {
        let get = async |path: &str| {
            let url = IssuerUrl::parse(&format!("http://{address}{path}")).expect("a URL");
            documents.get(&url).await.map(|bytes| bytes.len())
        };
        assert_eq!(get("/small").await, Ok(2));
        assert_eq!(get("/largest").await, Ok(MAX_DOCUMENT_BYTES));
        assert_eq!(get("/too-large").await, Err(DocumentError::TooLarge));
        assert_eq!(get("/moved").await, Err(DocumentError::Status(302)));
        assert_eq!(get("/missing").await, Err(DocumentError::Status(404)));
        assert!(matches!(get("/broken").await, Err(DocumentError::Unreachable(_))));
        let nobody = IssuerUrl::parse("http://127.0.0.1:9/").expect("a URL");
        let failed = documents.get(&nobody).await;
        assert!(matches!(failed, Err(DocumentError::Unreachable(_))), "{failed:?}");
    }
}
