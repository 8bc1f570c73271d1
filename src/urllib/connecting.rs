//! How an opener makes connections: whose addresses it takes, and what its sockets are like.
//!
//! All of it holds for every connection of the opener, to proxies as well; so it is no part of a route, and a kept
//! connection is never one that was made otherwise. For Unix sockets none of it holds.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use url::Host;

use super::OpenerBuilder;
use crate::{
    error::Result,
    socket::{Address, Known, Prepare, Socket},
};

impl OpenerBuilder {
    /// Sends all requests to whoever listens at that Unix socket, instead of to their URLs' hosts, as
    /// [`Request::unix_socket`](super::Request::unix_socket) does; one that has a proxy or a socket of its own keeps to
    /// it. Default is the URLs' hosts.
    ///
    /// ```
    /// # use sockeye::http::{HttpServer, StatusCode, handler};
    /// use sockeye::urllib::build_opener;
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("docker.sock");
    /// # let server = HttpServer::bind(&path)?.spawn(handler(|request, response| {
    /// #     response.send_response(StatusCode::OK).body(request.target().to_owned())
    /// # }))?;
    /// let docker = build_opener().unix_socket(&path).build();
    /// assert_eq!(docker.open("http://localhost/v1.43/info")?.text()?, "/v1.43/info");
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn unix_socket(mut self, path: impl AsRef<Path>) -> OpenerBuilder {
        let path = path.as_ref();
        match Address::from_pathname(path) {
            Ok(_) => self.unix = Some(path.to_owned()),
            Err(error) => self.refuse(error.to_string()),
        }
        self
    }

    /// Finds the addresses of names by that function instead of asking the system. It gets the name, the port, and the
    /// time that is left, which it has to keep: it runs in the thread that opens the request. Its addresses are tried
    /// by Happy Eyeballs (RFC 8305); none is [`UnknownHost`](crate::ErrorKind::UnknownHost). It isn't asked for literal
    /// addresses, nor while a connection is kept. Default is the system's resolver.
    ///
    /// Python: none. ureq and reqwest have a trait for it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::net::Ipv4Addr;
    /// use sockeye::urllib::build_opener;
    ///
    /// # use sockeye::http::{HttpServer, StatusCode, handler};
    /// # fn main() -> sockeye::Result<()> {
    /// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(handler(|request, response| {
    /// #     let host = request.header("host").unwrap_or_default().to_owned();
    /// #     response.send_response(StatusCode::OK).body(host)
    /// # }))?;
    /// # let port = server.addr().port().unwrap();
    /// let opener = build_opener().resolver(|_name, port, _left| Ok(vec![(Ipv4Addr::LOCALHOST, port).into()])).build();
    /// let page = opener.open(format!("http://box.internal:{port}/"))?.text()?;
    /// assert_eq!(page, format!("box.internal:{port}"));
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn resolver(
        mut self,
        find: impl Fn(&str, u16, Option<Duration>) -> Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> OpenerBuilder {
        self.dialler_mut().finder = Some(Arc::new(find));
        self
    }

    /// Takes these addresses for `host:port`, without asking any resolver; the ports may be others. The header `Host`
    /// and TLS still go by the URL. May be called for several places; the first word on one holds. A place that is
    /// none, or has no addresses, makes every [`Opener::open`](super::Opener::open) fail. Default is none.
    ///
    /// Python: none. `curl --resolve`, `--connect-to`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::urllib::build_opener;
    ///
    /// # use sockeye::http::{HttpServer, StatusCode, handler};
    /// # fn main() -> sockeye::Result<()> {
    /// # let hello = handler(|_request, response| response.send_response(StatusCode::OK).body("the new server"));
    /// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(hello)?;
    /// # let address = server.addr().as_socket_addr().unwrap();
    /// let opener = build_opener().resolve("example.org:80", [address]).build();
    /// assert_eq!(opener.open("http://example.org/")?.text()?, "the new server");
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn resolve(mut self, place: &str, addresses: impl IntoIterator<Item = SocketAddr>) -> OpenerBuilder {
        let addresses: Vec<_> = addresses.into_iter().collect();
        match parse(place) {
            Some((host, port)) if !addresses.is_empty() => {
                self.dialler_mut().known.push(Known { host, port, addresses });
            }
            Some(_) => self.refuse(format!("no addresses to take for {place:?}")),
            None => self.refuse(format!("{place:?} isn't host:port")),
        }
        self
    }

    /// The address of this end of connections: of a machine with several, one. Only addresses of its family are tried.
    /// Default is what the system chooses.
    ///
    /// Python: `source_address` of `http.client.HTTPConnection`. `curl --interface`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::net::Ipv4Addr;
    /// use sockeye::urllib::build_opener;
    ///
    /// # use sockeye::http::{HttpServer, StatusCode, handler};
    /// # fn main() -> sockeye::Result<()> {
    /// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(handler(|request, response| {
    /// #     let peer = request.peer().ip().unwrap().to_string();
    /// #     response.send_response(StatusCode::OK).body(peer)
    /// # }))?;
    /// # let url = format!("http://{}/", server.addr());
    /// let opener = build_opener().source_address(Ipv4Addr::LOCALHOST).build();
    /// assert_eq!(opener.open(&url)?.text()?, "127.0.0.1");
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn source_address(mut self, source: impl Into<IpAddr>) -> OpenerBuilder {
        self.dialler_mut().source = Some(source.into());
        self
    }

    /// Calls that function with every new socket before it is bound and connected, for whatever option there is:
    /// `SO_MARK`, `SO_BINDTODEVICE` for an interface, `TCP_USER_TIMEOUT`, buffers. An error of it is that attempt's.
    /// Default is none; `TCP_NODELAY` is set in any case.
    ///
    /// Python: none in urllib; `socket_options` of urllib3. curl: `CURLOPT_SOCKOPTFUNCTION`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{socket::{SO_KEEPALIVE, SOL_SOCKET}, urllib::build_opener};
    ///
    /// # use sockeye::http::{HttpServer, StatusCode, handler};
    /// # fn main() -> sockeye::Result<()> {
    /// # let hello = handler(|_request, response| response.send_response(StatusCode::OK).body("hello"));
    /// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(hello)?;
    /// # let url = format!("http://{}/", server.addr());
    /// let opener = build_opener().prepare_socket(|socket| socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, true)).build();
    /// assert_eq!(opener.open(&url)?.text()?, "hello");
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn prepare_socket(
        mut self,
        prepare: impl Fn(&Socket) -> Result<()> + Send + Sync + 'static,
    ) -> OpenerBuilder {
        self.dialler_mut().prepare = Some(Prepare(Arc::new(prepare)));
        self
    }
}

/// `host:port`, with the host as a URL has it.
fn parse(place: &str) -> Option<(String, u16)> {
    let (host, port) = place.rsplit_once(':')?;
    let host = match Host::parse(host).ok()? {
        Host::Ipv6(address) => address.to_string(),
        host => host.to_string(),
    };
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    Some((host, port.parse().ok().filter(|_| digits)?))
}
