//! Certificates of every kind, and a TLS server that isn't sockeye's own.

use std::{
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer},
    version::{TLS12, TLS13},
};

use super::PATIENCE;

/// The server's end of a connection.
pub(crate) type Secure = StreamOwned<ServerConnection, TcpStream>;

/// Somebody who issues certificates.
pub(crate) struct Authority {
    pub(crate) issuer: CertifiedIssuer<'static, KeyPair>,
    /// What stands between its certificates and the one that is trusted, in DER.
    between: Vec<CertificateDer<'static>>,
    /// The same in PEM.
    between_pem: String,
}

/// A certificate with its chain and key.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) chain_pem: String,
    /// What stands above its own certificate, in PEM.
    pub(crate) above_pem: String,
    pub(crate) key: KeyPair,
}

impl Authority {
    /// A root.
    pub(crate) fn new(name: &str) -> Authority {
        let key = KeyPair::generate().unwrap();
        Authority {
            issuer: CertifiedIssuer::self_signed(authority(name), key).unwrap(),
            between: Vec::new(),
            between_pem: String::new(),
        }
    }

    /// One that this one vouches for, changed before it is signed.
    pub(crate) fn below(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Authority {
        let mut params = authority(name);
        change(&mut params);
        let issuer = CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), &self.issuer).unwrap();
        let between = std::iter::once(issuer.der().clone()).chain(self.between.iter().cloned()).collect();
        let between_pem = issuer.pem() + &self.between_pem;
        Authority { issuer, between, between_pem }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A list of the serial numbers that it revokes, in PEM.
    pub(crate) fn revocations(&self, serials: &[u64]) -> String {
        let revoked = serials.iter().map(|&serial| RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2099, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().pem().unwrap()
    }

    /// A server's certificate.
    pub(crate) fn issue(&self, names: &[&str]) -> Identity {
        self.issue_with(names, |_| {})
    }

    /// The same, changed before it is signed.
    pub(crate) fn issue_with(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = end_entity(names);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = std::iter::once(certificate.der().clone()).chain(self.between.iter().cloned()).collect();
        Identity { chain, chain_pem: certificate.pem(), above_pem: self.between_pem.clone(), key }
    }
}

impl Identity {
    /// One that nobody vouches for.
    pub(crate) fn self_signed(names: &[&str], is_ca: IsCa) -> Identity {
        let mut params = end_entity(names);
        params.is_ca = is_ca;
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Identity {
            chain: vec![certificate.der().clone()],
            chain_pem: certificate.pem(),
            above_pem: String::new(),
            key,
        }
    }

    /// A server with this certificate, which speaks both versions and asks nobody for one.
    pub(crate) fn server(&self) -> ServerConfig {
        self.server_of(&[&TLS13, &TLS12])
    }

    pub(crate) fn server_of(&self, versions: &[&'static rustls::SupportedProtocolVersion]) -> ServerConfig {
        ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.key_der())
            .unwrap()
    }

    pub(crate) fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }
}

pub(crate) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn end_entity(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let first = names.first().cloned().unwrap_or_default();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = named(&first);
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// A TLS server on loopback that runs a function for each connection. An error of the function, or of the handshake in
/// it, just ends that connection. Dropping it ends it; a panic in it fails the test.
pub(crate) struct TlsServer {
    addr: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TlsServer {
    /// One connection after the other.
    pub(crate) fn new(
        config: ServerConfig,
        mut serve: impl FnMut(&mut Secure) -> io::Result<()> + Send + 'static,
    ) -> TlsServer {
        let config = Arc::new(config);
        TlsServer::raw(move |socket| {
            let conn = ServerConnection::new(config.clone()).unwrap();
            serve(&mut StreamOwned::new(conn, socket))
        })
    }

    /// All connections at once, counted from 0, until their clients close them.
    pub(crate) fn at_once(
        config: ServerConfig,
        serve: impl Fn(&mut Secure, usize) -> io::Result<()> + Send + Sync + 'static,
    ) -> TlsServer {
        TlsServer::at_once_on(TcpListener::bind("127.0.0.1:0").unwrap(), config, serve)
    }

    /// The same on a listener with options of its own.
    pub(crate) fn at_once_on(
        listener: TcpListener,
        config: ServerConfig,
        serve: impl Fn(&mut Secure, usize) -> io::Result<()> + Send + Sync + 'static,
    ) -> TlsServer {
        let (config, serve, mut count) = (Arc::new(config), Arc::new(serve), 0);
        TlsServer::accepting(listener, move |socket| {
            let conn = ServerConnection::new(config.clone()).unwrap();
            let (serve, number) = (serve.clone(), count);
            count += 1;
            Some(thread::spawn(move || drop(serve(&mut StreamOwned::new(conn, socket), number))))
        })
    }

    /// The same as [`new`](Self::new) below TLS.
    pub(crate) fn raw(mut serve: impl FnMut(TcpStream) -> io::Result<()> + Send + 'static) -> TlsServer {
        TlsServer::accepting(TcpListener::bind("127.0.0.1:0").unwrap(), move |socket| {
            let other = socket.try_clone().unwrap();
            let _ = serve(socket);
            let _ = other.shutdown(Shutdown::Both);
            None
        })
    }

    fn accepting(
        listener: TcpListener,
        mut serve: impl FnMut(TcpStream) -> Option<JoinHandle<()>> + Send + 'static,
    ) -> TlsServer {
        let (addr, stopping) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let stop = stopping.clone();
        let run = move || {
            let mut threads = Vec::new();
            while let Ok((socket, _)) = listener.accept() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                socket.set_nodelay(true).unwrap();
                socket.set_read_timeout(Some(PATIENCE)).unwrap();
                socket.set_write_timeout(Some(PATIENCE)).unwrap();
                threads.extend(serve(socket));
            }
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        };
        TlsServer { addr, stopping, thread: Some(thread::spawn(run)) }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `https://localhost:PORT` and the path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.addr.port())
    }

    /// `localhost` and the port.
    pub(crate) fn name(&self) -> (&'static str, u16) {
        ("localhost", self.addr.port())
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes an accept that waits for a connection that won't come.
        drop(TcpStream::connect(self.addr));
        let ended = self.thread.take().map_or(Ok(()), JoinHandle::join);
        assert!(ended.is_ok() || thread::panicking(), "the TLS server panicked");
    }
}

/// Says goodbye.
pub(crate) fn close(stream: &mut Secure) -> io::Result<()> {
    stream.conn.send_close_notify();
    while stream.conn.wants_write() {
        stream.conn.write_tls(&mut stream.sock)?;
    }
    Ok(())
}
