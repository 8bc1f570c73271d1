//! [`Settings`]: what [`ClientTls`](super::ClientTls) gathers, and how rustls is told of it.

use std::{env, fmt, sync::Arc};

use rustls::{
    ClientConfig, KeyLogFile, RootCertStore,
    client::{Resumption, ServerCertVerifierBuilder, WebPkiServerVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, CertificateRevocationListDer, ServerName},
    sign::{CertifiedKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};

use super::{
    TlsVersion,
    verify::{Pin, Verifier},
};
use crate::error::{Error, ErrorKind, Result};

/// As many as rustls keeps by itself.
const SESSIONS: usize = 256;

/// rustls takes the memory for all of them at once: 3 MB.
const MOST_SESSIONS: usize = 65_536;

/// Whose word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    SystemAndAdded,
    Added,
    Anybody,
}

/// Whether the server's name is sent in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sni {
    Sent,
    Hidden,
}

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) trust: Trust,
    pub(super) authorities: Vec<CertificateDer<'static>>,
    pub(super) revocations: Vec<CertificateRevocationListDer<'static>>,
    pub(super) identity: Option<Arc<CertifiedKey>>,
    pub(super) pins: Vec<Pin>,
    pub(super) min_version: TlsVersion,
    pub(super) alpn: Vec<Vec<u8>>,
    pub(super) name: Option<ServerName<'static>>,
    pub(super) sni: Sni,
    pub(super) sessions: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            trust: Trust::SystemAndAdded,
            authorities: Vec::new(),
            revocations: Vec::new(),
            identity: None,
            pins: Vec::new(),
            min_version: TlsVersion::Tls12,
            alpn: Vec::new(),
            name: None,
            sni: Sni::Sent,
            sessions: SESSIONS,
        }
    }
}

impl Settings {
    /// What rustls goes by.
    pub(super) fn make(&self) -> Result<ClientConfig> {
        let provider = provider();
        let versions = match self.min_version {
            TlsVersion::Tls12 => &[&TLS13, &TLS12][..],
            TlsVersion::Tls13 => &[&TLS13],
        };
        let (mut chains, mut own) = (None, None);
        if let Some(roots) = self.roots()? {
            chains = Some(built(self.chains(roots.clone(), &provider))?);
            if !self.revocations.is_empty() {
                own = Some(built(self.chains(roots, &provider).only_check_end_entity_revocation())?);
            }
        }
        let verifier = Verifier {
            chains,
            own,
            named: self.authorities.clone(),
            pins: self.pins.clone(),
            provider: provider.clone(),
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|error| broken("the versions of TLS", error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.identity {
            Some(identity) => {
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.clone())))
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols.clone_from(&self.alpn);
        config.enable_sni = self.sni == Sni::Sent;
        config.resumption = match self.sessions {
            0 => Resumption::disabled(),
            sessions => Resumption::in_memory_sessions(sessions.min(MOST_SESSIONS)),
        };
        if env::var_os("SSLKEYLOGFILE").is_some() {
            config.key_log = Arc::new(KeyLogFile::new());
        }
        Ok(config)
    }

    /// Who may vouch for a server; nothing: anybody.
    fn roots(&self) -> Result<Option<Arc<RootCertStore>>> {
        let mut roots = RootCertStore::empty();
        if self.trust == Trust::Anybody {
            return Ok(None);
        }
        for authority in &self.authorities {
            roots.add(authority.clone()).map_err(|error| broken("an authority's certificate", error))?;
        }
        if self.trust == Trust::SystemAndAdded {
            add_system(&mut roots)?;
        }
        if roots.is_empty() {
            let message = "no authority is trusted: add one with ClientTls::add_ca_file";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        Ok(Some(Arc::new(roots)))
    }

    fn chains(&self, roots: Arc<RootCertStore>, provider: &Arc<CryptoProvider>) -> ServerCertVerifierBuilder {
        WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
            .with_crls(self.revocations.iter().cloned())
            .allow_unknown_revocation_status()
    }
}

fn built(chains: ServerCertVerifierBuilder) -> Result<Arc<WebPkiServerVerifier>> {
    chains.build().map_err(|error| {
        Error::with_source(ErrorKind::InvalidInput, "a revocation list can't be used", error)
    })
}

/// Whom the system trusts. Certificates in there that can't be used are passed over, as OpenSSL does.
fn add_system(roots: &mut RootCertStore) -> Result<()> {
    let found = rustls_native_certs::load_native_certs();
    let errors: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
    let before = roots.len();
    roots.add_parsable_certificates(found.certs);
    if roots.len() > before || before > 0 {
        return Ok(());
    }
    let why = errors.first().map_or_else(String::new, |first| format!(" ({first})"));
    let message = format!(
        "this machine has no list of trusted authorities{why}: install the package ca-certificates, name a file of \
         them in SSL_CERT_FILE, or add your own with ClientTls::add_ca_file"
    );
    Err(Error::new(ErrorKind::Certificate, message))
}

/// Said every time: a default of the process may be another one, or missing where two are built in.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn broken(what: &'static str, error: rustls::Error) -> Error {
    Error::with_source(ErrorKind::InvalidInput, format!("{what} can't be used"), error)
}

/// Without the key.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
            .field("trust", &self.trust)
            .field("authorities", &self.authorities.len())
            .field("client_certificate", &self.identity.is_some())
            .field("pins", &self.pins.len())
            .field("min_version", &self.min_version)
            .finish_non_exhaustive()
    }
}
