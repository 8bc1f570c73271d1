//! A connection to a server by way of a proxy: CONNECT (RFC 9110 §9.3.6), or SOCKS.
//!
//! One deadline covers all of it, each answer of the proxy has a limit, and nothing that it sends before its time
//! counts as the server's.

use std::{io::Read, net::IpAddr};

use ::http::Method;

use super::{
    body::WireBody,
    connection::{Connection, Wait},
    dialling::Dialling,
    receive::{Answer, Listener, Silence},
    send::PROXY_AUTHORIZATION_FIELD,
    socks::{Handshake, SocksError, Step, Target, Version},
};
#[cfg(feature = "tls")]
use crate::tls::ClientTls;
use crate::{
    error::{Error, ErrorKind, Result},
    socket::Buffer,
    stream::Stream,
    urllib::{
        Proxy, Response,
        proxy::{ProxyKind, Shown},
        response::Body,
        term::Term,
    },
    wire::{limits::Limits, write},
};

/// How much of what a proxy says of a refusal can be read.
const EXPLANATION: u64 = 64 * 1024;

/// To so many addresses of a name a SOCKS proxy is asked to connect, one after the other.
const ATTEMPTS: usize = 8;

/// A proxy, and what it is shown of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Via {
    pub(super) proxy: Proxy,
    pub(super) shown: Shown,
    /// How TLS is spoken with it, if it is.
    #[cfg(feature = "tls")]
    pub(super) tls: Option<ClientTls>,
}

impl Via {
    /// Connects to the proxy itself.
    pub(super) fn reach(&self, dialling: Dialling<'_>) -> Result<Stream> {
        self.dial(dialling).map_err(|error| error.context(format!("reach the proxy {}", self.proxy)))
    }

    /// Has the proxy connect to that server.
    pub(super) fn open(&self, host: &str, port: u16, dialling: Dialling<'_>) -> Result<Stream> {
        let place = Place { host, port };
        let (version, named) = match self.proxy.kind() {
            ProxyKind::Socks4 => (Version::V4, Named::Here),
            ProxyKind::Socks4a => (Version::V4, Named::There),
            ProxyKind::Socks5 => (Version::V5, Named::Here),
            ProxyKind::Socks5h => (Version::V5, Named::There),
            _ => return self.connect(place, dialling),
        };
        match (host.parse::<IpAddr>(), named) {
            (Ok(ip), _) => self.socks((version, Target::Address(ip, port)), place, dialling),
            (Err(_), Named::There) => self.socks((version, Target::Name(host, port)), place, dialling),
            (Err(_), Named::Here) => self.socks_by_address(version, place, dialling),
        }
    }

    fn dial(&self, dialling: Dialling<'_>) -> Result<Stream> {
        let stream = dialling.connect(self.proxy.host(), self.proxy.port(), || ())?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return dialling.secure(stream, self.proxy.host(), tls);
        }
        Ok(stream)
    }

    /// By CONNECT.
    fn connect(&self, place: Place<'_>, dialling: Dialling<'_>) -> Result<Stream> {
        let Dialling { term, cancel, wait, .. } = dialling;
        let mut conn = Connection::new(self.reach(dialling)?, cancel.cloned());
        // One limit for all of it, as for connecting.
        let answer = self.ask(&mut conn, place, Wait { term, each: None });
        let answer = answer.map_err(|error| error.context(self.asking(place)))?;
        if !answer.head.status.is_success() {
            return Err(self.refused(place, answer, (conn, wait)));
        }
        match conn.input.bytes().len() {
            0 => Ok(conn.into_parts().0),
            early => {
                let message = format!("it sent {early} bytes before anybody used the tunnel");
                Err(Error::new(ErrorKind::Protocol, message).context(self.asking(place)))
            }
        }
    }

    fn ask(&self, conn: &mut Connection, place: Place<'_>, wait: Wait) -> Result<Answer> {
        let target = place.to_string();
        write::request_line(&mut conn.output, &Method::CONNECT, &target)?;
        write::field(&mut conn.output, "Host", target.as_bytes())?;
        if let Some(value) = self.shown.value() {
            write::field(&mut conn.output, PROXY_AUTHORIZATION_FIELD, value.as_bytes())?;
        }
        write::end(&mut conn.output);
        conn.send_output(wait)?;
        let mut listener = Listener::new(&Method::CONNECT, &Limits::DEFAULT);
        listener.answer(conn, wait, None).map_err(Silence::into_error)
    }

    /// An error that holds the proxy's answer.
    fn refused(&self, place: Place<'_>, answer: Answer, (conn, wait): (Connection, Wait)) -> Error {
        let body = WireBody::new(Box::new(conn), answer.framing, None, wait);
        let response = Response::from_wire(answer.head, self.proxy.url().clone().into(), Body::wire(body));
        let response = response.map_body(|body| body.take(EXPLANATION));
        let message = format!("{} failed: {}", self.asking(place), response.status_line());
        Error::new(ErrorKind::Proxy, message).with_payload(response)
    }

    /// The name is looked up here; its addresses are tried in turn, each on a connection of its own.
    fn socks_by_address(&self, version: Version, place: Place<'_>, dialling: Dialling<'_>) -> Result<Stream> {
        let found = dialling.addresses_of(place.host, place.port)?;
        let mut first = None;
        for address in found.filter(|a| version == Version::V5 || a.is_ipv4()).take(ATTEMPTS) {
            let target = Target::Address(address.ip().to_canonical(), place.port);
            match self.socks((version, target), place, dialling) {
                Err(error) if error.payload().copied().is_some_and(SocksError::is_about_the_address) => {
                    first.get_or_insert(error);
                }
                outcome => return outcome,
            }
        }
        Err(first.unwrap_or_else(|| {
            let message = format!("{} has no IPv4 address, and SOCKS4 takes no other", place.host);
            Error::new(ErrorKind::UnknownHost, message).context(self.asking(place))
        }))
    }

    /// By SOCKS.
    fn socks(
        &self,
        (version, target): (Version, Target<'_>),
        place: Place<'_>,
        dialling: Dialling<'_>,
    ) -> Result<Stream> {
        let stream = self.reach(dialling)?;
        let named = |error: Error| error.context(self.asking(place));
        let mut handshake =
            Handshake::new(version, target, self.proxy.login()).map_err(|e| named(e.into()))?;
        shake_hands(&stream, &mut handshake, dialling.term).map_err(named)?;
        Ok(stream)
    }

    fn asking(&self, place: Place<'_>) -> String {
        format!("ask the proxy {} to connect to {place}", self.proxy)
    }
}

/// What is to be connected to.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// A name, or an address without brackets.
    host: &'a str,
    port: u16,
}

/// Who looks names up.
#[derive(Clone, Copy)]
enum Named {
    Here,
    There,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

fn shake_hands(stream: &Stream, handshake: &mut Handshake<'_>, term: Term) -> Result<()> {
    let (mut input, late) = (Buffer::default(), |error| term.named(error));
    loop {
        let (taken, step) = handshake.step(input.bytes())?;
        input.consume(taken);
        match step {
            Step::Send(bytes) => stream.write_all_by(&bytes, term.deadline()).map_err(late)?,
            Step::Receive => {
                // Where a byte is always there, nobody else looks at the clock.
                term.check()?;
                match stream.read_by(input.room(), term.deadline()).map_err(late)? {
                    0 => return Err(Error::new(ErrorKind::UnexpectedEof, "it closed the connection")),
                    n => input.filled(n),
                }
            }
            Step::Open if input.is_empty() => return Ok(()),
            Step::Open => {
                let message = "it sent more bytes before anybody used the connection";
                return Err(Error::new(ErrorKind::Protocol, message));
            }
        }
    }
}
