//! [`TlsInfo`]: what two sides agreed on, and [`TlsVersion`].

use std::fmt;

use rustls::{CommonState, HandshakeKind, ProtocolVersion};

/// A version of TLS that is offered. Older ones are broken (RFC 8996), and not here.
///
/// Python: `ssl.TLSVersion`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// `TLSv1.3`, as Python spells it.
impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TlsVersion::Tls12 => "TLSv1.2",
            TlsVersion::Tls13 => "TLSv1.3",
        })
    }
}

/// What the two sides of a connection agreed on: from [`Client::tls`](crate::client::Client::tls).
///
/// Python: the methods of `ssl.SSLSocket` of the same names.
#[derive(Clone, Debug)]
pub struct TlsInfo {
    version: TlsVersion,
    cipher: String,
    alpn: Option<Vec<u8>>,
    chain: Vec<Vec<u8>>,
    resumed: bool,
}

impl TlsInfo {
    pub(super) fn of(conn: &CommonState) -> TlsInfo {
        let chain = conn.peer_certificates().unwrap_or_default();
        TlsInfo {
            version: match conn.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => TlsVersion::Tls13,
                _ => TlsVersion::Tls12,
            },
            cipher: conn
                .negotiated_cipher_suite()
                .map(|suite| format!("{:?}", suite.suite()))
                .unwrap_or_default(),
            alpn: conn.alpn_protocol().map(<[u8]>::to_vec),
            chain: chain.iter().map(|certificate| certificate.to_vec()).collect(),
            resumed: conn.handshake_kind() == Some(HandshakeKind::Resumed),
        }
    }

    /// The version.
    ///
    /// Python: `SSLSocket.version`.
    #[must_use]
    pub fn version(&self) -> TlsVersion {
        self.version
    }

    /// The cipher suite's name, such as `TLS13_AES_256_GCM_SHA384`.
    ///
    /// Python: `SSLSocket.cipher`.
    #[must_use]
    pub fn cipher(&self) -> &str {
        &self.cipher
    }

    /// The protocol that the server chose of those in [`ClientTls::alpn`](super::ClientTls::alpn), if it did.
    ///
    /// Python: `SSLSocket.selected_alpn_protocol`.
    #[doc(alias = "selected_alpn_protocol")]
    #[must_use]
    pub fn alpn(&self) -> Option<&[u8]> {
        self.alpn.as_deref()
    }

    /// The peer's certificates in DER, its own first. One that was [dangerously
    /// accepted](super::ClientTls::dangerous_accept_any_certificate) is here unchecked.
    ///
    /// Python: `SSLSocket.getpeercert(binary_form=True)`, which gives the first alone.
    #[doc(alias = "getpeercert")]
    pub fn certificates(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.chain.iter().map(Vec::as_slice)
    }

    /// Whether it went on where an earlier connection stopped: less to send and to compute.
    ///
    /// Python: `SSLSocket.session_reused`.
    #[doc(alias = "session_reused")]
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }
}
