//! Certificates and keys as users have them: PEM in files and in memory, DER.

use std::{fs, path::Path};

use rustls::{
    crypto::CryptoProvider,
    pki_types::{
        CertificateDer, CertificateRevocationListDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    sign::CertifiedKey,
};

use super::certificate::Summary;
use crate::error::{Error, ErrorKind, Result};

/// A file of a size that certificates have.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| Error::from(error).context(format!("read {}", path.display())))
}

/// One certificate or more.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = sections(CertificateDer::pem_slice_iter(pem), "certificate")?;
    found.into_iter().map(certificate).collect()
}

/// A certificate that can be read.
pub(super) fn certificate(der: CertificateDer<'static>) -> Result<CertificateDer<'static>> {
    match Summary::of(&der) {
        Some(_) => Ok(der),
        None => Err(Error::new(ErrorKind::InvalidInput, "that isn't a certificate")),
    }
}

/// One revocation list or more.
pub(super) fn revocations(pem: &[u8]) -> Result<Vec<CertificateRevocationListDer<'static>>> {
    sections(CertificateRevocationListDer::pem_slice_iter(pem), "X509 CRL")
}

/// A chain and its key, which belong together.
pub(super) fn identity(chain: &[u8], key: &[u8], provider: &CryptoProvider) -> Result<CertifiedKey> {
    let chain = certificates(chain)?;
    let key = private_key(key)?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| {
        Error::with_source(ErrorKind::InvalidInput, "the key can't be used with that certificate", error)
    })
}

fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>> {
    let text = String::from_utf8_lossy(pem);
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        let message = "the private key is encrypted: decrypt it with `openssl pkey -in KEY -out PLAIN`";
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| no_section(error, "PRIVATE KEY"))
}

fn sections<T>(found: impl Iterator<Item = Result<T, pem::Error>>, kind: &str) -> Result<Vec<T>> {
    let found: Vec<T> = found.collect::<Result<_, _>>().map_err(|error| no_section(error, kind))?;
    if found.is_empty() {
        return Err(no_section(pem::Error::NoItemsFound, kind));
    }
    Ok(found)
}

fn no_section(error: pem::Error, kind: &str) -> Error {
    let kind = kind.to_uppercase();
    match error {
        pem::Error::NoItemsFound => {
            let message = format!("there is no \"-----BEGIN {kind}-----\" in it: PEM is wanted");
            Error::new(ErrorKind::InvalidInput, message)
        }
        error => Error::with_source(ErrorKind::InvalidInput, "that isn't PEM", error),
    }
}
