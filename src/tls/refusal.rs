//! What rustls says, in words that tell which certificate it was, why, and what to do.

use std::cell::RefCell;

use rustls::{
    AlertDescription as Alert, CertificateError, Error as TlsError, OtherError,
    pki_types::{CertificateDer, UnixTime},
};

use super::{
    certificate::{Summary, date},
    verify::NotPinned,
};
use crate::error::{Error, ErrorKind};

thread_local! {
    /// The chain that the verifier refused last on this thread: rustls' errors don't carry it. The verifier runs
    /// inside the handshake's call, which takes it out at once.
    static REFUSED: RefCell<Option<Chain>> = const { RefCell::new(None) };
}

/// Certificates as they were presented, the server's own first.
pub(super) type Chain = Vec<CertificateDer<'static>>;

/// Keeps the chain for the error's text.
pub(super) fn remember(end_entity: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) {
    let chain = std::iter::once(end_entity).chain(intermediates);
    REFUSED.set(Some(chain.map(|certificate| certificate.clone().into_owned()).collect()));
}

pub(super) fn forget() {
    REFUSED.set(None);
}

pub(super) fn recall() -> Option<Chain> {
    REFUSED.take()
}

/// The error for a user.
pub(super) fn refused(error: TlsError, chain: Option<Chain>) -> Error {
    match error {
        TlsError::InvalidCertificate(why) => Error::new(ErrorKind::Certificate, of_certificate(&why, chain)),
        TlsError::NoCertificatesPresented => {
            Error::new(ErrorKind::Certificate, "the server presented no certificate")
        }
        TlsError::AlertReceived(alert) => {
            Error::new(ErrorKind::Protocol, format!("the peer said {alert:?}{}", of_alert(alert)))
        }
        TlsError::InvalidMessage(_) => {
            let message = "what the peer sent isn't TLS: perhaps that port speaks plain text";
            Error::with_source(ErrorKind::Protocol, message, error)
        }
        TlsError::NoApplicationProtocol => Error::new(
            ErrorKind::Protocol,
            "the server speaks none of the protocols that were offered (ALPN)",
        ),
        TlsError::EncryptError => {
            let message = "so much was sent that the keys are used up: connect again";
            Error::new(ErrorKind::Protocol, message)
        }
        error => Error::with_source(ErrorKind::Protocol, "TLS broke", error),
    }
}

fn of_alert(alert: Alert) -> &'static str {
    match alert {
        Alert::HandshakeFailure => ": it accepts no version, cipher or certificate of what it was offered",
        Alert::ProtocolVersion => ": it speaks no version of TLS that is allowed here",
        Alert::CertificateRequired => ": it wants a client's certificate (ClientTls::load_cert_chain)",
        Alert::NoCertificate | Alert::BadCertificate | Alert::UnsupportedCertificate => {
            ": it doesn't accept the client's certificate"
        }
        Alert::CertificateRevoked | Alert::CertificateExpired | Alert::CertificateUnknown => {
            ": it doesn't accept the client's certificate"
        }
        Alert::UnknownCA => ": it doesn't know who issued the client's certificate",
        Alert::AccessDenied => ": the client's certificate is valid, but isn't let in",
        Alert::UnrecognisedName => ": it has no site of that name",
        Alert::NoApplicationProtocol => ": it speaks none of the protocols that were offered (ALPN)",
        _ => "",
    }
}

fn of_certificate(why: &CertificateError, chain: Option<Chain>) -> String {
    let chain: Vec<_> = chain.iter().flatten().filter_map(|der| Summary::of(der)).collect();
    let own = chain.first().map_or_else(|| "of the server".to_owned(), Summary::to_string);
    match why {
        CertificateError::ExpiredContext { not_after, .. } => {
            let which = chain.iter().find(|summary| summary.not_after == seconds(*not_after));
            format!(
                "the certificate {} expired on {}: its owner has to renew it, or this machine's clock is wrong",
                which.map_or(own, Summary::to_string),
                date(seconds(*not_after))
            )
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            let which = chain.iter().find(|summary| summary.not_before == seconds(*not_before));
            format!(
                "the certificate {} isn't valid before {}: perhaps this machine's clock is wrong",
                which.map_or(own, Summary::to_string),
                date(seconds(*not_before))
            )
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names = if presented.is_empty() { "no name at all".to_owned() } else { listed(presented) };
            format!("the certificate {own} isn't for {:?} but for {names}", expected.to_str())
        }
        CertificateError::UnknownIssuer => unknown_issuer(&chain, &own),
        CertificateError::Revoked if chain.len() > 1 => {
            format!("the certificate {own}, or one above it, was revoked")
        }
        CertificateError::Revoked => format!("the certificate {own} was revoked"),
        CertificateError::InvalidPurposeContext { .. } => {
            format!("the certificate {own} isn't made for servers: it lacks the purpose serverAuth")
        }
        CertificateError::BadEncoding => "the certificate of the server can't be read".to_owned(),
        CertificateError::Other(OtherError(why)) if why.is::<NotPinned>() => {
            format!("the certificate {own} isn't accepted: {why}")
        }
        // webpki says of one that is an authority that it is no server's, before it looks whether it is trusted.
        CertificateError::Other(_) if chain.len() == 1 && chain[0].self_issued => {
            unknown_issuer(&chain, &own)
        }
        CertificateError::Other(OtherError(why)) => format!("the certificate {own} isn't accepted: {why}"),
        other => format!("the certificate {own} isn't accepted: {other}"),
    }
}

fn unknown_issuer(chain: &[Summary], own: &str) -> String {
    let Some(last) = chain.last() else {
        return "the certificate of the server is of an unknown issuer".to_owned();
    };
    if chain.len() == 1 && last.self_issued {
        return format!(
            "the certificate {own} isn't trusted: if it should be, name it with ClientTls::add_ca_file"
        );
    }
    let which = if last.self_issued { &last.subject } else { &last.issuer };
    format!(
        "the certificate {own} leads to {which:?}, which isn't trusted: name that authority's certificate with \
         ClientTls::add_ca_file, or have the server send the certificates between"
    )
}

/// `"a.example", "b.example" and 7 more`; rustls-webpki gives `DnsName("a.example")`.
fn listed(presented: &[String]) -> String {
    const SHOWN: usize = 5;
    const LENGTH: usize = 80;
    let bare = |name: &String| {
        let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
        let inner: String = inner.trim_matches('"').chars().take(LENGTH).collect();
        format!("{inner:?}")
    };
    let mut text = presented.iter().take(SHOWN).map(bare).collect::<Vec<_>>().join(", ");
    if presented.len() > SHOWN {
        text.push_str(&format!(" and {} more", presented.len() - SHOWN));
    }
    text
}

fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}
