//! TLS: whom to trust, and what is wrong with those who aren't. Never what goes through it.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore};
use tokio_rustls::TlsConnector;

use super::failure::{Distrust, Failure};
use super::meter::Metered;
use super::open::Stream;

/// Begins TLS with a server (or proxy) of this name.
pub(super) async fn begin(stream: Stream, host: &str, ca_file: Option<&Path>) -> Result<Stream, Failure> {
    let name = ServerName::try_from(host.to_owned()).map_err(|error| Failure::Address(error.to_string()))?;
    let config = config(ca_file).await?;
    let (stream, meter) = Metered::new(stream);
    match TlsConnector::from(config).connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => {
            let of_tls = error.get_ref().and_then(|source| source.downcast_ref::<Error>());
            let speaks_tls = matches!(meter.first(), [] | [0x14..=0x17, 3, ..]);
            Err(match of_tls {
                _ if !speaks_tls => Failure::NoTls,
                Some(error) => failure(error),
                None => Failure::from_io(&error),
            })
        }
    }
}

/// Read anew for each connection: what was added to the system meanwhile counts.
async fn config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, Failure> {
    let ca_file = ca_file.map(Path::to_owned);
    let reading = tokio::task::spawn_blocking(move || roots(ca_file.as_deref()));
    let roots = reading.await.map_err(|error| Failure::NoRoots(error.to_string()))??;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| Failure::Tls(error.to_string()))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = ca_file {
        let refused = |why: String| Failure::CaFile(path.to_owned(), why);
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| refused(error.to_string()))?;
        let before = roots.len();
        for certificate in certificates {
            let certificate = certificate.map_err(|error| refused(error.to_string()))?;
            roots.add(certificate).map_err(|error| refused(error.to_string()))?;
        }
        if roots.len() == before {
            return Err(refused("it holds no certificate".to_owned()));
        }
    }
    if roots.is_empty() {
        let why = system.errors.first().map_or_else(|| "none was found".to_owned(), ToString::to_string);
        return Err(Failure::NoRoots(why));
    }
    Ok(roots)
}

fn failure(error: &Error) -> Failure {
    match error {
        Error::InvalidCertificate(error) => Failure::Untrusted(distrust(error)),
        Error::InvalidMessage(_) => Failure::NoTls,
        Error::AlertReceived(AlertDescription::ProtocolVersion) | Error::PeerIncompatible(_) => {
            Failure::Tls("it knows only methods that are too old to be safe".to_owned())
        }
        Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            Failure::Tls("it serves no site of this name".to_owned())
        }
        other => Failure::Tls(other.to_string()),
    }
}

fn distrust(error: &CertificateError) -> Distrust {
    match error {
        CertificateError::Expired => Distrust::Expired(None),
        CertificateError::ExpiredContext { not_after, .. } => Distrust::Expired(Some(millis(*not_after))),
        CertificateError::NotValidYet => Distrust::NotYetValid(None),
        CertificateError::NotValidYetContext { not_before, .. } => Distrust::NotYetValid(Some(millis(*not_before))),
        CertificateError::NotValidForNameContext { expected, presented } => Distrust::OtherName {
            asked: expected.to_str().into_owned(),
            named: presented.iter().map(|name| plain(name)).collect(),
        },
        // Another issuer of the same name vouches for nothing either.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Distrust::UnknownIssuer,
        CertificateError::Revoked => Distrust::Revoked,
        // The library has no name of its own for it.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => Distrust::IssuersOwn,
        other => Distrust::Other(other.to_string()),
    }
}

/// `DnsName("example.org")` as `example.org`.
fn plain(presented: &str) -> String {
    let inner = presented.split_once('(').map_or(presented, |(_, rest)| rest.trim_end_matches(')'));
    inner.trim_matches('"').to_owned()
}

const fn millis(time: UnixTime) -> i64 {
    time.as_secs() as i64 * 1_000
}
