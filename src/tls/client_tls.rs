//! [`ClientTls`]: how clients speak TLS.

use std::{
    fmt,
    path::Path,
    sync::{Arc, OnceLock},
};

use rustls::{ClientConfig, pki_types::ServerName};

use super::{
    TlsVersion, material,
    settings::{Settings, Sni, Trust, provider},
};
use crate::error::{Error, ErrorKind, Result};

/// How a client speaks TLS: whom it trusts, what it shows of itself, what it offers.
///
/// As it is made, it trusts whom the system trusts, checks certificates and names, speaks TLS 1.2 and 1.3, and
/// resumes sessions. It is cheap to clone. Clones share the sessions that may be resumed, and the authorities, which
/// are read at the first connection: make one and keep it.
///
/// Two are equal when they are clones of each other, whatever is set in them: a connection made with one isn't used
/// again for a request that comes with another.
///
/// Python: `ssl.SSLContext`, as `ssl.create_default_context` makes it.
///
/// # Examples
///
/// ```
/// use sockeye::{ErrorKind, tls::{ClientTls, TlsVersion}};
///
/// let tls = ClientTls::new().min_version(TlsVersion::Tls13).alpn(["imap"]);
/// assert_eq!(tls, tls.clone());
/// assert_eq!(tls.add_ca_file("no-such.pem").unwrap_err().kind(), ErrorKind::NotFound);
/// ```
#[derive(Clone)]
#[must_use]
pub struct ClientTls(Arc<Shared>);

struct Shared {
    settings: Settings,
    /// Made when it is first needed: the system's list takes some milliseconds.
    made: OnceLock<Arc<ClientConfig>>,
}

impl ClientTls {
    /// Trusts whom the system trusts.
    ///
    /// On Linux these are the authorities in the usual files (`/etc/ssl/certs` and its like), or those that
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` name; on macOS the keychain's. If there are none, the first connection
    /// fails and says so.
    ///
    /// If the environment has `SSLKEYLOGFILE`, the secrets of every connection are appended to that file, for
    /// Wireshark: whoever reads it reads the connections. `curl` and Python do the same.
    ///
    /// Python: `ssl.create_default_context`.
    #[doc(alias = "create_default_context")]
    pub fn new() -> ClientTls {
        ClientTls::of(Settings::default())
    }

    /// Trusts these authorities too: a file with one certificate or more in PEM. A server's own certificate may be
    /// among them, a self-signed one for instance; it still has to be for the name and for today.
    ///
    /// Python: `SSLContext.load_verify_locations(cafile)`.
    ///
    /// # Errors
    ///
    /// When it can't be read, or holds no certificate.
    #[doc(alias = "load_verify_locations")]
    pub fn add_ca_file(self, path: impl AsRef<Path>) -> Result<ClientTls> {
        let path = path.as_ref();
        let pem = material::read(path)?;
        self.add_ca_pem(&pem).map_err(|error| named(error, path))
    }

    /// [`add_ca_file`](Self::add_ca_file) from memory.
    ///
    /// Python: `SSLContext.load_verify_locations(cadata)`.
    ///
    /// # Errors
    ///
    /// When it holds no certificate.
    pub fn add_ca_pem(self, pem: &[u8]) -> Result<ClientTls> {
        let certificates = material::certificates(pem)?;
        Ok(self.with(|settings| settings.authorities.extend(certificates)))
    }

    /// [`add_ca_file`](Self::add_ca_file) from one certificate in DER.
    ///
    /// # Errors
    ///
    /// When it isn't a certificate.
    pub fn add_ca_der(self, der: &[u8]) -> Result<ClientTls> {
        let certificate = material::certificate(der.to_vec().into())?;
        Ok(self.with(|settings| settings.authorities.push(certificate)))
    }

    /// Trusts the added authorities alone, and not the system's.
    pub fn without_system_authorities(self) -> ClientTls {
        self.with(|settings| settings.trust = Trust::Added)
    }

    /// Refuses what these lists revoke: a file with one CRL or more in PEM. A certificate whose issuer has no list
    /// here counts as not revoked. Lists aren't fetched, and OCSP isn't asked.
    ///
    /// Python: `SSLContext.load_verify_locations` with `verify_flags = VERIFY_CRL_CHECK_CHAIN`.
    ///
    /// # Errors
    ///
    /// When it can't be read, or holds no list.
    pub fn add_crl_file(self, path: impl AsRef<Path>) -> Result<ClientTls> {
        let path = path.as_ref();
        let lists = material::revocations(&material::read(path)?).map_err(|error| named(error, path))?;
        Ok(self.with(|settings| settings.revocations.extend(lists)))
    }

    /// Shows this certificate to servers that ask for one: a file with the chain in PEM, its own certificate first,
    /// and one with the key (PKCS #8, PKCS #1 or SEC 1; not encrypted). They may be the same file.
    ///
    /// Python: `SSLContext.load_cert_chain`.
    ///
    /// # Errors
    ///
    /// When one can't be read, the key is encrypted, or the two don't belong together.
    pub fn load_cert_chain(self, certfile: impl AsRef<Path>, keyfile: impl AsRef<Path>) -> Result<ClientTls> {
        let (certfile, keyfile) = (certfile.as_ref(), keyfile.as_ref());
        let (chain, key) = (material::read(certfile)?, material::read(keyfile)?);
        self.cert_chain_pem(&chain, &key)
            .map_err(|error| error.context(format!("use {} and {}", certfile.display(), keyfile.display())))
    }

    /// [`load_cert_chain`](Self::load_cert_chain) from memory.
    ///
    /// # Errors
    ///
    /// When the key is encrypted, or the two don't belong together.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::{ErrorKind, tls::ClientTls};
    /// let error = ClientTls::new().cert_chain_pem(b"", b"").unwrap_err();
    /// assert!(error.to_string().contains("BEGIN CERTIFICATE"));
    /// ```
    pub fn cert_chain_pem(self, chain: &[u8], key: &[u8]) -> Result<ClientTls> {
        let identity = Arc::new(material::identity(chain, key, &provider())?);
        Ok(self.with(|settings| settings.identity = Some(identity)))
    }

    /// Accepts only servers with this public key, or another one that is pinned: the SHA-256 of their certificate's
    /// SubjectPublicKeyInfo in DER. Everything else is checked as well.
    ///
    /// `openssl x509 -in CERT -noout -pubkey | openssl pkey -pubin -outform der | sha256sum` prints it, and so does
    /// the error for a key that isn't pinned.
    pub fn pin_sha256(self, key: [u8; 32]) -> ClientTls {
        self.with(|settings| settings.pins.push(key))
    }

    /// Speaks no older version. Default is [`TlsVersion::Tls12`].
    ///
    /// Python: `SSLContext.minimum_version`.
    #[doc(alias = "minimum_version")]
    pub fn min_version(self, version: TlsVersion) -> ClientTls {
        self.with(|settings| settings.min_version = version)
    }

    /// Offers these protocols, the best one first (RFC 7301). Default is none; requests for `https:` URLs then offer
    /// `http/1.1`.
    ///
    /// Python: `SSLContext.set_alpn_protocols`.
    #[doc(alias = "set_alpn_protocols")]
    pub fn alpn<P: AsRef<[u8]>>(self, protocols: impl IntoIterator<Item = P>) -> ClientTls {
        let protocols = protocols.into_iter().map(|protocol| protocol.as_ref().to_vec()).collect();
        self.with(|settings| settings.alpn = protocols)
    }

    /// Asks for this server, and checks its certificate for this name, whatever name was connected to. Default is the
    /// name that was connected to.
    ///
    /// Python: `SSLContext.wrap_socket(server_hostname=…)`.
    ///
    /// # Errors
    ///
    /// When it is neither a host's name nor an IP address.
    #[doc(alias = "server_hostname")]
    pub fn server_name(self, name: &str) -> Result<ClientTls> {
        let name = parse_name(name)?;
        Ok(self.with(|settings| settings.name = Some(name)))
    }

    /// Doesn't tell the server which name is asked for (SNI, RFC 6066): it stands in the clear. Default is to tell,
    /// and a server with several sites needs it. The certificate is checked either way.
    pub fn without_sni(self) -> ClientTls {
        self.with(|settings| settings.sni = Sni::Hidden)
    }

    /// How many sessions are kept in memory, 8 for each server, to be resumed by later connections; at most 65,536.
    /// Default is 256, those of 32 servers; 0 keeps none.
    pub fn sessions(self, sessions: usize) -> ClientTls {
        self.with(|settings| settings.sessions = sessions)
    }

    /// Accepts any certificate, of anybody, for any name: whoever sits in between can read and change everything.
    /// Only for tests. To trust one self-signed certificate, use [`add_ca_file`](Self::add_ca_file).
    ///
    /// Keys that are [pinned](Self::pin_sha256) are checked still. Connections that were made like this are never
    /// used for requests with another configuration.
    ///
    /// Python: `verify_mode = CERT_NONE` and `check_hostname = False`.
    #[doc(alias = "verify_mode")]
    #[doc(alias = "check_hostname")]
    pub fn dangerous_accept_any_certificate(self) -> ClientTls {
        self.with(|settings| settings.trust = Trust::Anybody)
    }

    /// Whom the server has to be.
    pub(super) fn name_for(&self, host: &str) -> Result<ServerName<'static>> {
        self.0.settings.name.clone().map_or_else(|| parse_name(host), Ok)
    }

    /// What rustls goes by. A failure isn't kept: authorities may be installed meanwhile.
    pub(super) fn rustls(&self) -> Result<Arc<ClientConfig>> {
        if let Some(made) = self.0.made.get() {
            return Ok(made.clone());
        }
        let made = Arc::new(self.0.settings.make()?);
        Ok(self.0.made.get_or_init(|| made).clone())
    }

    fn of(settings: Settings) -> ClientTls {
        ClientTls(Arc::new(Shared { settings, made: OnceLock::new() }))
    }

    fn with(&self, change: impl FnOnce(&mut Settings)) -> ClientTls {
        let mut settings = self.0.settings.clone();
        change(&mut settings);
        ClientTls::of(settings)
    }
}

impl Default for ClientTls {
    fn default() -> ClientTls {
        ClientTls::new()
    }
}

impl PartialEq for ClientTls {
    fn eq(&self, other: &ClientTls) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for ClientTls {}

/// Without the key.
impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.settings.fmt(f)
    }
}

/// A name, or an address with or without brackets.
fn parse_name(host: &str) -> Result<ServerName<'static>> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    ServerName::try_from(bare.to_owned()).map_err(|_| {
        let message =
            format!("{host:?} is no name that a certificate can be checked for: set ClientTls::server_name");
        Error::new(ErrorKind::InvalidInput, message)
    })
}

fn named(error: Error, path: &Path) -> Error {
    error.context(format!("use {}", path.display()))
}
