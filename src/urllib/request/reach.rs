//! How a request reaches its server: directly, through a proxy, or at a Unix socket.

use std::{path::Path, sync::Arc};

use ::http::header::{PROXY_AUTHORIZATION, UPGRADE};

use super::Request;
#[cfg(feature = "tls")]
use crate::tls::ClientTls;
use crate::{
    socket::Address,
    urllib::{Proxy, proxy::Shown},
};

/// Who said how, and what was said.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    /// The user's own word, which holds for every hop.
    said: Option<Way>,
    /// What the handlers chose for this hop.
    chosen: Option<Proxy>,
    /// What the proxy is shown of the user in this round; without, what its URL holds.
    shown: Option<Shown>,
    /// How TLS is spoken with the server; without, as the opener says.
    #[cfg(feature = "tls")]
    tls: Option<ClientTls>,
}

/// A way to a server.
#[derive(Clone, Debug)]
enum Way {
    Direct,
    Proxy(Proxy),
    Unix(Arc<Path>),
}

impl Reach {
    /// What holds for the first place alone is let go.
    pub(super) fn leave(&mut self) {
        #[cfg(feature = "tls")]
        {
            self.tls = None;
        }
    }
}

impl Request {
    /// Sends it through that proxy, or directly (`None`), whatever the opener's
    /// [`ProxyHandler`](crate::urllib::ProxyHandler) would choose; redirects go the same way. Default is the handler's
    /// choice.
    ///
    /// Python: `Request.set_proxy`, which a `ProxyHandler` doesn't respect.
    ///
    /// ```
    /// use sockeye::urllib::{Proxy, Request};
    ///
    /// let request = Request::new("http://example.org/")?.proxy(Proxy::new("http://127.0.0.1:3128")?);
    /// assert!(request.via().is_some());
    /// assert!(request.proxy(None).via().is_none());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn proxy(mut self, proxy: impl Into<Option<Proxy>>) -> Request {
        self.reach.said = Some(proxy.into().map_or(Way::Direct, Way::Proxy));
        self
    }

    /// Sends it to whoever listens at that Unix socket, instead of to the URL's host: what the URL names is only what
    /// the header `Host`, and TLS, say. Redirects go the same way, wherever they lead. Default is the URL's host.
    ///
    /// Python: urllib has none. `curl --unix-socket`.
    ///
    /// ```
    /// # use sockeye::http::{HttpServer, StatusCode, handler};
    /// use sockeye::urllib::{Request, urlopen};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("docker.sock");
    /// # let server = HttpServer::bind(&path)?.spawn(handler(|request, response| {
    /// #     response.send_response(StatusCode::OK).body(request.target().to_owned())
    /// # }))?;
    /// let request = Request::new("http://localhost/v1.43/info")?.unix_socket(&path);
    /// assert_eq!(urlopen(request)?.text()?, "/v1.43/info");
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn unix_socket(mut self, path: impl AsRef<Path>) -> Request {
        self.set_unix(path.as_ref());
        self
    }

    /// Speaks TLS like this with the server: with an authority, a client's certificate, a
    /// [name](ClientTls::server_name) of its own, or [none in the clear](ClientTls::without_sni). Connections that were
    /// made with other settings aren't used for it, nor its own for other requests: keep the [`ClientTls`], and give
    /// clones of it to requests that may share them. A proxy gets to see none of it ([`Proxy::tls`] is for that), and
    /// neither does another server: where a redirect leads to another scheme, host or port, the opener's settings hold
    /// again. Default is the opener's ([`OpenerBuilder::tls`](crate::urllib::OpenerBuilder::tls)).
    ///
    /// Python: `urlopen(context=…)`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::{io::{Read, Write}, net::TcpListener, sync::Arc, thread};
    /// use sockeye::{tls::ClientTls, urllib::{Request, urlopen}};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// # let made = rcgen::generate_simple_self_signed(["box.internal".to_owned()]).unwrap();
    /// # let provider = Arc::new(rustls::crypto::ring::default_provider());
    /// # let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    /// # let (chain, key) = (vec![made.cert.der().clone()], made.signing_key.into());
    /// # let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    /// # let listener = TcpListener::bind("localhost:0")?;
    /// # let port = listener.local_addr()?.port();
    /// # let server = thread::spawn(move || -> std::io::Result<()> {
    /// #     let conn = rustls::ServerConnection::new(config).unwrap();
    /// #     let mut tls = rustls::StreamOwned::new(conn, listener.accept()?.0);
    /// #     tls.read(&mut [0; 1024])?;
    /// #     tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
    /// # });
    /// # let pem = made.cert.pem();
    /// # let pem = pem.as_bytes();
    /// // This server alone has a certificate of our own, and for another name.
    /// let ours = ClientTls::new().add_ca_pem(pem)?.server_name("box.internal")?;
    /// let request = Request::new(format!("https://localhost:{port}/"))?.tls(&ours);
    /// assert_eq!(urlopen(request)?.text()?, "secret");
    /// # server.join().unwrap()?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: &ClientTls) -> Request {
        self.reach.tls = Some(tls.clone());
        self
    }

    /// The proxy that it goes through, as far as that is settled: the handlers choose in each round.
    ///
    /// Python: `Request.has_proxy`.
    #[must_use]
    pub fn via(&self) -> Option<&Proxy> {
        match &self.reach.said {
            Some(Way::Proxy(proxy)) => Some(proxy),
            Some(_) => None,
            None => self.reach.chosen.as_ref(),
        }
    }

    /// Sends this round's request through that proxy, or directly, unless the request [says itself](Self::proxy) how.
    /// For handlers. A header `Proxy-Authorization` was for the first proxy: another one takes it out,
    /// and so does a round without one.
    ///
    /// Python: `Request.set_proxy`.
    pub fn set_proxy(&mut self, proxy: impl Into<Option<Proxy>>) {
        let proxy = proxy.into();
        if self.reach.chosen.is_some() && self.reach.chosen != proxy {
            self.remove_header(PROXY_AUTHORIZATION.as_str());
        }
        self.reach.chosen = proxy;
    }
}

impl Request {
    /// The Unix socket that it goes to.
    /// Whether a proxy is asked for a way to the server (CONNECT), not for the answer: for TLS, and for what is to become
    /// another protocol than HTTP.
    pub(in crate::urllib) fn wants_a_way(&self) -> bool {
        self.url().scheme() == "https" || self.own(&UPGRADE).is_some()
    }

    pub(in crate::urllib) fn unix(&self) -> Option<&Arc<Path>> {
        match &self.reach.said {
            Some(Way::Unix(path)) => Some(path),
            _ => None,
        }
    }

    /// How TLS is spoken with the server, if it says so itself.
    #[cfg(feature = "tls")]
    pub(in crate::urllib) fn own_tls(&self) -> Option<&ClientTls> {
        self.reach.tls.as_ref()
    }

    /// [`unix_socket`](Self::unix_socket) in place.
    pub(in crate::urllib) fn set_unix(&mut self, path: &Path) {
        match Address::from_pathname(path) {
            Ok(_) => self.reach.said = Some(Way::Unix(path.into())),
            Err(error) => self.refuse(error),
        }
    }

    /// What the proxy is shown, if that has been said.
    pub(in crate::urllib) fn shown(&self) -> Option<&Shown> {
        self.reach.shown.as_ref()
    }

    /// Says what the proxy is shown in this round.
    pub(in crate::urllib) fn show(&mut self, shown: impl Into<Option<Shown>>) {
        self.reach.shown = shown.into();
    }
}
