//! [`Verifier`]: whether a server is whom it says it is.

use std::{fmt, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, Error as TlsError, OtherError, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use super::{certificate::Summary, refusal};

/// SHA-256 of a public key (SubjectPublicKeyInfo).
pub(super) type Pin = [u8; 32];

/// What [`Verifier`] goes by.
#[derive(Debug)]
pub(super) struct Verifier {
    /// Chains, names and times; `None` accepts any.
    pub(super) chains: Option<Arc<WebPkiServerVerifier>>,
    /// The same, but that only the server's own certificate is looked for in lists of revoked ones; if there are any.
    pub(super) own: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates that the user named. A server's own may be among them.
    pub(super) named: Vec<CertificateDer<'static>>,
    /// If there are any, the server's key has to be one of them.
    pub(super) pins: Vec<Pin>,
    pub(super) provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let checked = match &self.chains {
            None => Ok(()),
            Some(_) if self.named.contains(end_entity) => is_current(end_entity, name, now),
            Some(chains) => chains.verify_server_cert(end_entity, intermediates, name, ocsp, now).map(drop),
        };
        let outcome = checked.and_then(|()| self.check_pin(end_entity));
        match &outcome {
            Ok(()) => {}
            // rustls doesn't say which: it is the first of those that are remembered, or one above it.
            Err(TlsError::InvalidCertificate(CertificateError::Revoked)) => {
                let own = self
                    .own
                    .as_ref()
                    .map(|own| own.verify_server_cert(end_entity, intermediates, name, ocsp, now).err());
                match (own, intermediates) {
                    (Some(None), [above, others @ ..]) => refusal::remember(above, others),
                    (Some(Some(_)), _) => refusal::remember(end_entity, &[]),
                    _ => refusal::remember(end_entity, intermediates),
                }
            }
            Err(_) => refusal::remember(end_entity, intermediates),
        }
        outcome.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl Verifier {
    fn check_pin(&self, end_entity: &CertificateDer<'_>) -> Result<(), TlsError> {
        if self.pins.is_empty() {
            return Ok(());
        }
        let found = pin_of(end_entity, &self.provider)?;
        if self.pins.contains(&found) {
            return Ok(());
        }
        Err(CertificateError::Other(OtherError(Arc::new(NotPinned(found)))).into())
    }
}

/// A certificate that the user named as it is: no chain to check, but it has to be for that name, and for now.
/// (webpki refuses one that is its own authority as a server's, and most self-signed ones are.)
fn is_current(
    certificate: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<(), TlsError> {
    verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
    let summary = Summary::of(certificate).ok_or(CertificateError::BadEncoding)?;
    let time =
        |seconds: i64| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds.max(0) as u64));
    let (not_before, not_after) = (time(summary.not_before), time(summary.not_after));
    if now < not_before {
        return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
    }
    Ok(())
}

/// The pin of a certificate's key.
fn pin_of(certificate: &CertificateDer<'_>, provider: &CryptoProvider) -> Result<Pin, TlsError> {
    let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
    let sha256 = provider
        .cipher_suites
        .iter()
        .filter_map(|suite| suite.tls13())
        .map(|suite| suite.common.hash_provider)
        .find(|hash| hash.output_len() == 32)
        .ok_or_else(|| TlsError::General("the provider lacks SHA-256".to_owned()))?;
    let mut pin = [0; 32];
    pin.copy_from_slice(sha256.hash(&key).as_ref());
    Ok(pin)
}

/// The key isn't one of the pinned ones.
#[derive(Debug)]
pub(super) struct NotPinned(Pin);

impl std::error::Error for NotPinned {}

impl fmt::Display for NotPinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("its key is none of the pinned ones; SHA-256 of its public key is ")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
