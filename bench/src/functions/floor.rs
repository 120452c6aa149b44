//! What a call of the endpoint costs without the gateway: a bare client over the same TLS.

use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::results::{Floor, Quantiles, Spread, histogram, record};
use crate::endpoint::tls;
use crate::failure::Failure;
use crate::moment::Moment;

/// Calls that are not counted.
const WARM_UP: usize = 50;

/// A call of an endpoint.
pub struct Call<'a> {
    /// What it is called in tables.
    pub operation: &'a str,
    /// Where the endpoint listens.
    pub address: SocketAddr,
    /// Its authority's certificate as PEM.
    pub authority: &'a str,
    /// The path.
    pub path: &'a str,
    /// The operation's header, where DynamoDB is called.
    pub target: Option<&'a str>,
    /// The body.
    pub body: String,
}

impl Call<'_> {
    /// Makes so many calls over one connection, and so many over fresh ones.
    pub async fn measure(&self, calls: usize, fresh: usize) -> Result<Floor, Failure> {
        let mut warm = histogram();
        let mut connection = self.connect().await?;
        for number in 0..WARM_UP + calls {
            let started = Moment::now();
            self.call(&mut connection).await?;
            if number >= WARM_UP {
                record(&mut warm, Moment::now().since(started));
            }
        }
        let mut first = Vec::with_capacity(fresh);
        for _ in 0..fresh {
            let started = Moment::now();
            let mut connection = self.connect().await?;
            self.call(&mut connection).await?;
            first.push(Moment::now().since(started));
        }
        let operation = self.operation.to_owned();
        Ok(Floor { operation, warm: Quantiles::of(&warm), first_ms: Spread::of_millis(first) })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let connector: TlsConnector = tls::connector(self.authority)?;
        let stream = TcpStream::connect(self.address).await;
        let stream = stream.map_err(Failure::system("connecting"))?;
        stream.set_nodelay(true).map_err(Failure::system("connecting"))?;
        let name = ServerName::from(std::net::IpAddr::from(Ipv4Addr::LOCALHOST));
        let stream = connector.connect(name, stream).await;
        let stream = TokioIo::new(stream.map_err(Failure::system("beginning TLS"))?);
        let (sender, connection) = handshake(stream).await.map_err(failed)?;
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn call(&self, connection: &mut SendRequest<Full<Bytes>>) -> Result<(), Failure> {
        let mut request = Request::post(self.path)
            .header("host", self.address.to_string())
            .header("content-type", "application/x-amz-json-1.0");
        if let Some(target) = self.target {
            request = request.header("x-amz-target", target);
        }
        let body = Full::from(self.body.clone());
        let request = request.body(body).expect("our paths and headers are valid");
        connection.ready().await.map_err(failed)?;
        let response = connection.send_request(request).await.map_err(failed)?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(failed)?.to_bytes();
        match status.is_success() {
            true => Ok(()),
            false => Err(Failure::answer("the endpoint", self.operation, &body)),
        }
    }
}

fn failed(error: hyper::Error) -> Failure {
    Failure::system("calling the endpoint")(std::io::Error::other(error))
}
