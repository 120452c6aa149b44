//! TLS with an authority made for one run.

use std::net::Ipv4Addr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::failure::Failure;

/// A server's side of TLS for 127.0.0.1, and its authority's certificate as PEM.
pub fn acceptor() -> Result<(TlsAcceptor, String), Failure> {
    let wrong = |error: rcgen::Error| Failure::Start(format!("TLS: {error}"));
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let key = KeyPair::generate().map_err(wrong)?;
    let authority = CertifiedIssuer::self_signed(authority, key).map_err(wrong)?;
    let mut own = CertificateParams::default();
    own.subject_alt_names = vec![SanType::IpAddress(Ipv4Addr::LOCALHOST.into())];
    let key = KeyPair::generate().map_err(wrong)?;
    let certificate = own.signed_by(&key, &authority).map_err(wrong)?;
    let key = PrivateKeyDer::try_from(key.serialize_der());
    let key = key.map_err(|error| Failure::Start(format!("TLS: {error}")))?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .map_err(|error| Failure::Start(format!("TLS: {error}")))?;
    Ok((TlsAcceptor::from(Arc::new(config)), authority.pem()))
}

/// A client's side that trusts one authority, by its certificate as PEM.
pub fn connector(pem: &str) -> Result<TlsConnector, Failure> {
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes());
    let certificate = certificate.map_err(|error| Failure::Start(format!("TLS: {error}")))?;
    let mut roots = RootCertStore::empty();
    let added = roots.add(certificate);
    added.map_err(|error| Failure::Start(format!("TLS: {error}")))?;
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
