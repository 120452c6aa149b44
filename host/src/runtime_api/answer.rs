//! Answers to invocations: buffered, streamed, or an error.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::sync::{mpsc, oneshot};

use super::{
    Call, Mode, Opened, Outcome, accept, header, refused, reported_error, stopped, too_large,
};
use crate::body::{self, Unreadable};
use crate::fault::FunctionError;
use crate::limits;

/// Takes `POST …/invocation/{id}/response`.
pub(super) async fn response(
    calls: &mpsc::Sender<Call>,
    id: &str,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let streaming = request
        .headers()
        .get("lambda-runtime-function-response-mode")
        .is_some_and(|mode| mode.as_bytes().eq_ignore_ascii_case(b"streaming"));
    let content_type = header(request.headers(), "content-type");
    if streaming {
        let content_type = content_type.unwrap_or("application/octet-stream".to_owned());
        stream(calls, id, content_type, request.into_body()).await
    } else {
        let content_type = content_type.unwrap_or("application/json".to_owned());
        buffer(calls, id, content_type, request.into_body()).await
    }
}

/// Takes `POST …/invocation/{id}/error`.
pub(super) async fn error(
    calls: &mpsc::Sender<Call>,
    id: &str,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let (answer, _) = match Answer::open(calls, id, Mode::Buffered).await {
        Ok(opened) => opened,
        Err(response) => return response,
    };
    match reported_error(request).await {
        Ok(error) => answer.close(Outcome::Failed { error }, accept()).await,
        Err(unreadable) => answer.give_up(unreadable).await,
    }
}

async fn buffer(
    calls: &mpsc::Sender<Call>,
    id: &str,
    content_type: String,
    body: Incoming,
) -> Response<Full<Bytes>> {
    let (answer, _) = match Answer::open(calls, id, Mode::Buffered).await {
        Ok(opened) => opened,
        Err(response) => return response,
    };
    match body::read(body, limits::MAX_RESPONSE_BYTES).await {
        Ok(body) => answer.close(Outcome::Buffered { content_type, body }, accept()).await,
        Err(unreadable) => answer.give_up(unreadable).await,
    }
}

async fn stream(
    calls: &mpsc::Sender<Call>,
    id: &str,
    content_type: String,
    mut body: Incoming,
) -> Response<Full<Bytes>> {
    let (answer, opened) = match Answer::open(calls, id, Mode::Streaming { content_type }).await {
        Ok(opened) => opened,
        Err(response) => return response,
    };
    let mut chunks = opened.chunks;
    let mut size = 0;
    let mut error = None;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return answer.close(Outcome::Truncated, accept()).await };
        match frame.into_data() {
            Ok(chunk) => {
                size += chunk.len();
                if size > limits::MAX_STREAM_BYTES {
                    // The rest is read, so that the runtime goes on, but not passed on.
                    chunks = None;
                } else if let Some(sender) = &chunks
                    && sender.send(chunk).await.is_err()
                {
                    // Nobody listens any more. The function goes on, as on Lambda.
                    chunks = None;
                }
            }
            Err(frame) => error = frame.trailers_ref().and_then(trailing_error),
        }
    }
    drop(chunks);
    if size > limits::MAX_STREAM_BYTES {
        let error = FunctionError::response_too_large(size, limits::MAX_STREAM_BYTES);
        return answer.close(Outcome::Streamed { error: Some(error) }, too_large()).await;
    }
    answer.close(Outcome::Streamed { error }, accept()).await
}

/// The error that a runtime appends to a stream that it could not end well.
fn trailing_error(trailers: &HeaderMap) -> Option<FunctionError> {
    let error_type = header(trailers, "lambda-runtime-function-error-type")?;
    let payload = trailers
        .get("lambda-runtime-function-error-body")
        .and_then(|body| STANDARD.decode(body.as_bytes()).ok())
        .unwrap_or_default();
    Some(FunctionError::reported(Some(error_type), payload.into()))
}

/// An answer that was begun, and that is reported as broken off if it is dropped.
struct Answer {
    calls: Option<mpsc::Sender<Call>>,
}

impl Answer {
    async fn open(
        calls: &mpsc::Sender<Call>,
        id: &str,
        mode: Mode,
    ) -> Result<(Self, Opened), Response<Full<Bytes>>> {
        let (reply, opened) = oneshot::channel();
        let request_id = id.to_owned();
        if calls.send(Call::Open { request_id, mode, reply }).await.is_err() {
            return Err(stopped());
        }
        match opened.await {
            Ok(Ok(opened)) => Ok((Self { calls: Some(calls.clone()) }, opened)),
            Ok(Err(refusal)) => Err(refused(refusal)),
            Err(_) => Err(stopped()),
        }
    }

    /// Reports the end. The instance knows it before the runtime can ask for more work.
    async fn close(
        mut self,
        outcome: Outcome,
        response: Response<Full<Bytes>>,
    ) -> Response<Full<Bytes>> {
        let Some(calls) = self.calls.take() else { return stopped() };
        match calls.send(Call::Close { outcome }).await {
            Ok(()) => response,
            Err(_) => stopped(),
        }
    }

    async fn give_up(self, unreadable: Unreadable) -> Response<Full<Bytes>> {
        match unreadable {
            Unreadable::TooLarge { size } => {
                let error = FunctionError::response_too_large(size, limits::MAX_RESPONSE_BYTES);
                self.close(Outcome::Failed { error }, too_large()).await
            }
            Unreadable::Broken => self.close(Outcome::Truncated, stopped()).await,
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(calls) = &self.calls {
            // If the queue is full the invocation runs into its timeout instead.
            let _ = calls.try_send(Call::Close { outcome: Outcome::Truncated });
        }
    }
}
