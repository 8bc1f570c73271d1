//! [`ProxyHandler`]: chooses who stands between.

mod bypass;
mod environment;

use std::{fmt, sync::Arc};

use url::{Host, Url};

use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{Exchange, Handler, Proxy, Request},
};
use bypass::Bypass;

/// Chooses the [`Proxy`] of every request, redirected ones anew: by scheme, or by a function of yours.
///
/// | | |
/// |---|---|
/// | [`from_env`](Self::from_env) | what the environment says: every opener has it |
/// | [`new`](Self::new) | these, and nothing of the environment |
/// | [`none`](Self::none) | no proxy, and nothing of the environment |
/// | [`by`](Self::by) | what the function says |
///
/// Only http and https URLs go through proxies. What a request [says itself](Request::proxy) is left alone. What a
/// proxy is shown of the user stays with that proxy: it goes through no tunnel, and with no redirect to another way.
/// One that doesn't make a connection is an [`ErrorKind::Proxy`]; what it said of it can be read from
/// [`Error::response`], the first 64 KiB of a page included. Its order is 150.
///
/// Python: `urllib.request.ProxyHandler`.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{ProxyHandler, build_opener};
///
/// # use sockeye::http::{HttpServer, StatusCode, handler};
/// # fn main() -> sockeye::Result<()> {
/// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(handler(|request, response| {
/// #     response.send_response(StatusCode::OK).body(format!("you want {}", request.target()))
/// # }))?;
/// # let proxy = format!("http://{}", server.addr());
/// let opener = build_opener().add_handler(ProxyHandler::new([("http", &proxy)])?).build();
/// // A proxy is asked for the whole URL.
/// assert_eq!(opener.open("http://nowhere.example/x")?.text()?, "you want http://nowhere.example/x");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct ProxyHandler {
    choice: Choice,
    bypass: Bypass,
    loopback: Loopback,
    /// What a setter had to refuse: every request fails with it.
    fault: Option<String>,
}

#[derive(Clone, Default)]
enum Choice {
    #[default]
    None,
    ByScheme(Table),
    By(Arc<Choose>),
}

type Choose = dyn Fn(&Url) -> Option<Proxy> + Send + Sync;

/// A proxy for each scheme, or why what was meant as one is none.
#[derive(Clone, Default)]
struct Table {
    http: Option<Result<Proxy, String>>,
    https: Option<Result<Proxy, String>>,
    all: Option<Result<Proxy, String>>,
}

/// Whether this machine's own loopback is reached through a proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Loopback {
    #[default]
    Always,
    /// Only through one that is there itself: for any other one it would be another machine.
    ByLocal,
}

impl ProxyHandler {
    /// With a proxy for each scheme: `http`, `https`, or `all` for the rest.
    ///
    /// Python: `ProxyHandler(proxies)`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for another scheme, or as [`Proxy::new`].
    ///
    /// ```
    /// use sockeye::urllib::ProxyHandler;
    ///
    /// let handler = ProxyHandler::new([("http", "http://127.0.0.1:8087"), ("https", "socks5h://127.0.0.1:9050")])?
    ///     .bypass("localhost,.example.org,10.0.0.0/8,[::1]");
    /// let url = |text: &str| text.parse().expect("a URL");
    /// assert_eq!(handler.find(&url("http://example.com/"))?.unwrap().to_string(), "http://127.0.0.1:8087");
    /// assert_eq!(handler.find(&url("http://www.example.org/"))?, None);
    /// assert_eq!(handler.find(&url("https://10.1.2.3/"))?, None);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn new<K, V>(proxies: impl IntoIterator<Item = (K, V)>) -> Result<ProxyHandler>
    where
        K: AsRef<str>,
        V: AsRef<str>,
    {
        let mut table = Table::default();
        for (scheme, proxy) in proxies {
            let place = match scheme.as_ref() {
                "http" => &mut table.http,
                "https" => &mut table.https,
                "all" => &mut table.all,
                other => {
                    let message = format!("proxies are for http, https or all, not for {other:?}");
                    return Err(Error::new(ErrorKind::InvalidInput, message));
                }
            };
            *place = Some(Ok(Proxy::new(proxy)?));
        }
        Ok(ProxyHandler { choice: Choice::ByScheme(table), ..ProxyHandler::default() })
    }

    /// Without any: every request goes to its server directly, whatever the environment says.
    ///
    /// Python: `ProxyHandler({})`.
    #[must_use]
    pub fn none() -> ProxyHandler {
        ProxyHandler::default()
    }

    /// With those that the environment names now: it is read here, hence when an opener is built, and not again.
    ///
    /// | variable | |
    /// |---|---|
    /// | `http_proxy`, `HTTP_PROXY` | for http. In a CGI program (`REQUEST_METHOD` is set) only the first one counts: the second may be a request's header `Proxy` |
    /// | `https_proxy`, `HTTPS_PROXY` | for https |
    /// | `all_proxy`, `ALL_PROXY` | for whichever has none |
    /// | `no_proxy`, `NO_PROXY` | hosts that are reached directly: see [`bypass`](Self::bypass) |
    ///
    /// The name in lower case comes first; an empty one stands for none. A value that is no proxy's URL makes the
    /// requests fail that would use it. This machine's loopback (`localhost`, 127.0.0.0/8, `::1`) goes only through a
    /// proxy that is there too: for any other proxy it would be another machine's.
    ///
    /// Python: `ProxyHandler()`, `urllib.request.getproxies_environment`, which has the loopback go through any proxy.
    #[doc(alias = "getproxies")]
    #[must_use]
    pub fn from_env() -> ProxyHandler {
        environment::read(|name| std::env::var_os(name))
    }

    /// With those that a function names for each URL; `None` is no proxy.
    ///
    /// ```
    /// use sockeye::urllib::{Proxy, ProxyHandler};
    ///
    /// let tor = Proxy::new("socks5h://127.0.0.1:9050")?;
    /// let handler = ProxyHandler::by(move |url| {
    ///     url.host_str().is_some_and(|host| host.ends_with(".onion")).then(|| tor.clone())
    /// });
    /// assert!(handler.find(&"http://abc.onion/".parse().expect("a URL"))?.is_some());
    /// assert!(handler.find(&"http://example.org/".parse().expect("a URL"))?.is_none());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn by(choose: impl Fn(&Url) -> Option<Proxy> + Send + Sync + 'static) -> ProxyHandler {
        ProxyHandler { choice: Choice::By(Arc::new(choose)), ..ProxyHandler::default() }
    }

    /// The hosts that are reached directly, separated by commas or spaces; it replaces what `NO_PROXY` says. Default is
    /// none, and for [`from_env`](Self::from_env) that variable.
    ///
    /// | | stands for |
    /// |---|---|
    /// | `example.org`, `.example.org`, `*.example.org` | that name, and all that end with it after a dot |
    /// | `10.0.0.1`, `::1`, `[::1]` | that address, where a URL has it: names aren't looked up |
    /// | `10.0.0.0/8`, `fe80::/10` | those addresses |
    /// | `host:8080`, `[::1]:8080` | the same for that port alone; 80 and 443 where a URL has none |
    /// | `*` | all |
    ///
    /// What is none of these makes every request fail; in `NO_PROXY` it is passed over, as everybody does.
    ///
    /// Python: `no_proxy`, which knows no networks, and takes an address for a text.
    #[must_use]
    pub fn bypass(mut self, hosts: &str) -> ProxyHandler {
        match Bypass::parse(hosts) {
            Ok(bypass) => self.bypass = bypass,
            Err(wrong) => {
                self.fault.get_or_insert(format!("{wrong:?} is no host, no address and no network"));
            }
        }
        self
    }

    /// The proxy for that URL, if there is one.
    ///
    /// Python: `getproxies` and `proxy_bypass`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] when the environment, or [`bypass`](Self::bypass), was given what can't be used.
    pub fn find(&self, url: &Url) -> Result<Option<Proxy>> {
        if let Some(fault) = &self.fault {
            return Err(Error::new(ErrorKind::InvalidInput, format!("hosts without a proxy: {fault}")));
        }
        let found = match (&self.choice, url.scheme()) {
            (Choice::None, _) => return Ok(None),
            (Choice::By(choose), "http" | "https") => choose(url).map(Ok),
            (Choice::ByScheme(table), "http") => table.http.as_ref().or(table.all.as_ref()).cloned(),
            (Choice::ByScheme(table), "https") => table.https.as_ref().or(table.all.as_ref()).cloned(),
            _ => return Ok(None),
        };
        let Some(found) = found else { return Ok(None) };
        if self.bypass.covers(url) {
            return Ok(None);
        }
        match found {
            Ok(proxy) if self.loopback == Loopback::ByLocal && is_loopback(url) && !is_local(&proxy) => {
                Ok(None)
            }
            Ok(proxy) => Ok(Some(proxy)),
            Err(_) if self.loopback == Loopback::ByLocal && is_loopback(url) => Ok(None),
            Err(wrong) => Err(Error::new(ErrorKind::InvalidInput, wrong)),
        }
    }
}

impl Handler for ProxyHandler {
    fn order(&self) -> i32 {
        150
    }

    fn request(&self, request: &mut Request, _: &mut Exchange<'_>) -> Result<()> {
        if self.fault.is_none() && matches!(self.choice, Choice::None) {
            return Ok(());
        }
        let proxy = self.find(request.url())?;
        request.set_proxy(proxy);
        Ok(())
    }
}

impl fmt::Debug for ProxyHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("ProxyHandler");
        match &self.choice {
            Choice::None => {}
            Choice::By(_) => drop(out.field("by", &"a function")),
            Choice::ByScheme(Table { http, https, all }) => {
                out.field("http", http).field("https", https).field("all", all);
            }
        }
        out.finish_non_exhaustive()
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_loopback_name(name),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        None => false,
    }
}

fn is_local(proxy: &Proxy) -> bool {
    match proxy.host().parse::<std::net::IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback(),
        Err(_) => is_loopback_name(proxy.host()),
    }
}

/// RFC 6761 §6.3.
fn is_loopback_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}
