//! [`Endpoint`]: where to listen or connect, as one string of a configuration.

mod text;

use std::{net::IpAddr, path::PathBuf, time::Duration};

use crate::{
    error::{Error, ErrorKind, Result},
    socket::{AF_INET, AF_INET6, AF_UNSPEC, ConnectOptions, Family, ListenOptions},
};

use super::{ConnectionId, Connector, Deferred, Factory, ListeningPort, Reactor};
use text::Words;

/// Where to listen or to connect.
///
/// | text | [`listen`](Self::listen) | [`connect`](Self::connect) |
/// |---|---|---|
/// | `tcp:8080` | on every address | |
/// | `tcp:8080:interface=127.0.0.1` | there alone | |
/// | `tcp:example.org:80`, `tcp:host=example.org:port=80` | on that host's address | there |
/// | `tcp6:8080`, `tcp4:8080` | by that family alone | |
/// | `unix:/run/x.sock`, `unix:path=/run/x.sock` | there | there |
///
/// More of TCP: `backlog=` for who listens; `timeout=` (seconds, 30 by default) and `bindAddress=` for who connects. A
/// backslash takes the meaning from a colon, an equals sign or a backslash: `tcp:8080:interface=\:\:1`; see
/// [`quote`](Self::quote).
///
/// Twisted: `serverFromString`, `clientFromString`, and the classes that they make.
///
/// # Examples
///
/// ```
/// use sockeye::reactor::{Endpoint, Protocol, Reactor, Transport, factory};
///
/// struct Echo;
/// impl Protocol for Echo {
///     fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
///         transport.write(data);
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let port = Endpoint::parse("tcp:0:interface=127.0.0.1")?.listen(&mut reactor, factory(|_| Echo))?;
///
/// let server = Endpoint::parse(&format!("tcp:{}", port.host()))?;
/// let connection = server.connect(&mut reactor, factory(|_| Echo))?.wait(&mut reactor)?;
/// assert!(reactor.transport(connection).is_some());
/// assert!(Endpoint::parse("tcp:http").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    place: Place,
    backlog: Option<i32>,
    timeout: Duration,
    source: Option<IpAddr>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// Without a host, every address of this machine: nobody connects there.
    Tcp {
        host: Option<String>,
        port: u16,
        family: Family,
    },
    Unix(PathBuf),
}

impl Endpoint {
    /// A host's port.
    #[must_use]
    pub fn tcp(host: impl Into<String>, port: u16) -> Endpoint {
        Endpoint::at(Place::Tcp { host: Some(host.into()), port, family: AF_UNSPEC })
    }

    /// A Unix socket.
    #[must_use]
    pub fn unix(path: impl Into<PathBuf>) -> Endpoint {
        Endpoint::at(Place::Unix(path.into()))
    }

    fn at(place: Place) -> Endpoint {
        Endpoint { place, backlog: None, timeout: Duration::from_secs(30), source: None }
    }

    /// Reads a description.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput), with what is wrong.
    pub fn parse(text: &str) -> Result<Endpoint> {
        let named = |error: Error| error.context(format!("read the endpoint {text:?}"));
        let mut words = Words::parse(text).map_err(named)?;
        let read = |words: &mut Words| {
            let family = match words.kind.as_str() {
                "tcp" => AF_UNSPEC,
                "tcp4" => AF_INET,
                "tcp6" => AF_INET6,
                "unix" => return Endpoint::parse_unix(words),
                other => return Err(wrong(format!("there is no kind {other:?}: tcp, tcp4, tcp6, unix"))),
            };
            Endpoint::parse_tcp(words, family)
        };
        let endpoint = read(&mut words).map_err(named)?;
        words.finish().map_err(named)?;
        Ok(endpoint)
    }

    fn parse_unix(words: &mut Words) -> Result<Endpoint> {
        let path = words.named(&["path", "address"]).or_else(|| words.next());
        let path = path.filter(|path| !path.is_empty()).ok_or_else(|| wrong("the path is missing"))?;
        let mut endpoint = Endpoint::unix(path);
        endpoint.parse_common(words)?;
        Ok(endpoint)
    }

    fn parse_tcp(words: &mut Words, family: Family) -> Result<Endpoint> {
        let (host, port) = (words.named(&["host", "interface"]), words.named(&["port"]));
        let (host, port) = match (host, port, words.next(), words.next()) {
            (host, Some(port), None, None) => (host, port),
            (None, Some(port), Some(host), None) => (Some(host), port),
            (host, None, Some(port), None) => (host, port),
            // `tcp:8080:127.0.0.1` for who listens, `tcp:127.0.0.1:8080` for who connects; an address in full.
            (None, None, Some(port), Some(host)) if is_port(&port) && !is_port(&host) => (Some(host), port),
            (None, None, Some(host), Some(port)) => (Some(host), port),
            _ => return Err(wrong("a port is wanted, and at most one host")),
        };
        if !is_port(&port) {
            return Err(wrong(format!("{port:?} isn't a port")));
        }
        let port = port.parse().map_err(|_| wrong(format!("{port:?} isn't a port")))?;
        let mut endpoint = Endpoint::at(Place::Tcp { host, port, family });
        endpoint.parse_common(words)?;
        Ok(endpoint)
    }

    fn parse_common(&mut self, words: &mut Words) -> Result<()> {
        if let Some(text) = words.named(&["backlog"]) {
            self.backlog = Some(text.parse().map_err(|_| wrong(format!("{text:?} isn't a backlog")))?);
        }
        if let Some(text) = words.named(&["timeout"]) {
            let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            self.timeout = seconds.ok_or_else(|| wrong(format!("{text:?} aren't seconds")))?;
        }
        if let Some(text) = words.named(&["bindAddress", "bind_address"]) {
            self.source = Some(text.parse().map_err(|_| wrong(format!("{text:?} isn't an IP address")))?);
        }
        Ok(())
    }

    /// The text with a backslash before all that means something in a description.
    ///
    /// Twisted: `quoteStringArgument`.
    ///
    /// ```
    /// use sockeye::reactor::Endpoint;
    /// assert_eq!(Endpoint::quote("::1"), "\\:\\:1");
    /// ```
    #[must_use]
    pub fn quote(text: &str) -> String {
        text::quote(text)
    }

    /// Listens there.
    ///
    /// # Errors
    ///
    /// As [`Reactor::listen_tcp`].
    pub fn listen(&self, reactor: &mut Reactor, factory: impl Factory) -> Result<ListeningPort> {
        let mut options = ListenOptions::new();
        if let Some(backlog) = self.backlog {
            options = options.backlog(backlog);
        }
        match &self.place {
            Place::Unix(path) => reactor.listen_with(&options, path.as_path(), factory),
            Place::Tcp { host, port, family } => {
                let host = host.as_deref().unwrap_or_default();
                reactor.listen_with(&options.family(*family), (host, *port), factory)
            }
        }
    }

    /// Connects there, once. The Deferred fires when the protocol was told
    /// [`connection_made`](super::Protocol::connection_made); cancelling it ends the attempt.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a description without a host. The Deferred's: as
    /// [`create_connection`](crate::socket::create_connection).
    pub fn connect(&self, reactor: &mut Reactor, factory: impl Factory) -> Result<Deferred<ConnectionId>> {
        let mut options = ConnectOptions::new().timeout(self.timeout);
        if let Some(source) = self.source {
            options = options.source_address((source, 0));
        }
        let factory = Box::new(factory);
        let connector = match &self.place {
            Place::Unix(path) => Connector::new(&options, path.as_path(), factory)?,
            Place::Tcp { host: Some(host), port, .. } => {
                Connector::new(&options, (host.as_str(), *port), factory)?
            }
            Place::Tcp { host: None, .. } => {
                return Err(wrong("an endpoint without a host is for listening"));
            }
        };
        let (deferred, mut resolver) = reactor.deferred();
        let attempt = connector.clone();
        resolver.on_cancel(move |reactor| attempt.stop_connecting(reactor));
        connector.tell(move |_, outcome| resolver.settle(outcome));
        connector.connect(reactor)?;
        Ok(deferred)
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn wrong(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

impl std::str::FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Endpoint> {
        Endpoint::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: Option<&str>, port: u16) -> Endpoint {
        Endpoint::at(Place::Tcp { host: host.map(str::to_owned), port, family: AF_UNSPEC })
    }

    #[test]
    fn what_twisted_reads() {
        let check = |text, expected: Endpoint| assert_eq!(Endpoint::parse(text).unwrap(), expected, "{text}");
        check("tcp:80", tcp(None, 80));
        check("tcp:port=80", tcp(None, 80));
        check("tcp:80:interface=127.0.0.1", tcp(Some("127.0.0.1"), 80));
        check("tcp:80:127.0.0.1", tcp(Some("127.0.0.1"), 80));
        check("tcp:www.example.com:80", tcp(Some("www.example.com"), 80));
        check("tcp:www.example.com:port=80", tcp(Some("www.example.com"), 80));
        check("tcp:host=www.example.com:port=80", tcp(Some("www.example.com"), 80));
        check(r"tcp:80:interface=\:\:1", tcp(Some("::1"), 80));
        check("tcp:[::1]:80", tcp(Some("::1"), 80));
        check("tcp:80:backlog=5", Endpoint { backlog: Some(5), ..tcp(None, 80) });
        let timed = Endpoint { timeout: Duration::from_millis(1500), ..tcp(Some("h"), 1) };
        check("tcp:h:1:timeout=1.5", timed);
        let bound = Endpoint { source: Some([127, 0, 0, 1].into()), ..tcp(Some("h"), 1) };
        check("tcp:h:1:bindAddress=127.0.0.1", bound);
        check("unix:/var/run/finger", Endpoint::unix("/var/run/finger"));
        check("unix:path=/a\\:b\\=c", Endpoint::unix("/a:b=c"));
        assert_eq!(
            Endpoint::parse(&format!("unix:{}", Endpoint::quote(r"a:b=c\d"))).unwrap(),
            Endpoint::unix(r"a:b=c\d")
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |text, expected: &str| {
            let error = Endpoint::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains(expected), "{text}: {error}");
        };
        check("", "there is no kind");
        check("udp:1", "there is no kind \"udp\"");
        check("tcp", "a port is wanted");
        check("tcp:http", "isn't a port");
        check("tcp:70000", "isn't a port");
        check("tcp:1:2:3", "more than is wanted");
        check("tcp:1:colour=red", "\"colour\"");
        check("tcp:1:timeout=soon", "aren't seconds");
        check("unix:", "the path is missing");
        check("tcp:80\\", "ends with a backslash");
    }
}
