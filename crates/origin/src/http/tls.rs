//! TLS with origins: trusted authorities, and the handshake.

use std::{io, path::Path, sync::Arc, time::Duration};

use actix_rt::net::TcpStream;

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::counted_stream::Stream;

/// The certificate authorities of Mozilla's list, and those of a PEM file.
pub(crate) fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let Some(path) = ca_file else { return Ok(roots) };
    let problem = |what: &dyn std::fmt::Display| {
        format!("expected a PEM file of certificates, got {}: {what}", path.display())
    };
    let mut found = 0;
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| problem(&error))? {
        let certificate = certificate.map_err(|error| problem(&error))?;
        roots.add(certificate).map_err(|error| problem(&error))?;
        found += 1;
    }
    if found == 0 { Err(problem(&"no certificate in it")) } else { Ok(roots) }
}

/// The TLS settings of a client: HTTP/1.1 only, since awc would use one HTTP/2 connection per request all the same.
///
/// The provider is explicit, so that features of other crates can neither change it nor make it ambiguous.
pub(crate) fn client(roots: RootCertStore) -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Makes a stream of a TCP connection; with TLS settings, after a handshake that takes at most `limit`.
pub(crate) async fn stream(
    tcp: TcpStream,
    tls: Option<&Arc<ClientConfig>>,
    host: &str,
    limit: Duration,
) -> io::Result<Stream> {
    let Some(tls) = tls else { return Ok(Stream::Plain(tcp)) };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let handshake = TlsConnector::from(Arc::clone(tls)).connect(name, tcp);
    let stream = timeout(limit, handshake).await.map_err(|_| io::ErrorKind::TimedOut)??;
    Ok(Stream::Tls(Box::new(stream)))
}
